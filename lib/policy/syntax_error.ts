import { visible } from '../border/visible.ts'
import type { Source } from './origin.ts'

/** One mistake in the text of a policy. */
export interface SyntaxProblem {
  readonly file?: string
  readonly line: number
  readonly column: number
  /** what is wrong, in one line */
  readonly message: string
  /** the line, and below it a mark at the column */
  readonly excerpt: string
}

/**
 * The error for text that is not policy. `code` is `'ERR_APPARMOR_POLICY_SYNTAX'`; `file`, `line` and `column`
 * belong to the first mistake; `errors` lists all of them.
 *
 * @example
 * ```js
 * import { parseProfile, PolicySyntaxError } from 'apparmor/policy'
 * try {
 *   parseProfile('profile web {\n  /etc/passwd r\n}\n')
 * } catch (error) {
 *   if (error instanceof PolicySyntaxError) console.error(error.line, error.errors.length)
 * }
 * ```
 */
export class PolicySyntaxError extends SyntaxError {
  readonly code: 'ERR_APPARMOR_POLICY_SYNTAX'
  declare readonly file?: string
  readonly line: number
  readonly column: number
  /** all mistakes, in the order of the text; at most 100 */
  readonly errors: readonly SyntaxProblem[]

  /** @internal */
  constructor(errors: readonly SyntaxProblem[]) {
    const [first] = errors as readonly [SyntaxProblem]
    const more = errors.length > 1 ? `\n(and ${errors.length - 1} more)` : ''
    const place = `${visible(first.file ?? 'policy')}:${first.line}:${first.column}`
    super(`${place}: ${first.message}\n${first.excerpt}${more}`)
    this.code = 'ERR_APPARMOR_POLICY_SYNTAX'
    if (first.file !== undefined) this.file = first.file
    this.line = first.line
    this.column = first.column
    this.errors = errors
  }
}

// Not in a static block: the bundler would rename the class.
Object.defineProperty(PolicySyntaxError.prototype, 'name', {
  value: 'PolicySyntaxError',
  writable: true,
  configurable: true,
})

const WIDTH = 100

/** Describes a fault at an offset of the text. */
export function problemAt(source: Source, offset: number, message: string): SyntaxProblem {
  const { line, column } = source.position(offset)
  const start = offset - column + 1
  const end = source.text.indexOf('\n', start)
  const from = Math.max(start, offset - WIDTH / 2)
  const text = source.text.slice(from, Math.min(end < 0 ? Infinity : end, from + WIDTH))
  const gutter = `${line} | `
  const sign = `${' '.repeat(gutter.length - 2)}| ${text.slice(0, offset - from).replaceAll(/[^\t]/g, ' ')}^`
  const excerpt = `${gutter}${text.replaceAll('\r', '')}\n${sign}`
  const place = source.file === undefined ? {} : { file: source.file }
  return { ...place, line, column, message, excerpt }
}
