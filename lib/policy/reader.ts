/**
 * Reads the words of policy text from left to right. The language has no one set of words: what a word is
 * depends on where it stands, as in the scanner of apparmor_parser with its states. Everything here is linear.
 */
import { Glob, parsePattern, type Pattern } from './pattern.ts'
import type { Source } from './origin.ts'
import { isPattern, readWord } from '../border/word.ts'

const TAB = 9
const NEWLINE = 10
const RETURN = 13
const BLANK = 32
const BANG = 33
const QUOTE = 34
const HASH = 35
const COMMA = 44
const BACKSLASH = 92

// The scanner of apparmor_parser takes no longer word.
const LONGEST = 16_382

/** Thrown inside, caught where a rule ends: never seen by a caller. */
export class Unexpected {
  readonly at: number
  readonly message: string

  constructor(at: number, message: string) {
    this.at = at
    this.message = message
  }
}

/** A condition: `name=value`, `name=(a, b)`, `name in (a, b)`. */
export interface Cond {
  readonly at: number
  readonly name: string
  readonly operator: '=' | 'in'
  /** in parentheses */
  readonly list: boolean
  /** as they are written, with their quotes */
  readonly values: readonly string[]
}

export class Reader {
  readonly source: Source
  readonly text: string
  pos = 0

  constructor(source: Source) {
    this.source = source
    this.text = source.text
  }

  fail(message: string, at: number = this.pos): never {
    throw new Unexpected(at, message)
  }

  /** What stands here, for a message. */
  found(): string {
    if (this.pos >= this.text.length) return 'the end of the text'
    const word = /^(?:\r?\n|\w+|[^\s\w])/.exec(this.text.slice(this.pos, this.pos + 40))?.[0] ?? ''
    return word.trim() === '' ? 'the end of the line' : `'${word}'`
  }

  expected(what: string): never {
    this.fail(`expected ${what}, found ${this.found()}`)
  }

  /** Skips blanks of the line. */
  blanks(): void {
    let c = this.text.charCodeAt(this.pos)
    while (c === BLANK || c === TAB) c = this.text.charCodeAt(++this.pos)
  }

  /** Skips white space. */
  white(): void {
    for (;;) {
      const c = this.text.charCodeAt(this.pos)
      if (c === BLANK || c === TAB || c === NEWLINE) this.pos++
      else if (c === RETURN && this.text.charCodeAt(this.pos + 1) === NEWLINE) this.pos += 2
      else return
    }
  }

  /** Skips white space and comments, where the language allows them inside of a rule. */
  space(): void {
    for (;;) {
      this.white()
      if (this.text.charCodeAt(this.pos) !== HASH) return
      this.comment()
    }
  }

  /** Reads a comment and the end of its line. */
  comment(): string {
    const start = this.pos + 1
    if (this.text.startsWith('include', start)) this.fail("'#include' is no comment")
    const end = this.text.indexOf('\n', start)
    if (end < 0) this.fail('expected the end of the line behind a comment', this.text.length)
    this.pos = end + 1
    return this.text.slice(start, this.text.charCodeAt(end - 1) === RETURN ? end - 1 : end)
  }

  /** Whether the text goes on so. */
  at(text: string): boolean {
    return this.text.startsWith(text, this.pos)
  }

  /** Reads exactly this, if it is there. */
  take(text: string): boolean {
    if (!this.text.startsWith(text, this.pos)) return false
    this.pos += text.length
    return true
  }

  /** Reads what the regular expression (sticky) matches here. */
  match(expression: RegExp): string | undefined {
    expression.lastIndex = this.pos
    if (!expression.test(this.text)) return undefined
    const start = this.pos
    this.pos = expression.lastIndex
    return this.text.slice(start, this.pos)
  }

  /** Whether the regular expression (sticky) matches here. */
  looks(expression: RegExp): boolean {
    expression.lastIndex = this.pos
    return expression.test(this.text)
  }

  /** A word of letters, digits and `_`, without reading it. */
  peekName(): string {
    const { text } = this
    let end = this.pos
    for (;;) {
      const c = text.charCodeAt(end)
      const letter = (c >= 97 && c <= 122) || (c >= 65 && c <= 90)
      if (!letter && (end === this.pos || !((c >= 48 && c <= 57) || c === 95))) break
      end++
    }
    return text.slice(this.pos, end)
  }

  /** Reads the comma at the end of a rule. */
  endRule(): void {
    if (this.text.charCodeAt(this.pos) !== COMMA) this.expected("','")
    this.pos++
  }

  /** The end of a bare word that begins here, as apparmor_parser's IDS. */
  private bareEnd(stop: (c: number) => boolean): number {
    const { text, pos } = this
    let end = pos
    for (; ; end++) {
      const c = text.charCodeAt(end)
      if (c > COMMA && !stop(c)) continue
      if (c === COMMA) {
        if (isEscaped(text, pos, end)) continue
        const next = text.charCodeAt(end + 1)
        if (isWordCharacter(next) && !stop(next)) continue
        break
      }
      if (c === BLANK || c === TAB || c === QUOTE || c === BANG || stop(c)) {
        if (c !== NEWLINE && isEscaped(text, pos, end)) continue
        break
      }
      // NaN: the end of the text
      if (!isWordCharacter(c)) break
    }
    if (end - pos > LONGEST) this.fail(`a word must not be longer than ${LONGEST} characters`)
    return end
  }

  /** Reads a quoted text, with its quotes; nothing when here is none. */
  quoted(): string | undefined {
    if (this.text.charCodeAt(this.pos) !== QUOTE) return undefined
    const start = this.pos
    // As the scanner of apparmor_parser: a quote behind a backslash ends nothing if another one follows.
    let [end, next] = [-1, start]
    do {
      next = this.text.indexOf('"', next + 1)
      if (next >= 0) end = next
    } while (next >= 0 && this.text.charCodeAt(next - 1) === BACKSLASH)
    if (end < 0) this.fail("expected '\"' at the end of a quoted text")
    if (end - start > LONGEST) this.fail(`a word must not be longer than ${LONGEST} characters`)
    this.pos = end + 1
    return this.text.slice(start, this.pos)
  }

  /** Reads a word, with its quotes; nothing when here is none. */
  word(stop: (c: number) => boolean = never): string | undefined {
    const quoted = this.quoted()
    if (quoted !== undefined) return quoted
    const end = this.bareEnd(stop)
    if (end === this.pos) return undefined
    const start = this.pos
    this.pos = end
    return this.text.slice(start, end)
  }

  /** Reads a condition `name=…` or `name in (…)`; nothing when here is none. */
  condition(): Cond | undefined {
    const at = this.pos
    CONDITION.lastIndex = at
    const [head, name = ''] = CONDITION.exec(this.text) ?? []
    if (head === undefined) return undefined
    this.pos = at + head.length
    const operator = head.endsWith('=') ? '=' : 'in'
    if (operator === 'in') this.white()
    else this.blanks()
    const before = this.pos
    this.white()
    if (this.at('(')) return { at, name, operator, list: true, values: this.list() }
    this.pos = before
    const value = operator === '=' ? this.word() : undefined
    if (value === undefined) this.expected(operator === '=' ? 'a value' : "'('")
    return { at, name, operator, list: false, values: [value] }
  }

  /** Whether a condition stands here. */
  isCondition(): boolean {
    return this.looks(CONDITION)
  }

  /** Whether `->` stands here as a word of its own. */
  isArrow(): boolean {
    return this.looks(ARROW)
  }

  /** Reads a word of a rule with conditions, where `=` and parentheses end it; nothing when here is none. */
  modalWord(): string | undefined {
    const c = this.text.charCodeAt(this.pos)
    // `/`, `:` and `&` begin a path or a label, which may have them
    if (c === 47 || c === 58 || c === 38) return this.word()
    if (VARIABLE_FIRST.test(this.text.slice(this.pos, this.pos + 2))) {
      const plain = this.match(PLAIN_VARIABLE)
      return plain ?? this.word()
    }
    if (c === 43 || c === 40 || c === 61 || c === COMMA) return undefined
    return this.word(endsModal)
  }

  /** Reads the path at the begin of a rule: a word that begins as paths and labels do, or a plain name. */
  path(): string | undefined {
    const c = this.text.charCodeAt(this.pos)
    if (c === 47 || c === 58 || c === 38) return this.word()
    if (c === 64) {
      return this.match(VARIABLE_ALONE) ?? (this.looks(VARIABLE) ? this.word() : undefined)
    }
    if (c === QUOTE) {
      return /[/@:&]/.test(this.text[this.pos + 1] ?? '') ? this.quoted() : undefined
    }
    const name = this.peekName()
    if (name === '' || KEYWORDS.has(name)) return undefined
    this.pos += name.length
    return name
  }

  /** Reads values in parentheses. */
  list(empty: boolean = false): string[] {
    const start = this.pos
    this.pos++
    const values: string[] = []
    for (;;) {
      this.white()
      if (this.take(',')) continue
      if (this.take(')')) break
      const value = this.listWord()
      if (value === undefined) this.expected("')'")
      values.push(value)
    }
    if (values.length === 0 && !empty) this.fail("expected a value between '(' and ')'", start)
    return values
  }

  private listWord(): string | undefined {
    const quoted = this.quoted()
    return quoted ?? this.match(LIST_WORD)
  }

  /**
   * Reads the conditions of `peer=(…)`, behind its name and `=`.
   *
   * @param bare whether there may be names without a value
   */
  conditions(bare: boolean = false): Cond[] {
    this.pos++
    const conds: Cond[] = []
    for (;;) {
      this.white()
      if (this.take(',')) continue
      if (this.take(')')) return conds
      const at = this.pos
      const name = this.match(PEER_NAME)
      if (name === undefined) this.expected("')'")
      this.white()
      if (!this.take('=')) {
        if (!bare) this.expected("'='")
        conds.push({ at, name, operator: '=', list: false, values: [] })
        continue
      }
      this.white()
      const list = this.at('(')
      const values = list ? this.list() : [this.listWord() ?? this.expected('a value')]
      if (values.length > 1) this.fail(`'${name}' takes one value`, at)
      conds.push({ at, name, operator: '=', list, values })
    }
  }

  /** The pattern that a word is, with its quotes or without. */
  pattern(raw: string): Pattern {
    const inner = unquote(raw)
    if (inner.endsWith('\\') && endsOddly(inner)) this.fail('a word must not end with a backslash')
    return parsePattern(inner)
  }

  /** The name that a word is: it has no patterns, and what looks like one is meant. */
  name(raw: string): string {
    const inner = unquote(raw)
    if (inner.endsWith('\\') && endsOddly(inner)) this.fail('a word must not end with a backslash')
    return readWord(inner)
  }

  /** As {@link pattern}, for names that the kernel keeps as they are written. */
  nameOrPattern(raw: string): Pattern {
    const text = this.name(raw)
    return isPattern(text) || text.includes('\\') ? new Glob(text) : text
  }
}

const CONDITION = /([A-Za-z]\w*)(?:[ \t]*=|[ \t]+in(?=[ \t]*\())/y
// A carriage return belongs to the word, even before the end of the line.
const LIST_WORD = /(?:[^ \t\n"!,()\\]|\\[ \t"!,()]?){1,16382}/y
const PEER_NAME = /[^ \t\n"!,=()]{1,16382}/y

// A comma with a letter behind it goes on with the word
const ARROW = /->(?=[\s"]|,(?:[\s,"!]|$))/y
const VARIABLE = /@(?:\{[A-Za-z]\w*\}|[A-Za-z]\w*)/y
// A variable that ends its word: what follows would assign to it
const VARIABLE_ALONE = /@(?:\{[A-Za-z]\w*\}|[A-Za-z]\w*)(?=\+?=)/y
const VARIABLE_FIRST = /^@[{A-Za-z]/
const PLAIN_VARIABLE = /@\{[A-Za-z]\w*\}(?=[\s,])/y

/** Words that mean something at the begin of a rule, and so are no names of files there. */
const KEYWORDS: ReadonlySet<string> = new Set(
  [
    'network unix capability if else not defined change_profile unsafe safe link owner user other subset',
    'audit deny allow prompt set rlimit alias rewrite ptrace file mount remount umount unmount pivot_root in',
    'dbus signal send receive bind read write eavesdrop peer trace tracedby readby abi userns mqueue delete',
    'open io_uring override_creds sqpoll all priority include hat profile and or',
  ].flatMap((line) => line.split(' ')),
)

// `=` and `)`
const endsModal = (c: number): boolean => c === 61 || c === 41

const never = (): boolean => false

/** A word without its quotes. */
export function unquote(raw: string): string {
  return raw.charCodeAt(0) === QUOTE ? raw.slice(1, -1) : raw
}

function isWordCharacter(c: number): boolean {
  return (
    c > COMMA ||
    (c > BANG && c !== QUOTE && c !== COMMA) ||
    (c < BLANK && c !== TAB && c !== NEWLINE && c !== RETURN)
  )
}

const isEscaped = (text: string, start: number, at: number): boolean =>
  at > start && text.charCodeAt(at - 1) === BACKSLASH

function endsOddly(text: string): boolean {
  const [run = ''] = /\\*$/.exec(text) ?? []
  return run.length % 2 === 1
}
