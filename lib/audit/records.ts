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
export async function* iterate(
  source: LineSource,
  wanted: Wanted,
): AsyncGenerator<LogRecord, void, undefined> {
  const loss = new LossReader()
  for await (const lines of linesOf(source, isForeign)) {
    for (const line of lines) {
      const record = parseLine(line) ?? loss.read(line)
      if (record !== null && wanted(record)) yield record
    }
  }
}
