/**
 * The only way to the terminal. Whatever is printed is text, in which nothing that a terminal obeys is left:
 * names of profiles, processes and files are chosen by others. Colours are added here, and nowhere else.
 */
import { visible } from '../border/visible.ts'
import type { Stream } from './command.ts'
import { widthOf } from './width.ts'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

export interface Styled {
  readonly style: Style
  readonly text: string
}

/** Text, or a piece of it with a style. */
export type Span = string | Styled
export type Cell = Span | readonly Span[]

const paint =
  (style: Style) =>
  (text: string): Styled => ({ style, text })

export const bold: (text: string) => Styled = paint('bold')
export const dim: (text: string) => Styled = paint('dim')
export const red: (text: string) => Styled = paint('red')
export const green: (text: string) => Styled = paint('green')
export const yellow: (text: string) => Styled = paint('yellow')
export const cyan: (text: string) => Styled = paint('cyan')

const SGR: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
}

/** Text as a terminal may have it, in one line. */
export const safe: (text: string) => string = visible

// In JSON these stand in strings only, where the escape means the same.
const safeJson = (json: string): string =>
  json.replaceAll(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, i) => {
      const code = character.charCodeAt(i)
      return `\\u${code.toString(16).padStart(4, '0')}`
    }).join(''),
  )

const spansOf = (cell: Cell): readonly Span[] => (Array.isArray(cell) ? cell : [cell]) as Span[]
const textOf = (cell: Cell): string =>
  spansOf(cell)
    .map((span) => safe(typeof span === 'string' ? span : span.text))
    .join('')

export interface Column {
  readonly title: string
  readonly right?: boolean
  /** may be cut, at its beginning, where the terminal is too narrow */
  readonly shrink?: boolean
}

const NARROWEST = 12
const READABLE = 100

export class Screen {
  readonly #open: () => Stream
  readonly #isColoured: (stream: Stream) => boolean

  /**
   * @param open is called when something is written or asked: Node takes long to make a stream that a command may
   *   not need
   */
  constructor(open: () => Stream, isColoured: (stream: Stream) => boolean) {
    this.#open = open
    this.#isColoured = isColoured
  }

  get #stream(): Stream {
    return this.#open()
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true
  }

  /** of a terminal; what is read by a program has no width */
  get width(): number {
    return this.isTerminal ? this.#stream.columns || 80 : Infinity
  }

  line(...spans: readonly Span[]): void {
    this.#stream.write(`${this.#render(spans)}\n`)
  }

  /** Text of several lines. */
  lines(text: string): void {
    for (const line of text.replace(/\n$/, '').split('\n')) this.line(line)
  }

  /** Sentences, broken between words. */
  paragraph(text: string, indent = ''): void {
    for (const line of wrap(text, Math.min(this.width, READABLE) - indent.length)) {
      this.line(indent + line)
    }
  }

  /** A file's text: exactly, for a program; for a terminal line by line. */
  text(text: string): void {
    if (!this.isTerminal) return void this.#stream.write(text)
    for (const line of text.replace(/\n$/, '').split('\n')) this.line(line.replaceAll('\t', '    '))
  }

  /** Begins a new picture, where there is one. */
  clear(): void {
    if (this.isTerminal) this.#stream.write('\x1b[H\x1b[2J')
  }

  /** A question: the answer stands behind it. */
  ask(text: string): void {
    this.#stream.write(`${safe(text)} `)
  }

  /** On a terminal, a line that the next one takes the place of. */
  passing(text: string): void {
    if (!this.isTerminal) return
    const characters = Array.from(safe(text))
    while (widthOf(characters.join('')) >= this.width) characters.pop()
    this.#stream.write(`\r\x1b[K${characters.join('')}`)
  }

  /** A document. */
  json(value: unknown): void {
    this.#stream.write(`${safeJson(JSON.stringify(value, null, 2))}\n`)
  }

  /** One line of a stream of JSON. */
  record(value: unknown): void {
    this.#stream.write(`${safeJson(JSON.stringify(value))}\n`)
  }

  table(columns: readonly Column[], rows: readonly (readonly Cell[])[], indent = ''): void {
    if (rows.length === 0) return
    const texts = rows.map((row) => row.map(textOf))
    const widths = columns.map(({ title }, i) =>
      Math.max(widthOf(title), ...texts.map((row) => widthOf(row[i] ?? ''))),
    )
    const between = 2 * (columns.length - 1) + indent.length
    let surplus = widths.reduce((sum, width) => sum + width, between) - this.width
    for (const [i, { shrink }] of columns.entries()) {
      if (!shrink || surplus <= 0) continue
      const width = Math.max(NARROWEST, (widths[i] as number) - surplus)
      surplus -= (widths[i] as number) - width
      widths[i] = width
    }
    if (columns.some(({ title }) => title !== '')) {
      this.#row(
        columns,
        widths,
        columns.map(({ title }) => dim(title)),
        indent,
      )
    }
    for (const row of rows) this.#row(columns, widths, row, indent)
  }

  #row(
    columns: readonly Column[],
    widths: readonly number[],
    row: readonly Cell[],
    indent: string,
  ): void {
    const last = columns.length - 1
    const spans = columns.flatMap(({ right }, i): Span[] => {
      const cell = row[i] ?? ''
      const text = textOf(cell)
      const width = widths[i] as number
      const missing = width - widthOf(text)
      const shown = missing < 0 ? [cut(cell, text, width)] : spansOf(cell)
      const padding = ' '.repeat(Math.max(0, missing))
      const after = i === last ? [] : ['  ']
      if (right) return [padding, ...shown, ...after]
      return i === last ? [...shown] : [...shown, padding, ...after]
    })
    this.line(indent, ...spans)
  }

  #render(spans: readonly Span[]): string {
    const coloured =
      spans.some((span) => typeof span !== 'string') && this.#isColoured(this.#stream)
    return spans
      .map((span) => {
        if (typeof span === 'string') return safe(span)
        const [on, off] = SGR[span.style]
        const text = safe(span.text)
        return coloured && text !== '' ? `\x1b[${on}m${text}\x1b[${off}m` : text
      })
      .join('')
  }
}

function cut(cell: Cell, text: string, width: number): Span {
  const characters = Array.from(text)
  while (widthOf(characters.join('')) > width - 1) characters.shift()
  const shown = `…${characters.join('')}`
  const [first] = spansOf(cell)
  return typeof first === 'object' ? { ...first, text: shown } : shown
}

/** Breaks a text between its words. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && widthOf(longer) > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}

/** Whether to colour: what the command line says, then what the environment says, then what it is. */
export function isColoured(
  stream: Stream,
  env: Readonly<Record<string, string | undefined>>,
  asked: boolean | undefined,
): boolean {
  if (asked !== undefined) return asked
  if (env.NO_COLOR) return false
  if (env.FORCE_COLOR !== undefined) return !/^(0|false)$/.test(env.FORCE_COLOR)
  return stream.isTTY === true && env.TERM !== 'dumb'
}
