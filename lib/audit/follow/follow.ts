import { checkText } from '../../border/args.ts'
import { AppArmorError } from '../../border/errors.ts'
import { invalidArgType, invalidArgValue } from '../../border/invalid.ts'
import { readOptions } from '../../border/options.ts'
import { FILTERS, readFilter, type RecordFilter, type Wanted } from '../filter.ts'
import { LossReader, Serials, stampOf } from '../loss.ts'
import { isOfProgram, parseLine } from '../parse/parse.ts'
import type { LogRecord } from '../record.ts'
import { BesideRing } from './beside.ts'
import { Drops } from './drops.ts'
import { daemonLog, FileSource } from './file.ts'
import { JournalSource } from './journal.ts'
import { KmsgSource } from './kmsg.ts'
import { NetlinkSource } from './netlink.ts'
import { isProbe, provoke } from './probe.ts'
import type { Source, SourceName } from './source.ts'

/** Options of {@link follow}. */
export interface FollowOptions extends RecordFilter {
  /**
   * `'audit'`: the file that auditd writes. `'kmsg'`: the kernel's ring buffer. `'journal'`: systemd's journal.
   * `'netlink'`: the kernel's audit multicast group, which keeps no past records. A path, which contains a slash: a
   * file in one of these formats. `'auto'` (default): the first of these where a test record arrives. To cause that
   * record, this process sends a malformed request to its own attributes, which changes nothing.
   */
  readonly source?: 'auto' | SourceName | (string & {})
  /** ends the iteration, which then throws an `AbortError` */
  readonly signal?: AbortSignal
}

/** Records as they come. */
export interface Follow extends AsyncIterableIterator<LogRecord, void, undefined> {
  /** where the records come from: a source name or a path; `null` until the iteration has begun */
  readonly source: string | null
}

const SOURCES: readonly SourceName[] = ['audit', 'kmsg', 'journal', 'netlink']
// In milliseconds: how long until a record is looked for again, and until a source is given up.
const SHORTEST = 10
const LONGEST = 200
const PROBE_TIME = 1000
const LONGEST_PROBE = 30_000

// The D-Bus daemons are the only programs that decide by AppArmor, and of nothing else.
const isForged = (record: LogRecord): boolean =>
  record.event !== 'lost' && record.class !== 'dbus' && isOfProgram(record.raw)

/**
 * Yields AppArmor's records as they are written, from now on or from `since` on.
 *
 * Lost records are reported by a record with the event `lost`: what the kernel suppressed, what was overwritten
 * before it was read, and any other gap in the serial numbers. Unread records wait in the log, not in this process.
 * A slow reader needs no memory, and gets a `lost` record when the log has overwritten some.
 *
 * It starts at the first `next()`. While a call of `next()` waits, it keeps the program alive and looks at least
 * every 200 ms; otherwise it does nothing. Leaving the loop ends it. Reading the log needs root, or the privilege
 * that the error names.
 *
 * @throws `AppArmorError` from the iteration: `ERR_APPARMOR_LOG` when the source cannot be read, or is no longer a
 *   log, `ERR_APPARMOR_NO_LOG` when `'auto'` finds none
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { follow } from 'apparmor/audit'
 * for await (const record of follow({ event: ['denied', 'killed'], signal: AbortSignal.timeout(60_000) })) {
 *   if (record.event === 'lost') console.warn(`${record.count} records lost: ${record.reason}`)
 *   else console.log(record.profile, record.operation, record.name)
 * }
 * ```
 */
export function follow(options?: FollowOptions): Follow {
  const {
    source = 'auto',
    signal,
    since,
  } = readOptions<FollowOptions>(options, ['source', 'signal', ...FILTERS])
  const wanted = readFilter(options)
  checkText(source, 'options.source')
  if (!['auto', ...SOURCES].includes(source) && !source.includes('/')) {
    throw invalidArgValue('options.source', 'must be a source or a path with a slash', source)
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidArgType('options.signal', 'an instance of AbortSignal', signal)
  }
  return new Following(source, wanted, since as Date | undefined, signal)
}

const DONE: IteratorReturnResult<void> = { done: true, value: undefined }

class Following implements Follow {
  readonly #asked: string
  readonly #wanted: Wanted
  readonly #since: Date | undefined
  readonly #signal: AbortSignal | undefined
  readonly #loss = new LossReader()
  readonly #serials = new Serials()
  #queue: LogRecord[] = []
  #drops: Drops | null = null
  #newest = 0
  #busy = false
  #from: Source | null = null
  #name: string | null = null
  #candidates: readonly Source[] = []
  readonly #said: string[] = []
  #failure: { error: unknown } | null = null
  #started = false
  #ended = false
  #wake: (() => void) | null = null
  #turn: Promise<unknown> = Promise.resolve()

  constructor(
    asked: string,
    wanted: Wanted,
    since: Date | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.#asked = asked
    this.#wanted = wanted
    this.#since = since
    this.#signal = signal
  }

  get source(): string | null {
    return this.#name
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** One after the other, in the order in which they were asked for. */
  next(): Promise<IteratorResult<LogRecord, void>> {
    if (!this.#started) this.#start()
    const result = this.#turn.then(() => this.#next())
    this.#turn = result.catch(() => {})
    return result
  }

  async return(): Promise<IteratorResult<LogRecord, void>> {
    this.#end()
    return DONE
  }

  async #next(): Promise<IteratorResult<LogRecord, void>> {
    try {
      if (this.#failure) throw this.#failure.error
      if (this.#ended) return DONE
      this.#signal?.throwIfAborted()
      if (this.#from === null) await this.#choose()
      let pause = SHORTEST
      while (this.#queue.length === 0 && !this.#ended) {
        if (this.#signal?.aborted) throw this.#signal.reason
        if (this.#read()) continue
        const more = this.#from?.more === true
        await this.#pause(more ? 0 : pause)
        pause = more ? SHORTEST : Math.min(pause * 2, LONGEST)
      }
    } catch (error) {
      this.#failure = null
      this.#end()
      throw this.#signal?.aborted ? abortError(this.#signal) : error
    }
    const value = this.#queue.shift()
    return value === undefined ? DONE : { done: false, value }
  }

  // At once, not when its turn comes: what happens after this call is followed.
  #start(): void {
    this.#started = true
    if (this.#ended || this.#signal?.aborted) return
    try {
      // Before the source: what is dropped from here on counts.
      if (!this.#asked.includes('/') || this.#asked === daemonLog()) this.#drops = Drops.open()
      if (this.#asked === 'auto') this.#candidates = openAll(this.#since, this.#said)
      else this.#take(open(this.#asked, this.#since))
    } catch (error) {
      this.#failure = { error }
    }
  }

  #take(source: Source): void {
    this.#from = source
    this.#name = source.name === 'audit' && this.#asked.includes('/') ? this.#asked : source.name
    if (this.#drops !== null && source.way !== undefined) this.#drops.way = source.way
  }

  // The first source where the provoked record arrives. What the others have read is forgotten with them.
  async #choose(): Promise<void> {
    const said = this.#said
    const open = this.#candidates
    try {
      if (!provoke()) said.push('the probe was not refused')
      const begin = performance.now()
      let end = begin + PROBE_TIME
      const seen = new Map(open.map((source) => [source, [] as LogRecord[]]))
      for (let last = false; !last && !this.#ended;) {
        const now = performance.now()
        last = now > end || open.length === 0
        let busy = false
        for (const source of open) {
          const found = seen.get(source) ?? []
          const items = source.read()
          // The probe's record comes behind all that was there before.
          busy ||= items.length > 0 || source.more === true
          found.push(...this.#recordsOf(items))
          const probe = found.findIndex((record) => record.event !== 'lost' && isProbe(record))
          if (probe < 0) continue
          found.splice(probe, 1)
          this.#take(source)
          this.#queue.push(...found.filter(this.#wanted))
          return
        }
        if (busy) end = Math.min(now + PROBE_TIME, begin + LONGEST_PROBE)
        if (!last) await this.#pause(busy ? 0 : SHORTEST)
        this.#signal?.throwIfAborted()
      }
      said.push(...open.map((source) => `${source.name}: ${source.ended?.message ?? 'no record'}`))
      throw new AppArmorError({ code: 'ERR_APPARMOR_NO_LOG', detail: said.join('; ') })
    } finally {
      this.#candidates = []
      for (const source of open) if (source !== this.#from) source.close()
    }
  }

  /** Whether there was anything. */
  #read(): boolean {
    const source = this.#from as Source
    const items = source.read()
    const records = this.#recordsOf(items)
    for (const record of records) if (this.#wanted(record)) this.#queue.push(record)
    this.#queue.push(...this.#serials.settle(items.length === 0))
    if (items.length > 0) this.#busy = true
    else this.#lookForDrops()
    if (items.length === 0 && this.#queue.length === 0 && source.ended) throw source.ended
    return items.length > 0
  }

  #lookForDrops(): void {
    const found = this.#drops?.take(this.#busy, this.#serials.missing, this.#newest)
    this.#busy = false
    if (found) this.#queue.push(found)
  }

  #hear(line: string): LogRecord | null {
    const loss = this.#loss.read(line)
    const isCounted = loss?.reason === 'backlog' && this.#drops?.tells(this.#loss.total)
    return isCounted === true ? null : loss
  }

  #recordsOf(items: ReturnType<Source['read']>): LogRecord[] {
    const records: LogRecord[] = []
    for (const item of items) {
      const line = typeof item === 'string' ? item : ''
      const record = typeof item === 'string' ? (parseLine(line) ?? this.#hear(line)) : item
      const stamp = stampOf(line)
      if (stamp !== undefined) {
        this.#serials.see(stamp.serial)
        this.#newest = Math.max(this.#newest, stamp.time)
      }
      if (record === null || isForged(record)) continue
      if (record.event === 'lost' && record.reason === 'rotation') {
        this.#serials.breakOff('rotation')
        continue
      }
      // Of these the serial numbers tell how many; the backlog's have none.
      const counted = record.event === 'lost' && COUNTED.has(record.reason)
      if (counted && this.#serials.started) this.#serials.note(record)
      else records.push(record)
    }
    return records
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#signal?.removeEventListener('abort', done)
        this.#wake = null
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.#wake = done
      this.#signal?.addEventListener('abort', done, { once: true })
    })
  }

  #end(): void {
    this.#ended = true
    this.#queue = []
    for (const source of this.#candidates) source.close()
    this.#candidates = []
    this.#from?.close()
    this.#from = null
    this.#wake?.()
  }
}

const COUNTED: ReadonlySet<string> = new Set(['printk', 'rate limit', 'overrun', 'memory'])

function open(asked: string, since: Date | undefined): Source {
  if (asked === 'kmsg') return new KmsgSource(since)
  if (asked === 'journal') return new JournalSource(since)
  if (asked === 'netlink') return new BesideRing(new NetlinkSource())
  const file = new FileSource(asked === 'audit' ? daemonLog() : asked, since !== undefined)
  return file.way === undefined ? file : new BesideRing(file)
}

function openAll(since: Date | undefined, said: string[]): readonly Source[] {
  return SOURCES.flatMap((name) => {
    // It could not give what was before.
    if (name === 'netlink' && since !== undefined) return []
    try {
      return [open(name, since)]
    } catch (error) {
      said.push(`${name}: ${(error as Error).message.replace(/\. .*/s, '')}`)
      return []
    }
  })
}

/** What Node's own functions throw when a signal ends them. */
export function abortError(signal: AbortSignal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason })
  error.name = 'AbortError'
  return Object.assign(error, { code: 'ABORT_ERR' })
}
