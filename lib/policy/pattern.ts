import { invalidArgType, invalidArgValue } from '../border/invalid.ts'
import { escape, isPattern, normalize, readWord, unescape } from '../border/word.ts'

/**
 * Text in a rule. A string stands for itself, whatever characters it contains. Only a {@link Glob} is a pattern.
 */
export type Pattern = string | Glob

/** A pattern of apparmor.d(5), made by {@link glob}. */
export class Glob {
  /** the pattern, without quotes: `/srv/**`, `@{HOME}/{a,b}` */
  readonly text: string
  // An object of other making, say from JSON, is no pattern.
  readonly #made = true

  /** @internal */
  constructor(text: string) {
    this.text = text
    Object.freeze(this)
  }

  /** @internal */
  static is(value: unknown): value is Glob {
    return typeof value === 'object' && value !== null && #made in value && value.#made
  }

  toString(): string {
    return this.text
  }
}

/**
 * Makes a pattern. `*` and `?` match any characters except `/`, `**` matches any characters, `[a-z]` one of
 * several, `{a,b}` either alternative, `@{name}` a variable. A backslash makes the next character literal.
 *
 * As a template tag it takes inserted strings literally: nothing in them is a pattern.
 *
 * It makes no system call and runs anywhere. Rests on apparmor.d(5), Globbing.
 *
 * @param pattern the pattern
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for a pattern that cannot be compiled
 * @example
 * ```js
 * import { glob } from 'apparmor/policy'
 * glob('/srv/**')
 * glob`/home/${'odd * name'}/**` // the star in the name is a star
 * ```
 */
export function glob(pattern: string): Glob
export function glob(strings: TemplateStringsArray, ...values: readonly Pattern[]): Glob
export function glob(pattern: string | TemplateStringsArray, ...values: readonly Pattern[]): Glob {
  const text = readWord(typeof pattern === 'string' ? pattern : fill(pattern, values))
  const problem = problemOf(text)
  if (problem) throw invalidArgValue('pattern', problem, text)
  return new Glob(normalize(text))
}

function fill(strings: unknown, values: readonly unknown[]): string {
  const raw = Array.isArray(strings) ? (strings as Partial<TemplateStringsArray>).raw : undefined
  if (!raw) throw invalidArgType('pattern', 'of type string or a template', strings)
  return raw.reduce((text, part, i) => text + patternText(values[i - 1], `values[${i - 1}]`) + part)
}

/** The text of a pattern, as the pattern compiler reads it. */
export function patternText(value: unknown, argument: string = 'pattern'): string {
  if (Glob.is(value)) return value.text
  if (typeof value === 'string') return escape(value)
  throw invalidArgType(argument, 'of type string or a pattern made by glob()', value)
}

/** The pattern that a word of a policy is, without its quotes. */
export function parsePattern(raw: string): Pattern {
  const text = readWord(raw)
  if (isPattern(text)) return new Glob(normalize(text))
  return text.includes('\\') ? unescape(text) : text
}

/** A pattern without pattern characters is the text that it matches. */
export function plainly(pattern: Glob): Pattern {
  return isPattern(pattern.text) ? pattern : unescape(pattern.text)
}

const MOST_NESTED = 50

/** Why a pattern cannot be compiled, as a reason behind an argument's name; nothing for a good one. */
export function problemOf(text: string): string | undefined {
  if (text === '') return 'must not be empty'
  if (text.includes('\0')) return 'must not contain null bytes'
  const commas: number[] = []
  let inClass = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '\\') {
      if (++i === text.length) return 'must not end with a backslash'
    } else if (character === '[') inClass = true
    else if (character === ']') {
      if (!inClass) return 'has a "]" without "["'
      inClass = false
    } else if (inClass) continue
    else if (character === '{') {
      if (commas.push(0) >= MOST_NESTED) return 'has too many "{" in each other'
      const variable = /^@\{[A-Za-z]\w*\}/.exec(text.slice(i - 1, i + 260))
      if (variable) {
        commas.pop()
        i += variable[0].length - 2
      }
    } else if (character === '}') {
      const count = commas.pop()
      if (count === undefined) return 'has a "}" without "{"'
      if (count === 0) return 'has "{}" without a comma in it'
    } else if (character === ',' && commas.length > 0) {
      commas.push((commas.pop() as number) + 1)
    }
  }
  if (inClass) return 'has a "[" without "]"'
  return commas.length > 0 ? 'has a "{" without "}"' : undefined
}
