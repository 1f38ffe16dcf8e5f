/**
 * The items of batches, one by one. An async generator that yields each item takes several turns of the event loop's
 * microtasks for it; for a large log that is a quarter of the time.
 */
export function oneByOne<T>(
  batches: AsyncGenerator<readonly T[], void, undefined>,
): AsyncGenerator<T, void, undefined> {
  return new OneByOne(batches)
}

const DONE: IteratorReturnResult<void> = { done: true, value: undefined }

class OneByOne<T> implements AsyncGenerator<T, void, undefined> {
  readonly #batches: AsyncGenerator<readonly T[], void, undefined>
  #batch: readonly T[] = []
  #at = 0
  /** the last call that had to wait for a batch: the calls after it wait for it */
  #waiting: Promise<unknown> | null = null

  constructor(batches: AsyncGenerator<readonly T[], void, undefined>) {
    this.#batches = batches
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<T, void>> {
    if (this.#waiting === null && this.#at < this.#batch.length) {
      return Promise.resolve({ done: false, value: this.#batch[this.#at++] as T })
    }
    const before = this.#waiting
    const result = before === null ? this.#fetch() : before.then(() => this.#fetch())
    const settled = result
      .catch(() => {}) // the caller's to handle
      .then(() => {
        if (this.#waiting === settled) this.#waiting = null
      })
    this.#waiting = settled
    return result
  }

  async #fetch(): Promise<IteratorResult<T, void>> {
    while (this.#at >= this.#batch.length) {
      const { done, value } = await this.#batches.next()
      if (done) return DONE
      this.#batch = value
      this.#at = 0
    }
    return { done: false, value: this.#batch[this.#at++] as T }
  }

  async return(): Promise<IteratorResult<T, void>> {
    this.#batch = []
    await this.#batches.return()
    return DONE
  }

  async throw(error: unknown): Promise<IteratorResult<T, void>> {
    await this.return()
    throw error
  }
}

// What all async iterators have: `await using`, where this Node.js knows it.
const generators: object = Object.getPrototypeOf(async function* () {}.prototype)
Object.setPrototypeOf(OneByOne.prototype, Object.getPrototypeOf(generators))
