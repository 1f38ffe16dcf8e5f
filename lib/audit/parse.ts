import { invalidArgType } from '../border/invalid.ts'
import { parseLine } from './parse/parse.ts'
import type { AuditRecord } from './record.ts'

/**
 * Reads one line of a log: audit.log, dmesg, /dev/kmsg, syslog, the journal (text or JSON), or a bare record.
 *
 * It needs neither AppArmor nor Linux, and takes time in proportion to the line. For a damaged record it returns
 * what could be read, and `problems` says what could not. Keys without a field of their own are under `extra`. It
 * trusts the line: anyone who can write to the log can write records (docs/audit.md).
 *
 * @param line the line, with or without its newline
 * @returns the record; `null` for a line without an AppArmor record
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 * @example
 * ```js
 * import { parseRecord } from 'apparmor/audit'
 * const line = 'audit: type=1400 audit(1795690704.769:34): apparmor="DENIED" operation="open" class="file" ' +
 *   'profile="web" name="/etc/shadow" pid=234 comm="web" requested_mask="r" denied_mask="r" fsuid=0 ouid=0'
 * const record = parseRecord(line)
 * if (record?.class === 'file') console.log(record.event, record.name, record.deniedMask)
 * ```
 */
export function parseRecord(line: string): AuditRecord | null {
  if (typeof line !== 'string') throw invalidArgType('line', 'of type string', line)
  return parseLine(line)
}
