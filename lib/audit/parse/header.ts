/** What stands before the body of a record: the container it lies in. */
import type { AuditId } from '../record.ts'
import { unescapeKmsg } from './bytes.ts'
import { mayBeOwn, recordType, type RecordType } from './events.ts'
import { beginsAt, codesOf } from './line.ts'

/** Where in a line the body of a record is. */
export interface Located {
  /** the line, with the escapes of /dev/kmsg undone */
  readonly line: string
  readonly start: number
  readonly type: RecordType | undefined
  readonly audit?: AuditId | undefined
  /** the text before the record */
  readonly prefix: string
  /** `ausearch -i` */
  readonly interpreted?: boolean
  readonly problem?: string
}

const KMSG = /^\d+,\d+,\d+,[^;]{0,100};/

/** A record of a type that AppArmor has nothing to do with. */
export const FOREIGN: unique symbol = Symbol('foreign')

/** Looks for `audit(…)` or `apparmor=`, whichever comes first; `null` when the line has no record of AppArmor's. */
export function locate(input: string): Located | typeof FOREIGN | null {
  const space = spaceAfterType(input)
  if (space >= 0) {
    // An audit daemon's: most of its log are others' records.
    const type = typeAt(input, 0)
    return type ? withHeader(input, space + 5, type, 0) : FOREIGN
  }
  const line = withoutKmsg(input)
  const header = line.indexOf('audit(')
  const mark = line.indexOf('apparmor=')
  if (header < 0 || (mark >= 0 && mark < header)) {
    if (mark < 0) return null
    return /^"?[A-Z]/.test(line.slice(mark + 9, mark + 11)) ? withoutHeader(line, mark) : null
  }
  const begin = typeBefore(line, header)
  const type = begin < header ? typeAt(line, begin) : undefined
  return begin < header && !type ? null : withHeader(line, header, type, begin)
}

/** {@link locate} finds {@link FOREIGN} in the line of bytes that begins at a place: for most such lines, told without text. */
export function isForeign(bytes: Uint8Array, start: number): boolean {
  if (!beginsAt(bytes, start, TYPE) || mayBeOwn[bytes[start + 5] ?? 0] !== false) return false
  let at = start + 5
  while (isOfName(bytes[at] ?? 0)) at++
  return beginsAt(bytes, at, MESSAGE)
}

const TYPE = codesOf('type=')
const MESSAGE = codesOf(' msg=audit(')
// A to Z, and the underscore
const isOfName = (code: number): boolean => (code >= 65 && code <= 90) || code === 95

// Where `type=AVC msg=audit(` has its space, at the beginning of a line; -1 in any other.
function spaceAfterType(line: string): number {
  if (line.charCodeAt(0) !== LETTER_T || !line.startsWith('type=')) return -1
  const space = line.indexOf(' ', 5)
  return line.startsWith('msg=audit(', space + 1) ? space : -1
}

const LETTER_T = 116

// `begin` is the place of `type=`
const typeAt = (line: string, begin: number): RecordType | undefined =>
  recordType(line.slice(begin + 5, line.indexOf(' ', begin)))

function withoutKmsg(input: string): string {
  const code = input.charCodeAt(0)
  const prefix = code >= 48 && code <= 57 ? KMSG.exec(input)?.[0] : undefined
  if (prefix === undefined) return input
  const end = input.indexOf('\n')
  return unescapeKmsg(input.slice(prefix.length, end < 0 ? undefined : end))
}

function withHeader(
  line: string,
  header: number,
  type: RecordType | undefined,
  begin: number,
): Located | null {
  const located: Writable = {
    line,
    start: -1,
    type,
    prefix: begin === 0 ? '' : line.slice(0, begin),
  }
  const close = line.indexOf(')', header)
  if (close >= 0 && close - header <= MOST) {
    located.start = skip(line, close + 1)
    located.audit = readId(line, header + 6, close)
    if (!located.audit) readInterpretedId(line.slice(header + 6, close), located)
  } else {
    located.start = line.indexOf('apparmor=', header)
    located.problem = UNREADABLE
  }
  return located.start < 0 ? null : located
}

type Writable = { -readonly [K in keyof Located]: Located[K] }

// The longest text of an id, between its brackets.
const MOST = 64
const UNREADABLE = 'the audit id cannot be read'

// Where `type=AVC msg=audit(` of auditd or `type=1400 audit(` of the kernel begins; `header` when there is no type.
function typeBefore(line: string, header: number): number {
  const end = line.startsWith('msg=', header - 4) ? header - 4 : header
  if (line.charCodeAt(end - 1) !== SPACE) return header
  const begin = line.lastIndexOf(' ', end - 2) + 1
  return line.startsWith('type=', begin) ? begin : header
}

const SPACE = 32
const COLON = 58

function skip(line: string, at: number): number {
  while (line.charCodeAt(at) === SPACE) at++
  if (line.charCodeAt(at) === COLON) at++
  while (line.charCodeAt(at) === SPACE) at++
  return at
}

/** `1795690704.769:34` */
function readId(line: string, start: number, end: number): AuditId | undefined {
  let part = 0
  let seconds = 0
  let fraction = 0
  let digits = 0
  let serial = 0
  for (let at = start; at < end; at++) {
    const code = line.charCodeAt(at)
    const digit = code - 48
    if (digit >= 0 && digit <= 9) {
      digits++
      if (part === 0) seconds = seconds * 10 + digit
      else if (part === 1) fraction = fraction * 10 + digit
      else serial = serial * 10 + digit
      continue
    }
    const expected = part === 0 ? DOT : part === 1 ? COLON : -1
    if (code !== expected || digits === 0 || digits > (part === 0 ? 12 : 3)) return undefined
    if (part === 1) fraction *= digits === 3 ? 1 : digits === 2 ? 10 : 100
    part++
    digits = 0
  }
  if (part !== 2 || digits === 0 || digits > 10) return undefined
  return { time: new Date(seconds * 1000 + fraction), serial, id: line.slice(start, end) }
}

const DOT = 46

// `11/26/26 10:58:24.769:34` of ausearch -i
function readInterpretedId(text: string, located: Writable): void {
  const match = /^(\d\d)\/(\d\d)\/(\d{2,4}) (\d\d):(\d\d):(\d\d)\.(\d{3}):(\d{1,10})$/.exec(text)
  if (!match) {
    located.problem = UNREADABLE
    return
  }
  const [month = 0, day, year = 0, hour, minute, second, ms, serial = 0] = match
    .slice(1)
    .map(Number)
  const time = new Date(year < 100 ? 2000 + year : year, month - 1, day, hour, minute, second, ms)
  const seconds = Math.floor(time.getTime() / 1000)
  const id = `${seconds}.${String(ms).padStart(3, '0')}:${serial}`
  located.audit = { time, serial, id }
  located.interpreted = true
  located.problem = 'the time is in the form of a locale: read as month/day/year, local time'
}

// journald's copy (`AVC apparmor=…`), the D-Bus daemon's own line in syslog, or a body alone
function withoutHeader(line: string, mark: number): Located | null {
  const before = line.slice(Math.max(0, mark - 512), mark)
  const user = /(?:^|\s)USER_AVC (?=.*msg='$)/s.exec(before)
  if (user) {
    const begin = Math.max(0, mark - 512) + user.index
    const start = line.indexOf('USER_AVC ', begin) + 9
    return { line, start, type: recordType('USER_AVC'), prefix: line.slice(0, begin) }
  }
  if (!/(?:^|[\s'"])$/.test(before)) return null
  const type = /(?:^|\s)([A-Z_]{3,20}(?:\[\d{4}\])?) $/.exec(before)?.[1]
  const known = type === undefined ? undefined : recordType(type)
  return { line, start: mark, type: known, prefix: line.slice(0, mark) }
}

const DATES =
  /^(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?(?: \d{4})?(?: [A-Z]{3,4})?|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)? ?(?:Z|[+-]\d\d:?\d\d)?) (\S{1,255}) \S+/
const RFC5424 = /^<\d{1,3}>\d \S+ (\S{1,255}) \S+ \S+ \S+ /
const NODE = /(?:^|\s)node=(\S{1,255}) $/

/** The machine that a line names before its record. */
export function hostIn(prefix: string): string | undefined {
  if (prefix.length < 7 || prefix.length > 1024) return undefined
  const host = (NODE.exec(prefix) ?? RFC5424.exec(prefix) ?? DATES.exec(prefix))?.[1]
  return host === undefined || host === '-' || /[:[\]]$/.test(host) ? undefined : host
}
