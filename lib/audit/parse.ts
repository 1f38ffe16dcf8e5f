import { invalidArgType } from '../border/invalid.ts'
import { parseLine } from './parse/parse.ts'
import type { AuditRecord } from './record.ts'

/**
 * Reads one line of a log: of audit.log, dmesg, /dev/kmsg, syslog, the journal (text or JSON), or a record alone.
 *
 * It needs neither AppArmor nor Linux, and takes time in proportion to the line. A broken record gives what could be
 * read, and says under `problems` what could not; keys that have no field are under `extra`. It believes the line:
 * who can write to the log can write records (docs/audit.md).
 *
 * @param line without its newline, or with it
 * @returns the record; `null` for a line that holds no record of AppArmor's
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
