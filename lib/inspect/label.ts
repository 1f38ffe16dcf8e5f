/** Labels as text: pure, no system calls, works everywhere. */
import { checkLabel } from '../border/args.ts'
import { invalidArgType, invalidArgValue } from '../border/errors.ts'
import { readOptions } from '../border/options.ts'

/**
 * What happens to an action that a profile does not permit. `'mixed'`: the profiles of a stack have different modes.
 */
export type Mode = 'enforce' | 'complain' | 'kill' | 'prompt' | 'unconfined' | 'mixed'

export const MODES: readonly Mode[] = [
  'enforce',
  'complain',
  'kill',
  'prompt',
  'unconfined',
  'mixed',
]

/** The label that something runs under, and its mode. `mode` is `null` for plain `unconfined`. */
export interface Confinement {
  readonly label: string
  readonly mode: Mode | null
}

/** One profile of a label. */
export interface LabelPart {
  /** the policy namespace, `null` for the caller's own; nested ones are `a//b` */
  readonly namespace: string | null
  /** the profile's full name within its namespace: `'web//upload'` */
  readonly name: string
  /** the name's parts: the profile, then its children or hats */
  readonly path: readonly string[]
}

/**
 * Takes a label apart: a stack of profiles, each with its namespace and its children.
 *
 * As in the kernel, a part that names no namespace is in the namespace of the part before it: in `':ns:a//&b'` both
 * are in `ns`.
 *
 * @param label as {@link getcon} returns it, without the mode
 * @returns the parts in the order of the label; a stack is a set, so the order has no meaning
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` when it is not a string, or is empty
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
  let namespace: string | null = null
  return label.split('//&').map((part) => {
    // ":ns:name" as the kernel prints a stack, or ":ns://name"
    const [, own, name = part] = /^:([^:]+):(?:\/\/)?(.*)$/s.exec(part) ?? []
    namespace = own ?? namespace
    return { namespace, name, path: name.split('//') }
  })
}

/**
 * Puts a label together from its parts: the reverse of {@link parseLabel}.
 *
 * @param parts one for each profile of the stack; `path` is not needed
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` when the parts make no label, or one that would
 *   mean something else: a name that contains `//&`, or a part without a namespace after one with a namespace
 * @example
 * ```js
 * import { formatLabel } from 'apparmor'
 * formatLabel([{ name: 'a' }, { namespace: 'ns', name: 'b//hat' }]) // 'a//&:ns://b//hat'
 * ```
 */
export function formatLabel(parts: readonly NamedPart[]): string {
  if (!Array.isArray(parts)) throw invalidArgType('parts', 'an instance of Array', parts)
  const wanted = Array.from(parts as readonly unknown[], readPart)
  const label = wanted.map(formatPart).join('//&')
  const again = label === '' ? [] : parseLabel(label)
  const same = ({ namespace, name }: Required<NamedPart>, i: number) =>
    name === again[i]?.name && namespace === again[i].namespace
  if (label === '' || again.length !== wanted.length || !wanted.every(same)) {
    throw invalidArgValue('parts', 'must be the parts of a label', parts)
  }
  return label
}

/** What {@link formatLabel} needs of a {@link LabelPart}. */
export type NamedPart = { readonly namespace?: string | null; readonly name: string }

function readPart(part: unknown, index: number): Required<NamedPart> {
  const argument = `parts[${index}]`
  const { namespace = null, name } = readOptions<NamedPart>(
    part ?? null,
    ['namespace', 'name'],
    argument,
  )
  if (typeof name !== 'string') throw invalidArgType(`${argument}.name`, 'of type string', name)
  if (namespace !== null) checkLabel(namespace, `${argument}.namespace`)
  return { namespace, name }
}

/** One part, with its namespace. */
export function formatPart({ namespace, name }: Required<NamedPart>): string {
  return namespace === null ? name : `:${namespace}://${name}`
}

/**
 * Tells whether a label includes a profile, or every profile of a stack.
 *
 * A stack is a set, so the order does not matter. `:ns:p` is the same as `:ns://p`.
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

/** A mode as we call it; nothing for a word that the kernel does not use. */
export function kernelMode(word: string): Mode | undefined {
  return Object.hasOwn(KERNEL_MODES, word) ? KERNEL_MODES[word] : undefined
}

/** Splits what the kernel prints, `'web (enforce)'`: from the right, since a name may hold anything. */
export function splitCon(con: string): Confinement {
  const [, label, word] = /^(.+) \(([a-z]+)\)$/s.exec(con) ?? []
  const mode = word === undefined ? undefined : kernelMode(word)
  return label === undefined || mode === undefined ? { label: con, mode: null } : { label, mode }
}
