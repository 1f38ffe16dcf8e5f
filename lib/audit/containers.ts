import { AppArmorError } from '../border/errors.ts'
import { invalidArgType } from '../border/invalid.ts'
import { containerOf, type Container } from '../inspect/container.ts'
import { processes } from '../inspect/processes.ts'
import { LATE } from './family.ts'
import { checkPidNamespace, statOf, timeOf } from './procfs.ts'
import type { AuditRecord, LogRecord, LostRecord } from './record.ts'

/** The container that a record came from. */
export interface RecordContainer extends Container {
  /**
   * `false` when the process had already ended; then this is the only container with processes under the record's
   * profile
   */
  readonly certain: boolean
}

/** A record, and the container that it came from; `null` when it came from no container, or from an unknown one. */
export type ContainedRecord = AuditRecord & { readonly container: RecordContainer | null }

/**
 * Adds to each record the container that its process is in.
 *
 * It looks up the process when a record arrives, so pass it the records of {@link follow} or {@link denialsOf}. A
 * short-lived process has often ended by then. In that case it reports the container whose processes run under the
 * same profile, if there is exactly one, and `certain` is `false`. As with {@link containerOf}, show the answer to
 * people, and do not base decisions on it.
 *
 * @param records live records
 * @returns the same records in the same order, each with `container`
 * @throws `AppArmorError` `ERR_APPARMOR_NO_LOG` in a PID namespace: the log uses the process ids of the
 *   initial one; the
 *   iteration throws what `records` throws
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 * @example
 * ```js
 * import { follow, withContainers } from 'apparmor/audit'
 * for await (const record of withContainers(follow({ event: 'denied' }))) {
 *   if (record.event === 'lost') continue
 *   console.log(record.container?.name ?? 'host', record.operation, record.name)
 * }
 * ```
 */
export function withContainers(
  records: AsyncIterable<LogRecord>,
): AsyncGenerator<ContainedRecord | LostRecord, void, undefined> {
  if (typeof records !== 'object' || records === null || !(Symbol.asyncIterator in records)) {
    throw invalidArgType('records', 'an async iterable', records)
  }
  checkPidNamespace()
  return addContainers(records)
}

async function* addContainers(
  records: AsyncIterable<LogRecord>,
): AsyncGenerator<ContainedRecord | LostRecord, void, undefined> {
  const byProfile = new Recent(containerUnder)
  for await (const record of records) {
    if (record.event === 'lost') yield record
    else yield { ...record, container: await containerFor(record, byProfile) }
  }
}

async function containerFor(
  record: AuditRecord,
  byProfile: Recent<RecordContainer | null>,
): Promise<RecordContainer | null> {
  const { pid, namespace, profile } = record
  if (pid === undefined) return null
  if (isThere(pid, record.audit?.time.getTime() ?? Date.now())) {
    const container = await containerOf(pid)
    return container && { ...container, certain: true }
  }
  if (profile === undefined || profile === 'unconfined') return null
  return byProfile.get(namespace === undefined ? profile : `:${namespace}:${profile}`)
}

/** Whether the process has still the number that it had then. */
function isThere(pid: number, time: number): boolean {
  const stat = statOf(pid)
  return stat !== null && !stat.dead && timeOf(stat.start) <= time + LATE
}

async function containerUnder(label: string): Promise<RecordContainer | null> {
  const found = await processes({ label }, { containers: true }).catch((error: unknown) => {
    if (error instanceof AppArmorError || error instanceof TypeError) return []
    throw error
  })
  const [first, ...others] = found.map(({ container }) => container ?? null)
  const isOnly = others.every((other) => other?.id === first?.id)
  return first && isOnly ? { ...first, certain: false } : null
}

// In milliseconds. Looking through all processes for each record of a burst would take longer than the burst.
const FRESH = 500

/** Answers that were given a moment ago. */
class Recent<T> {
  readonly #ask: (key: string) => Promise<T>
  readonly #known = new Map<string, { readonly time: number; readonly answer: Promise<T> }>()

  constructor(ask: (key: string) => Promise<T>) {
    this.#ask = ask
  }

  get(key: string): Promise<T> {
    const now = performance.now()
    for (const [old, { time }] of this.#known) if (now - time > FRESH) this.#known.delete(old)
    const known = this.#known.get(key)
    if (known) return known.answer
    const answer = this.#ask(key)
    this.#known.set(key, { time: now, answer })
    return answer
  }
}
