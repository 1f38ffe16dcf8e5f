import { remove, type RemoveOptions } from '../../policy/node.ts'
import { command, DONE_OR_FAILED, UsageError, type Command } from '../command.ts'
import { COMPILE_OPTIONS, compileOptions, sourceOf } from '../compile_options.ts'
import { documentSchema, listOf } from '../json.ts'
import { green } from '../screen.ts'

const REMOVE: Command = command({
  name: 'remove',
  summary: 'Remove profiles from the kernel',
  description: [
    'Removing a profile unconfines every process that runs under it, at once. So a profile that is in use stays, ' +
      'unless you pass --unconfine. It needs root.',
  ],
  operands: [
    {
      name: 'PROFILE',
      help: 'a loaded profile',
      optional: true,
      multiple: true,
      complete: 'profile',
    },
  ],
  options: {
    ...COMPILE_OPTIONS,
    file: {
      type: 'string',
      short: 'f',
      value: 'FILE',
      complete: 'file',
      multiple: true,
      help: 'all profiles that this policy file defines; may be repeated',
    },
    unconfine: {
      type: 'boolean',
      help: 'also remove profiles that processes run under, which unconfines these processes',
    },
  },
  examples: [
    { run: 'sudo apparmor remove web', what: 'one profile, its children and hats too' },
    { run: 'sudo apparmor remove --file web.profile', what: 'all that a file defines' },
  ],
  exits: DONE_OR_FAILED,
  schema: documentSchema('remove', { removed: listOf({ type: 'string' }) }),
  async run({ operands, options, json, out, world }) {
    const { file: files = [], unconfine, ...rest } = options
    if (operands.length + files.length === 0)
      throw new UsageError('which profile? PROFILE or --file FILE')
    const how: RemoveOptions = {
      ...compileOptions(rest),
      ...(unconfine && { running: 'unconfine' }),
    }
    const removed: string[] = []
    const sources = operands.map((profile) => async () => ({ profile }))
    const fromFiles = files.map((file) => () => sourceOf(file, world))
    for (const source of [...sources, ...fromFiles]) {
      const names = await remove(await source(), how)
      removed.push(...names)
      if (!json) for (const name of names) out.line(green('removed'), ' ', name)
    }
    if (json) out.json({ version: 1, removed })
  },
})
export default REMOVE
