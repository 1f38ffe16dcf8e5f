import type { ChildProcess } from 'node:child_process'
import { invalidArgType, invalidArgValue } from '../border/invalid.ts'
import { readOptions } from '../border/options.ts'
import { checkText } from '../border/args.ts'
import { Family, LATE } from './family.ts'
import { follow, type Follow, type FollowOptions } from './follow/follow.ts'
import { isProbe, provoke } from './follow/probe.ts'
import { lost } from './loss.ts'
import { checkPidNamespace } from './procfs.ts'
import type { AuditEvent, AuditRecord, LogRecord } from './record.ts'

/** Options of {@link denialsOf}. */
export interface DenialsOptions extends Pick<FollowOptions, 'source' | 'signal'> {
  /** which events; default: `['denied', 'killed']`. In complain mode you want `'allowed'` */
  readonly event?: AuditEvent | readonly AuditEvent[]
  /** the profile that the child was started with. Pass it if the child may end before it can be inspected */
  readonly profile?: string
}

// In milliseconds: how often the processes are looked at, and how long the end of the log is waited for.
const INTERVAL = 25
const LAST = 5000
// The kernel dates records by a clock that may be this late. So another reader's mark may be taken for the own one: what
// comes shortly behind it still counts.
const CLOCK = 1000
const GRACE = 250

/**
 * Yields what was refused to a child and its descendants, until the last of them has ended and all their records
 * have arrived. Lost records are reported by a record with the event `lost`.
 *
 * Call it in the same turn of the event loop as `spawn`. Then nothing is missed, not even earlier denials. The log
 * identifies processes only by number, so this function looks at the child's descendants 40 times a second. A
 * number that the kernel uses again counts as another process. A descendant that ended before it was seen, or whose
 * parents have ended, is recognised by its profile; another process under the same profile may then be taken for
 * it. Descendants that outlive the child count, too. To end the iteration earlier, use `signal` or `break`.
 *
 * @param child a child of this process that has not ended
 * @throws `AppArmorError` as {@link follow}, from the iteration; `ERR_APPARMOR_NO_LOG` in a PID namespace:
 *   the log uses the process ids of the initial one
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`: the child has ended, or was not started
 * @example
 * ```js
 * import { denialsOf } from 'apparmor/audit'
 * import { spawn } from 'apparmor/child_process'
 * const child = spawn('/usr/bin/web', { profile: 'web' })
 * for await (const record of denialsOf(child)) {
 *   if (record.event !== 'lost') console.log(record.operation, record.name)
 * }
 * ```
 */
export function denialsOf(
  child: ChildProcess,
  options?: DenialsOptions,
): AsyncIterableIterator<LogRecord, void, undefined> {
  const names = ['source', 'signal', 'event', 'profile'] as const
  const {
    source,
    signal,
    event = ['denied', 'killed'],
    profile,
  } = readOptions<DenialsOptions>(options, names)
  if (profile !== undefined) checkText(profile, 'options.profile')
  const pid = (child as Partial<ChildProcess> | null)?.pid
  if (typeof child !== 'object' || child === null) {
    throw invalidArgType('child', 'an instance of ChildProcess', child)
  }
  if (pid === undefined) throw invalidArgValue('child', 'was not started', child)
  const events = (Array.isArray(event) ? [...event] : [event]) as readonly AuditEvent[]
  checkPidNamespace()
  let family: Family
  try {
    family = new Family(pid, profile === undefined ? [] : [profile])
  } catch {
    throw invalidArgValue('child', 'has ended: nobody can tell any more who it was', child)
  }
  const log = follow({
    ...(source !== undefined && { source: source as string }),
    ...(signal !== undefined && { signal: signal as AbortSignal }),
    since: new Date(family.since - LATE),
    // The mark at the end is a denial.
    event: Array.from(new Set<AuditEvent>([...events, 'denied'])),
  })
  return new Denials(family, log, new Set(events))
}

const DONE: IteratorReturnResult<void> = { done: true, value: undefined }

class Denials implements AsyncIterableIterator<LogRecord, void, undefined> {
  readonly #family: Family
  readonly #log: Follow
  readonly #events: ReadonlySet<string>
  readonly #timer: NodeJS.Timeout
  readonly #gone: Promise<void>
  #leave: () => void = () => {}
  #turn: Promise<unknown> = Promise.resolve()
  #pending: Promise<IteratorResult<LogRecord, void>> | null = null
  #mark: number | null = null
  #deadline = 0
  #marked = false
  #ended = false

  constructor(family: Family, log: Follow, events: ReadonlySet<string>) {
    this.#family = family
    this.#log = log
    this.#events = events
    this.#gone = new Promise((resolve) => (this.#leave = resolve))
    // Waiting for a record is what keeps the program alive.
    this.#timer = setInterval(() => this.#look(), INTERVAL).unref()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<LogRecord, void>> {
    const result = this.#turn.then(() => this.#next())
    this.#turn = result.catch(() => {})
    return result
  }

  async return(): Promise<IteratorResult<LogRecord, void>> {
    this.#end()
    return DONE
  }

  #look(): void {
    if (this.#family.scan()) return
    clearInterval(this.#timer)
    this.#leave()
  }

  #end(): void {
    this.#ended = true
    clearInterval(this.#timer)
    this.#leave()
    void this.#log.return?.()
  }

  async #next(): Promise<IteratorResult<LogRecord, void>> {
    while (!this.#ended) {
      let result: IteratorResult<LogRecord, void> | 'gone' | 'late'
      try {
        this.#pending ??= this.#log.next()
        result = await Promise.race([this.#pending, this.#over()])
      } catch (error) {
        this.#end()
        throw error
      }
      if (result === 'gone') {
        // What is made from here on comes behind all that is about the family.
        this.#mark = Date.now() - CLOCK
        this.#deadline = performance.now() + LAST
        provoke()
        continue
      }
      if (result === 'late') {
        this.#end()
        return this.#marked ? DONE : { done: false, value: lost('gap', null) }
      }
      this.#pending = null
      if (result.done) break
      const { value } = result
      if (value.event === 'lost') return result
      if (this.#isMark(value)) {
        this.#marked = true
        this.#deadline = performance.now() + GRACE
      } else if (this.#family.has(value) && this.#events.has(value.event)) return result
    }
    this.#end()
    return DONE
  }

  #isMark(record: AuditRecord): boolean {
    const time = record.audit?.time.getTime() ?? 0
    return this.#mark !== null && !this.#marked && time >= this.#mark && isProbe(record)
  }

  async #over(): Promise<'gone' | 'late'> {
    if (this.#mark === null) {
      await this.#gone
      return 'gone'
    }
    const left = Math.max(this.#deadline - performance.now(), 0)
    await new Promise((resolve) => setTimeout(resolve, left).unref())
    return 'late'
  }
}
