/** Cuts what a source gives into lines, in memory that does not grow with it. */
import { invalidArgType } from '../border/invalid.ts'
import { decodePart, fastBytes } from '../border/text.ts'

/** Text by lines, or a stream of bytes. */
export type LineSource =
  Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array> | ReadableStream<Uint8Array>

const NEWLINE = 10
// A record of auditd's has at most 8,970 bytes, one of the journal in JSON not much more.
const LONGEST = 1 << 20

/** Whether nobody wants the line that begins at a place. */
export type Unwanted = (bytes: Uint8Array, start: number) => boolean

/** Bytes to lines. */
export class LineCutter {
  readonly #unwanted: Unwanted | undefined
  #rest: Uint8Array[] = []
  #length = 0

  constructor(unwanted?: Unwanted) {
    this.#unwanted = unwanted
  }

  /** The lines that are complete with these bytes. What is longer than a line can be is cut off. */
  push(chunk: Uint8Array): readonly string[] {
    const bytes = fastBytes(chunk)
    const lines: string[] = []
    let start = 0
    for (let end; (end = bytes.indexOf(NEWLINE, start)) >= 0; start = end + 1) {
      if (this.#length > 0) this.#finish(bytes.subarray(start, end), lines)
      else this.#take(bytes, start, end, lines)
    }
    this.#keep(bytes.subarray(start))
    return lines
  }

  /** What is left, when nothing more will come. */
  end(): readonly string[] {
    const lines: string[] = []
    if (this.#length > 0) this.#finish(new Uint8Array(), lines)
    return lines
  }

  #take(bytes: Uint8Array, start: number, end: number, lines: string[]): void {
    if (this.#unwanted?.(bytes, start) === true) return
    lines.push(decodePart(bytes, start, Math.min(end, start + LONGEST)))
  }

  // What is left of a line that is too long does not belong to its beginning.
  #finish(last: Uint8Array, lines: string[]): void {
    if (this.#length <= LONGEST) this.#keep(last)
    const line = new Uint8Array(this.#length)
    let at = 0
    for (const part of this.#rest) {
      line.set(part, at)
      at += part.length
    }
    this.#rest = []
    this.#length = 0
    this.#take(line, 0, line.length, lines)
  }

  #keep(part: Uint8Array): void {
    if (part.length === 0 || this.#length > LONGEST) return
    const kept = new Uint8Array(part.subarray(0, LONGEST + 1)) // a copy: readers use their buffers again
    this.#rest.push(kept)
    this.#length += kept.length
  }
}

/** Batches of lines; of bytes only those that are wanted. */
export async function* linesOf(
  source: LineSource,
  unwanted?: Unwanted,
): AsyncGenerator<readonly string[], void> {
  const cutter = new LineCutter(unwanted)
  // A stream of text gives pieces; any other source of strings gives lines.
  const pieces = isTextStream(source)
  const encoder = new TextEncoder()
  for await (const item of source as AsyncIterable<unknown>) {
    if (item instanceof Uint8Array) yield cutter.push(item)
    else if (typeof item !== 'string') {
      throw invalidArgType('source', 'an iterable of strings or Uint8Arrays', item)
    } else if (pieces) yield cutter.push(encoder.encode(item))
    else yield item.split('\n')
  }
  yield cutter.end()
}

function isTextStream(source: object): boolean {
  const { readableEncoding, readableObjectMode } = source as NodeJS.ReadableStream &
    Record<string, unknown>
  return typeof readableEncoding === 'string' && readableObjectMode !== true
}

export function checkSource(source: unknown): asserts source is LineSource {
  const object = typeof source === 'object' && source !== null
  if (object && (Symbol.asyncIterator in source || Symbol.iterator in source)) return
  throw invalidArgType('source', 'an iterable of strings or Uint8Arrays', source)
}
