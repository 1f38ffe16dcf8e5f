import { readFilter, type RecordFilter, type Wanted } from './filter.ts'
import { checkSource, linesOf, type LineSource } from './lines.ts'
import { LossReader } from './loss.ts'
import { isForeign } from './parse/header.ts'
import { parseLine } from './parse/parse.ts'
import type { LogRecord } from './record.ts'

/**
 * Reads the records of an existing log: a stream of bytes or text, or lines. Lines without a record are skipped.
 * Lines that report a loss (`audit: rate limit exceeded`, `N callbacks suppressed`) become a record with the event
 * `lost`.
 *
 * It needs neither AppArmor nor Linux. Its use of memory does not grow with the log.
 *
 * @param source an iterable, sync or async, of strings or `Uint8Array`s. Strings are lines, except those from a
 *   stream with an encoding. Bytes may be split anywhere.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; from the iteration what the source throws
 * @example
 * ```js
 * import { records } from 'apparmor/audit'
 * for await (const record of records(process.stdin, { event: 'denied' })) {
 *   if (record.event !== 'lost') console.log(record.profile, record.operation, record.name)
 * }
 * ```
 */
export function records(
  source: LineSource,
  options?: RecordFilter,
): AsyncGenerator<LogRecord, void, undefined> {
  checkSource(source)
  return iterate(source, readFilter(options))
}

/** What {@link records} does, checked. */
export function iterate(
  source: LineSource,
  wanted: Wanted,
): AsyncGenerator<LogRecord, void, undefined> {
  return new Records(source, wanted)
}

// An async generator would wait three times for each record: this waits once for all of a chunk.
class Records implements AsyncGenerator<LogRecord, void, undefined> {
  readonly #batches: AsyncGenerator<readonly LogRecord[], void, undefined>
  #batch: readonly LogRecord[] = []
  #at = 0
  /** the call that reads on: the next one waits for it */
  #reading: Promise<unknown> | null = null

  constructor(source: LineSource, wanted: Wanted) {
    this.#batches = batchesOf(source, wanted)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Result> {
    const record = this.#reading === null ? this.#batch[this.#at] : undefined
    if (record === undefined) return this.#queue(() => this.#read())
    this.#at++
    return Promise.resolve({ done: false, value: record })
  }

  return(): Promise<Result> {
    return this.#queue(() => this.#leave(() => this.#batches.return()))
  }

  throw(error: unknown): Promise<Result> {
    return this.#queue(() => this.#leave(() => this.#batches.throw(error)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  async #queue(act: () => Promise<Result>): Promise<Result> {
    const before = this.#reading
    const mine = before === null ? act() : before.then(act, act)
    this.#reading = mine
    try {
      return await mine
    } finally {
      if (this.#reading === mine) this.#reading = null
    }
  }

  async #read(): Promise<Result> {
    while (this.#at === this.#batch.length) {
      const { done, value } = await this.#batches.next()
      if (done === true) return DONE
      this.#batch = value
      this.#at = 0
    }
    return { done: false, value: this.#batch[this.#at++] as LogRecord }
  }

  async #leave(act: () => Promise<unknown>): Promise<Result> {
    this.#batch = []
    this.#at = 0
    await act()
    return DONE
  }
}

type Result = IteratorResult<LogRecord, void>

const DONE: Result = { done: true, value: undefined }

async function* batchesOf(
  source: LineSource,
  wanted: Wanted,
): AsyncGenerator<readonly LogRecord[], void, undefined> {
  const loss = new LossReader()
  for await (const lines of linesOf(source, isForeign)) {
    const batch: LogRecord[] = []
    for (const line of lines) {
      const record = parseLine(line) ?? loss.read(line)
      if (record !== null && wanted(record)) batch.push(record)
    }
    yield batch
  }
}
