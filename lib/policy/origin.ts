/** Where the parts of a policy were read, so that what nobody changed is written as it was. */

/** Text that was read. */
export class Source {
  readonly text: string
  readonly file: string | undefined
  #starts: number[] | undefined

  constructor(text: string, file: string | undefined) {
    this.text = text
    this.file = file
  }

  /** Line and column of an offset, both from 1. */
  position(offset: number): { line: number; column: number } {
    const starts = (this.#starts ??= lineStarts(this.text))
    let [low, high] = [0, starts.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] as number) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (starts[low] as number) + 1 }
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** The text of a rule, whole lines where it has them for itself. What has a body has a head and a tail. */
export interface Origin {
  readonly source: Source
  /** with the blanks before it */
  readonly start: number
  /** its first character */
  readonly at: number
  /** where the body begins and ends; both `end` without a body */
  readonly bodyStart: number
  readonly bodyEnd: number
  /** with the end of the line */
  readonly end: number
}

class Identity {
  constructor(object: object) {
    return object
  }
}

// Hangs the origin on a plain object where nobody sees it, and where no copy of the object takes it along: a
// changed copy has no origin. A WeakMap does the same at four times the cost.
class Mark extends Identity {
  #origin: Origin

  constructor(node: object, origin: Origin) {
    super(node)
    this.#origin = origin
  }

  static of(node: object): Origin | undefined {
    return #origin in node ? node.#origin : undefined
  }
}

/** Remembers where a node was read, and freezes it: a change in place would be lost when it is written. */
export function mark<T extends object>(node: T, origin: Origin): T {
  new Mark(node, origin)
  return Object.freeze(node)
}

/** Where a node was read; nothing for one that was made. */
export const originOf: (node: object) => Origin | undefined = Mark.of

const layouts = new WeakMap<object, Origin>()

/** Remembers what a node with another head has replaced: what is around its head and its rules is written as it was. */
export const keepAround = (node: object, origin: Origin): void => void layouts.set(node, origin)

/** Where a node was read, or what it has replaced. */
export const layoutOf = (node: object): Origin | undefined => originOf(node) ?? layouts.get(node)

/** The place of a rule in the text that it was read from. */
export interface Location {
  /** the name that was passed to `parseProfile`, or that `resolve` returned */
  readonly file?: string
  readonly line: number
  readonly column: number
}

/**
 * Tells where a rule was read.
 *
 * It makes no system call and runs anywhere.
 *
 * @param rule a part of a policy that `parseProfile` returned
 * @returns file, line and column; `undefined` for a rule that was made or changed by code
 * @example
 * ```js
 * import { locate, parseProfile } from 'apparmor/policy'
 * const [web] = parseProfile('profile web {\n}\n').rules
 * locate(web) // { line: 1, column: 1 }
 * ```
 */
export function locate(rule: object): Location | undefined {
  const given: unknown = rule
  const origin = typeof given === 'object' && given !== null ? originOf(given) : undefined
  if (!origin) return undefined
  const { source, at } = origin
  return source.file === undefined
    ? source.position(at)
    : { file: source.file, ...source.position(at) }
}
