/** Rows that the binary returns, and work on them that never holds the event loop for long. */
import { decode } from './text.ts'

// Well below the 10 ms that a busy server may notice.
const STRETCH = 2

/** Reads one value after the other: bytes, each ended by a NUL byte. */
export class Rows {
  readonly #bytes: string
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  text(): string {
    const end = this.#bytes.indexOf('\0', this.#at)
    const value = this.#bytes.slice(this.#at, end)
    this.#at = end + 1
    return decode(value)
  }

  number(): number {
    return Number(this.text())
  }
}

/** Lets other work of the event loop have its turn, in between. */
export class Turns {
  #until: number = performance.now() + STRETCH
  #asked = 0

  /** To be asked after every small piece of work; now and then it looks at the clock. */
  get over(): boolean {
    return ++this.#asked % 32 === 0 && performance.now() >= this.#until
  }

  async next(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.#until = performance.now() + STRETCH
  }
}
