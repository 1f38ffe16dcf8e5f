/** What several commands print as JSON. */
import type { ConfinedProcess, LoadedProfile, Mode } from '../index.ts'
import type { Schema } from './command.ts'

export const DRAFT = 'https://json-schema.org/draft/2020-12/schema'

const text: Schema = { type: 'string' }
const textOrNull: Schema = { type: ['string', 'null'] }
const numberOrNull: Schema = { type: ['integer', 'null'] }
const MODE: Schema = {
  enum: [
    'enforce',
    'complain',
    'kill',
    'prompt',
    'unconfined',
    'mixed',
    null,
  ] satisfies (Mode | null)[],
}

/** An object of which every property is there, and no other. */
export const exactly = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
})

/** The document that `--json` of a command prints. */
export const documentSchema = (
  name: string,
  properties: Readonly<Record<string, Schema>>,
): Schema => ({
  $schema: DRAFT,
  title: `apparmor ${name} --json`,
  ...exactly({ version: { const: 1 }, ...properties }),
})

export const listOf = (items: Schema): Schema => ({ type: 'array', items })

export const PROFILE: Schema = exactly({
  label: text,
  namespace: textOrNull,
  name: text,
  parent: textOrNull,
  mode: MODE,
  attachment: textOrNull,
  hash: textOrNull,
})

export function profileJson(profile: LoadedProfile): object {
  const { directory: _, ...rest } = profile
  return rest
}

export const PROCESS: Schema = exactly({
  pid: { type: 'integer' },
  parent: numberOrNull,
  uid: numberOrNull,
  kind: { enum: ['program', 'kernel', 'zombie'] },
  command: text,
  executable: textOrNull,
  label: textOrNull,
  mode: MODE,
  threads: numberOrNull,
  differing: listOf(exactly({ tid: { type: 'integer' }, name: text, label: text, mode: MODE })),
  expected: textOrNull,
})

export const processJson = (process: ConfinedProcess): object => process
