import { parseCondition, writeConditionText } from './conditional.ts'
import type { Reader } from '../reader.ts'
import { writePattern } from '../writer.ts'
import { Glob, type Pattern } from '../pattern.ts'
import { normalize } from '../../border/word.ts'
import type { Condition } from './conditional.ts'

/** Values for `@{name}`: `@{HOME} = /home/* /root`. */
export interface Variable {
  readonly kind: 'variable'
  readonly name: string
  /** `=` declares it, `+=` adds to it, `?=` declares it unless it exists, `:=` replaces its values */
  readonly operator: '=' | '+=' | '?=' | ':='
  readonly values: readonly Pattern[]
}

/** A boolean for conditions: `$distribution = true`. */
export interface BooleanVariable {
  readonly kind: 'boolean'
  readonly name: string
  readonly value: boolean | Condition
}

const NAME = /@(?:\{[A-Za-z]\w*\}|[A-Za-z]\w*)/y
// With a letter behind it a comma begins a value
const COMMA = /,(?:[\s,"!]|$)/y
const OPERATOR = /[+?:]?=/y
// The scanner would take more letters for the path that a label may be.
const LABEL = /@[A-Za-z]\w+(?=[^\w \t\r\n"!,])/y

/** Reads a line that begins with `@`. */
export function parseVariable(reader: Reader): Variable {
  if (reader.looks(LABEL)) reader.fail("a blank must stand between the name of a variable and '='")
  const name = reader.match(NAME) ?? reader.expected('a variable')
  reader.space()
  const operator = reader.match(OPERATOR) ?? reader.expected("'=' or '+='")
  const values: Pattern[] = []
  for (;;) {
    skipInLine(reader)
    if (reader.looks(COMMA)) reader.fail("the values of a variable end with the line, without ','")
    if (reader.at('#')) break
    const word = reader.word()
    if (word === undefined) break
    values.push(parseValue(reader, word))
  }
  if (values.length === 0) reader.expected('a value')
  endLine(reader)
  return {
    kind: 'variable',
    name: name.replace(/^@\{?|\}$/g, ''),
    operator: operator as Variable['operator'],
    values,
  }
}

// A value is put into the braces of other patterns as it is written: there a comma divides.
function parseValue(reader: Reader, word: string): Pattern {
  const value = reader.pattern(word)
  if (typeof value !== 'string' || !value.includes(',')) return value
  const text = reader.name(word)
  return text.replaceAll(/\\./g, '').includes(',') ? new Glob(normalize(text)) : value
}

function skipInLine(reader: Reader): void {
  do reader.blanks()
  while (reader.take('\\\n'))
}

function endLine(reader: Reader): void {
  if (
    reader.pos < reader.text.length &&
    !reader.at('\n') &&
    !reader.at('\r\n') &&
    !reader.at('#')
  ) {
    reader.expected('the end of the line')
  }
}

export const formatVariable = (rule: Variable): string =>
  `@{${rule.name}} ${rule.operator} ${rule.values.map((value) => (value === '' ? '""' : writePattern(value))).join(' ')}`

const BOOLEAN = /\$(?:\{[A-Za-z]\w*\}|[A-Za-z]\w*)/y
const VALUE = /(?:true|false)(?![^\s#])/iy

/** Reads a line that begins with `$`. */
export function parseBoolean(reader: Reader): BooleanVariable {
  const name = reader.match(BOOLEAN) ?? reader.expected('a boolean variable')
  reader.space()
  if (!reader.take('=')) reader.expected("'='")
  skipInLine(reader)
  const word = reader.match(VALUE)
  const value = word === undefined ? parseCondition(reader) : word.toLowerCase() === 'true'
  skipInLine(reader)
  endLine(reader)
  return { kind: 'boolean', name: name.replace(/^\$\{?|\}$/g, ''), value }
}

export function formatBoolean({ name, value }: BooleanVariable): string {
  return `\${${name}} = ${typeof value === 'boolean' ? value : writeConditionText(value)}`
}
