/** What `compare` and `merge` of the kinds of rules are made of. */
import { Glob, patternText, plainly, type Pattern } from './pattern.ts'
import type { FileQualifiers } from './qualifiers.ts'

/** Below zero when the first rule stands before the second one, zero when both say the same. */
export type Compare<R> = (a: R, b: R) => number
/** One rule for what two say together; nothing where no single rule of the kind says just that. */
export type Merge<R> = (a: R, b: R) => R | undefined

/** The order of texts by their characters' codes: the same on every machine. */
export const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Orders rules by what they are about, then as they are written; what is denied stands first. */
export function byText<R extends FileQualifiers>(
  write: (rule: R) => string,
  about: (rule: R) => Pattern | undefined = () => undefined,
): Compare<R> {
  const textOf = (rule: R): string => {
    const pattern = about(rule)
    return pattern === undefined ? '' : patternText(pattern)
  }
  const bare = ({ priority: _, audit: __, access: ___, owner: ____, ...rule }: R): string =>
    write(rule as unknown as R)
  return (a, b) =>
    Number(a.access !== 'deny') - Number(b.access !== 'deny') ||
    compareTexts(textOf(a), textOf(b)) ||
    compareTexts(bare(a), bare(b)) ||
    compareTexts(write(a), write(b))
}

/**
 * Joins two rules that differ in one of these lists alone. Without the list a rule means everything.
 *
 * Of two lists that differ the joined rule would permit what neither rule does: the first one's permissions
 * with the second one's signals.
 *
 * @param lists the lists, each with its words in the order in which they are written
 */
export function joining<R extends object>(
  lists: Readonly<Record<string, readonly string[]>> = {},
): Merge<R> {
  return (a, b) => {
    const [name, ...more] = fieldsOf(a, b).filter((name) => !isSame(a[name], b[name]))
    if (name === undefined) return a
    const order = lists[name]
    if (more.length > 0 || !order) return undefined
    const { [name]: _, ...rest } = a
    if (a[name] === undefined || b[name] === undefined) return rest as unknown as R
    const words = new Set([...(a[name] as string[]), ...(b[name] as string[])])
    const known = order.filter((word) => words.delete(word))
    return { ...a, [name]: [...known, ...Array.from(words).sort(compareTexts)] }
  }
}

const fieldsOf = <R extends object>(a: R, b: R): (keyof R & string)[] =>
  Array.from(new Set([...Object.keys(a), ...Object.keys(b)])) as (keyof R & string)[]

/** Whether two rules, or parts of them, say the same. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Glob.is(a) || Glob.is(b)) {
    const [one, two] = [a, b].map((side) => (Glob.is(side) ? plainly(side) : side))
    return Glob.is(one) && Glob.is(two) ? one.text === two.text : one === two
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  return fieldsOf(a, b).every((name) => isSame(a[name], b[name]))
}
