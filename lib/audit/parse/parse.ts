/** One line of a log to one record. Rests on the kernel's audit.c and lsm_audit.c, on auditd, journald and dbus. */
import type { AuditClass, AuditRecord } from '../record.ts'
import { classOf, type Evidence } from './classes.ts'
import { recordType, type RecordType } from './events.ts'
import { FOREIGN, hostIn, locate, type Located } from './header.ts'
import { unwrap } from './json.ts'
import { beginsAt, codesOf, toLine, type Line } from './line.ts'
import { newDraft, problem, scan, type Draft } from './scan.ts'

const FIRST_KEYS = /^(?:operation|info|profile|label|class)=/
const USER_MESSAGE = "msg='"
const BOOT_MARK = 'AppArmor: AppArmor '
const BOOT = /(?:^|: |\] |;)(AppArmor: )(AppArmor .{1,200})$/s

/** A line as {@link parseRecord} takes it, checked. */
export function parseLine(line: string): AuditRecord | null {
  const code = line.charCodeAt(firstNonSpace(line))
  const object = code === 123 || code === 34 ? unwrap(line) : null
  const text = object?.text ?? line
  const located = locate(text)
  if (located === FOREIGN) return null
  if (!located) return text.includes(BOOT_MARK) ? parseBoot(text, line) : null
  const draft = readBody(located)
  if (!draft) return null
  const host = object?.host ?? hostIn(located.prefix)
  if (host !== undefined) draft['host'] = host
  const audit = located.audit ?? object?.audit
  if (audit) draft['audit'] = audit
  if (object?.problem !== undefined) problem(draft, object.problem)
  return finish(draft, line)
}

function firstNonSpace(line: string): number {
  let at = 0
  while (line.charCodeAt(at) === 32) at++
  return at
}

function readBody(located: Located): Draft | null {
  const { type, problem: trouble } = located
  const line = toLine(located.line)
  const draft = newDraft()
  if (trouble !== undefined) problem(draft, trouble)
  const { start } = located
  const end = endOf(line.text)
  if (beginsAt(line.codes, start, MARK_CODES))
    scan(line, start, end, draft, located.interpreted ? INTERPRETED : PLAIN)
  else if (!readUncommon(line, start, end, type, draft)) return null
  draft.event ??= type?.event ?? 'unknown'
  return draft
}

const MARK = 'apparmor='
const MARK_CODES = codesOf(MARK)
const PLAIN = {}
const INTERPRETED = { interpreted: true }

// A body that does not begin with `apparmor=`.
function readUncommon(
  line: Line,
  start: number,
  end: number,
  type: RecordType | undefined,
  draft: Draft,
): boolean {
  const { text } = line
  const message = text.indexOf(USER_MESSAGE, start)
  if (message >= 0 && /[\s']apparmor=/.test(text.slice(message))) {
    readUserMessage(line, start, message, end, draft)
    return true
  }
  // before Linux 2.6.28 the type comes after the id
  const late = type === undefined ? /^type=(\d{4}) +/.exec(text.slice(start, start + 16)) : null
  const known = late ? recordType(late[1] ?? '') : type
  const begin = start + (late?.[0].length ?? 0)
  // The kernel's parameter audit_header leaves `apparmor=` out; SELinux and Smack begin otherwise.
  const own = known?.own === true || (known && FIRST_KEYS.test(text.slice(begin, begin + 16)))
  if (!own) return false
  scan(line, begin, end, draft, PLAIN)
  draft.event ??= known.event
  return true
}

function endOf(line: string): number {
  let end = line.length
  while (line.charCodeAt(end - 1) === 10 || line.charCodeAt(end - 1) === 13) end--
  return end
}

/**
 * Whether a program has written the record, not the kernel: root with CAP_AUDIT_WRITE writes any text, but the kernel puts
 * its own keys in front of it.
 */
export function isOfProgram(line: string): boolean {
  if (!line.includes(USER_MESSAGE)) return false
  const code = line.charCodeAt(firstNonSpace(line))
  const text = (code === 123 || code === 34 ? unwrap(line)?.text : undefined) ?? line
  const message = text.indexOf(USER_MESSAGE)
  return message >= 0 && message < text.indexOf(MARK)
}

// Of a program that asks AppArmor itself. Around its text stand the keys of the program, which are not the
// subject's; the text ends at the last apostrophe.
function readUserMessage(
  line: Line,
  start: number,
  message: number,
  end: number,
  draft: Draft,
): void {
  const begin = message + USER_MESSAGE.length
  const { text } = line
  const added = text.indexOf('\x1d', begin)
  const last = text.lastIndexOf("'", (added < 0 || added > end ? end : added) - 1)
  const close = last < begin ? end : last
  if (last < begin) problem(draft, 'the message of the daemon is cut short')
  scan(line, begin, close, draft, { rawQuotes: true })
  scan(line, start, message, draft, { foreign: true })
  scan(line, close + 1, end, draft, { foreign: true })
  draft.event ??= 'unknown'
}

function parseBoot(text: string, raw: string): AuditRecord | null {
  const info = BOOT.exec(text)?.[2]
  return info === undefined ? null : { event: 'status', class: 'boot', info: info.trimEnd(), raw }
}

function finish(draft: Draft, raw: string): AuditRecord {
  const kind = classOf(draft as unknown as Evidence)
  draft['class'] = kind
  if (isCut(draft, kind)) problem(draft, 'the end is missing')
  draft['raw'] = raw
  return draft as unknown as AuditRecord
}

// The kernel's ring and some daemons cut a long record without a mark.
function isCut(draft: Draft, kind: AuditClass): boolean {
  const { event } = draft
  if (event !== 'denied' && event !== 'allowed' && event !== 'killed' && event !== 'audit')
    return false
  if (draft['pid'] === undefined) return kind !== 'dbus' && draft['extra'] === undefined
  return (kind === 'file' || kind === 'exec') && draft['requestedMask'] === undefined
}
