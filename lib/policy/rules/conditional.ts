import type { Reader } from '../reader.ts'
import { writeWord } from '../../border/word.ts'
import type { Rule } from './index.ts'

/** The condition of an `if`. */
export type Condition =
  | { readonly op: 'boolean'; readonly name: string }
  | { readonly op: 'defined'; readonly variable: string; readonly boolean?: boolean }
  | { readonly op: 'not'; readonly condition: Condition }
  | { readonly op: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | {
      readonly op: '==' | '!=' | 'in' | '<' | '<=' | '>' | '>='
      /** a word, or `@{name}` */
      readonly left: string
      readonly right: string
    }

/** The rules for one condition; without a condition, those of the last `else`. */
export interface Branch {
  readonly kind: 'branch'
  readonly condition?: Condition
  readonly rules: readonly Rule[]
}

/** Conditional rules: `if ${flag} { … } else if … { … } else { … }`. */
export interface Conditional {
  readonly kind: 'if'
  readonly branches: readonly Branch[]
}

const BOOLEAN = /\$(?:\{[A-Za-z]\w*\}|[A-Za-z]\w*)/y
const OPERAND = /@(?:\{[A-Za-z]\w*\}|[A-Za-z]\w*)|"[^"]*"|[/:&][^\s"!,]*|\w+/y
const OPERATOR = /[!=]=|[<>]=?|in(?=\s)/y
const MOST_NESTED = 100

/** Reads what is asked: `or` binds less than `and`, and this less than `not`. */
export function parseCondition(reader: Reader, depth: number = 0): Condition {
  if (depth > MOST_NESTED) reader.fail('conditions are nested too deep')
  let left = parseAnd(reader, depth)
  for (;;) {
    if (!takeWord(reader, 'or')) return left
    left = { op: 'or', left, right: parseAnd(reader, depth) }
  }
}

function parseAnd(reader: Reader, depth: number): Condition {
  let left = parseNot(reader, depth)
  for (;;) {
    if (!takeWord(reader, 'and')) return left
    left = { op: 'and', left, right: parseNot(reader, depth) }
  }
}

function parseNot(reader: Reader, depth: number): Condition {
  if (depth > MOST_NESTED) reader.fail('conditions are nested too deep')
  reader.space()
  if (takeWord(reader, 'not')) return { op: 'not', condition: parseNot(reader, depth + 1) }
  if (reader.take('(')) {
    const condition = parseCondition(reader, depth + 1)
    reader.space()
    if (!reader.take(')')) reader.expected("')'")
    return condition
  }
  return parseTerm(reader)
}

function parseTerm(reader: Reader): Condition {
  const name = reader.match(BOOLEAN)
  if (name !== undefined) return { op: 'boolean', name: bare(name) }
  if (takeWord(reader, 'defined')) {
    reader.space()
    const boolean = reader.match(BOOLEAN)
    if (boolean !== undefined) return { op: 'defined', variable: bare(boolean), boolean: true }
    const variable = reader.at('@') ? reader.match(OPERAND) : undefined
    return { op: 'defined', variable: bare(variable ?? reader.expected('a variable')) }
  }
  const left = reader.match(OPERAND) ?? reader.expected('a condition')
  reader.space()
  const op = reader.match(OPERATOR) ?? reader.expected('a comparison')
  reader.space()
  const right = reader.match(OPERAND) ?? reader.expected('a word or a variable')
  return { op: op as '==', left: operand(reader, left), right: operand(reader, right) }
}

function takeWord(reader: Reader, word: string): boolean {
  const start = reader.pos
  reader.space()
  if (reader.peekName() === word) {
    reader.pos += word.length
    return true
  }
  reader.pos = start
  return false
}

const bare = (name: string): string => name.replace(/^[@$]\{?|\}$/g, '')

const operand = (reader: Reader, raw: string): string =>
  raw.startsWith('@') ? `@{${bare(raw)}}` : reader.name(raw)

/** A condition as text. */
export function writeConditionText(condition: Condition): string {
  switch (condition.op) {
    case 'boolean':
      return `\${${condition.name}}`
    case 'defined':
      return `defined ${condition.boolean ? '$' : '@'}{${condition.variable}}`
    case 'not':
      return `not ${writeInner(condition.condition)}`
    case 'and':
    case 'or':
      return `${writeInner(condition.left)} ${condition.op} ${writeInner(condition.right)}`
    default:
      return `${writeOperand(condition.left)} ${condition.op} ${writeOperand(condition.right)}`
  }
}

function writeInner(condition: Condition): string {
  const text = writeConditionText(condition)
  return condition.op === 'and' || condition.op === 'or' ? `(${text})` : text
}

const writeOperand = (text: string): string =>
  /^@\{\w+\}$/.test(text) || /^\w+$/.test(text) ? text : `"${writeWord(text).replaceAll('"', '')}"`
