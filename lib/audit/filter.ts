import { readOptions } from '../border/options.ts'
import { checkOneOf, checkPid, checkText } from '../border/args.ts'
import { invalidArgType, invalidArgValue } from '../border/invalid.ts'
import type { AuditClass, AuditEvent, LogRecord } from './record.ts'

/** Selects records. Records that report a loss are always selected. */
export interface RecordFilter {
  /** the record's `profile`, or one of several. A hat or a child is a profile of its own. */
  readonly profile?: string | readonly string[]
  readonly pid?: number | readonly number[]
  readonly event?: AuditEvent | readonly AuditEvent[]
  readonly class?: AuditClass | readonly AuditClass[]
  /** skips older records, and records whose time is unknown */
  readonly since?: Date
}

export const FILTERS = ['profile', 'pid', 'event', 'class', 'since'] as const

const EVENTS: readonly AuditEvent[] = [
  ...(['denied', 'allowed', 'audit', 'killed', 'status', 'hint', 'error', 'unknown'] as const),
]

const CLASSES: readonly AuditClass[] = [
  ...(['file', 'exec', 'net', 'unix', 'cap', 'signal', 'ptrace', 'mount', 'dbus'] as const),
  ...(['mqueue', 'io_uring', 'userns', 'rlimit', 'change_profile', 'change_hat'] as const),
  ...(['attr', 'policy', 'boot', 'module', 'namespace', 'unknown'] as const),
]

export type Wanted = (record: LogRecord) => boolean

/** Checks the filters among options, and makes one question of them. */
export function readFilter(options: unknown): Wanted {
  const { profile, pid, event, class: kind, since } = readOptions<RecordFilter>(options, FILTERS)
  const profiles = choices(profile, 'options.profile', checkText)
  const pids = choices(pid, 'options.pid', checkPid)
  const events = choices(event, 'options.event', (value, name) => checkOneOf(value, name, EVENTS))
  const classes = choices(kind, 'options.class', (value, name) => checkOneOf(value, name, CLASSES))
  const from = since === undefined ? undefined : timeOf(since)
  return (record) =>
    record.event === 'lost' ||
    (holds(profiles, record.profile) &&
      holds(pids, record.pid) &&
      holds(events, record.event) &&
      holds(classes, record.class) &&
      (from === undefined || (record.audit?.time.getTime() ?? -1) >= from))
}

const holds = (wanted: ReadonlySet<unknown> | undefined, value: unknown): boolean =>
  wanted === undefined || wanted.has(value)

function choices(
  value: unknown,
  name: string,
  check: (value: unknown, name: string) => void,
): ReadonlySet<unknown> | undefined {
  if (value === undefined) return undefined
  const list: readonly unknown[] = Array.isArray(value) ? [...value] : [value]
  list.forEach((item, i) => check(item, Array.isArray(value) ? `${name}[${i}]` : name))
  return new Set(list)
}

function timeOf(since: unknown): number {
  if (!(since instanceof Date)) throw invalidArgType('options.since', 'an instance of Date', since)
  const time = since.getTime()
  if (Number.isNaN(time)) throw invalidArgValue('options.since', 'must be a valid date', since)
  return time
}
