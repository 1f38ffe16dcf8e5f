/** Labels as text: pure, no system calls, works everywhere. */
import { checkLabel } from './args.ts'

/** How a profile, or a stack of them, is applied. `'mixed'`: the parts of a stack differ. */
export type Mode = 'enforce' | 'complain' | 'kill' | 'prompt' | 'unconfined' | 'mixed'

/** Under which label something runs. `mode` is `null` for plain `unconfined`. */
export interface Confinement {
  readonly label: string
  readonly mode: Mode | null
}

/** One profile of a label. */
export interface LabelPart {
  /** the policy namespace, `null` for the caller's own; nested ones are `a//b` */
  readonly namespace: string | null
  /** the profile's whole name within its namespace, `'web//upload'` */
  readonly name: string
  /** the name's parts: the profile, then its children or hats */
  readonly path: readonly string[]
}

/**
 * Takes a label apart: a stack of profiles, each with its namespace and its children.
 *
 * @param label as {@link getcon} returns it, without the mode
 * @returns the parts in the order of the label; a stack is a set, so the order says nothing
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` when it is no string, or empty
 * @example
 * ```js
 * import { parseLabel } from 'apparmor'
 * parseLabel('a//&:ns://b//hat')
 * // [ { namespace: null, name: 'a', path: ['a'] },
 * //   { namespace: 'ns', name: 'b//hat', path: ['b', 'hat'] } ]
 * ```
 */
export function parseLabel(label: string): readonly LabelPart[] {
  checkLabel(label, 'label')
  return label.split('//&').map(parsePart)
}

function parsePart(part: string): LabelPart {
  // ":ns://name" as the kernel prints it, or ":ns:name" as it also takes it
  const [, namespace = null, name = part] = /^:([^:]+):(?:\/\/)?(.*)$/s.exec(part) ?? []
  return { namespace, name, path: name.split('//') }
}

/**
 * Tells whether a label has a profile, or every profile of a stack, among its parts.
 *
 * A stack is a set: order does not count, and `:ns:p` is `:ns://p`.
 *
 * @param label as {@link getcon} returns it: `'unconfined//&web'`
 * @param profile one part, or a stack of them
 * @throws TypeError as {@link parseLabel}
 * @example
 * ```js
 * import { getcon, labelIncludes } from 'apparmor'
 * labelIncludes('unconfined//&web', 'web') // true
 * labelIncludes(getcon().label, 'web')
 * ```
 */
export function labelIncludes(label: string, profile: string): boolean {
  const parts = parseLabel(label)
  return parseLabel(profile).every((wanted) =>
    parts.some(({ namespace, name }) => namespace === wanted.namespace && name === wanted.name),
  )
}

// The kernel's word for the mode "prompt" is that of the first prompting profiles.
const KERNEL_MODES: Readonly<Record<string, Mode>> = {
  enforce: 'enforce',
  complain: 'complain',
  kill: 'kill',
  user: 'prompt',
  prompt: 'prompt',
  unconfined: 'unconfined',
  mixed: 'mixed',
}

/** Splits what the kernel prints, `'web (enforce)'`: from the right, since a name may hold anything. */
export function splitCon(con: string): Confinement {
  const [, label, word] = /^(.+) \(([a-z]+)\)$/s.exec(con) ?? []
  const mode = word === undefined ? undefined : KERNEL_MODES[word]
  return label === undefined || mode === undefined ? { label: con, mode: null } : { label, mode }
}
