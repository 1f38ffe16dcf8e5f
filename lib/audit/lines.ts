/** Cuts what a source gives into lines, in memory that does not grow with it. */
import { invalidArgType } from '../border/invalid.ts'
import { decodeBytes } from '../border/text.ts'

/** Text by lines, or a stream of bytes. */
export type LineSource =
  Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array> | ReadableStream<Uint8Array>

const NEWLINE = 10
// A record of auditd's has at most 8,970 bytes, one of the journal in JSON not much more.
const LONGEST = 1 << 20

/** Bytes to lines. */
export class LineCutter {
  #rest: Uint8Array[] = []
  #length = 0

  /** The lines that are complete with these bytes. What is longer than a line can be is cut off. */
  push(chunk: Uint8Array): readonly string[] {
    const end = chunk.lastIndexOf(NEWLINE)
    if (end < 0) {
      this.#keep(chunk)
      return []
    }
    // What is left of a line that is too long does not belong to its beginning.
    const start = this.#length > LONGEST ? chunk.indexOf(NEWLINE) : 0
    const text = decodeBytes(this.#join(chunk.subarray(start, end)))
    this.#keep(chunk.subarray(end + 1))
    return text.split('\n')
  }

  /** What is left, when nothing more will come. */
  end(): readonly string[] {
    const text = decodeBytes(this.#join(new Uint8Array()))
    return text === '' ? [] : [text]
  }

  #join(last: Uint8Array): Uint8Array {
    if (this.#length === 0) return last
    const all = new Uint8Array(this.#length + last.length)
    let at = 0
    for (const part of [...this.#rest, last]) {
      all.set(part, at)
      at += part.length
    }
    this.#rest = []
    this.#length = 0
    return all
  }

  #keep(part: Uint8Array): void {
    if (part.length === 0 || this.#length > LONGEST) return
    this.#rest.push(new Uint8Array(part)) // a copy: readers use their buffers again
    this.#length += part.length
  }
}

/** Batches of lines. */
export async function* linesOf(source: LineSource): AsyncGenerator<readonly string[], void> {
  const cutter = new LineCutter()
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
