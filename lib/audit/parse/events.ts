/** The words and record types that say what AppArmor did. */
import type { AuditEvent } from '../record.ts'

const words: ReadonlyMap<string, AuditEvent> = new Map([
  ['DENIED', 'denied'],
  ['ALLOWED', 'allowed'],
  ['AUDIT', 'audit'],
  ['STATUS', 'status'],
  ['KILLED', 'killed'],
  ['HINT', 'hint'],
  ['ERROR', 'error'],
  // before Linux 2.6.36
  ['REJECTING', 'denied'],
  ['PERMITTING', 'allowed'],
  ['AUDITING', 'audit'],
])

/** What `apparmor="…"` says; `undefined` for a word that is not known. */
export const eventOf = (word: string): AuditEvent | undefined => words.get(word)

// 1501 to 1507 of old kernels, and the names that auditd may know them by
const OLD = ['AUDIT', 'ALLOWED', 'DENIED', 'HINT', 'STATUS', 'ERROR', 'KILLED']

/** What a record type is to AppArmor. */
export interface RecordType {
  /** the type alone tells that the record is AppArmor's */
  readonly own: boolean
  readonly event?: AuditEvent | undefined
}

const shared: RecordType = { own: false }

const types: ReadonlyMap<string, RecordType> = new Map<string, RecordType>([
  ...['AVC', '1400', 'USER_AVC', '1107'].map((name) => [name, shared] as const),
  ['APPARMOR', { own: true }],
  ...OLD.flatMap((word, i) => {
    const type = { own: true, event: eventOf(word) }
    const name = word === 'KILLED' ? 'KILL' : word
    return [
      [String(1501 + i), type],
      [`APPARMOR_${name}`, type],
    ] as const
  }),
  ['1500', { own: true }],
])

/** By name or number, also `UNKNOWN[1503]`; `undefined` for a type that AppArmor has nothing to do with. */
export function recordType(name: string): RecordType | undefined {
  return types.get(name) ?? (name.startsWith('UNKNOWN[') ? types.get(name.slice(8, -1)) : undefined)
}

/** By the first character of a record type's name: whether a type of that character may be AppArmor's. */
export const mayBeOwn: readonly boolean[] = /* @__PURE__ */ Array.from({ length: 256 }, (_, code) =>
  ['UNKNOWN[', ...types.keys()].some((name) => name.charCodeAt(0) === code),
)
