/** Where a log that is there already is read from. */
import { records, type LogRecord, type RecordFilter } from '../audit/node.ts'
import { builtin, fs } from '../border/node.ts'
import { Refusal, type World } from './command.ts'

export const AUDIT_LOG = '/var/log/audit/audit.log'

// The kernel's ring, by the program that may read it where we may not.
const DMESG = ['/usr/bin/dmesg', '/bin/dmesg']
const JOURNAL = '/usr/bin/journalctl'

/**
 * @param file a file, `-` for stdin, or nothing: then auditd's file, or else the journal, or else the kernel's ring
 */
export function readLog(
  file: string | undefined,
  filter: RecordFilter,
  world: World,
): AsyncIterable<LogRecord> {
  if (file === '-') return records(world.stdin, filter)
  if (file !== undefined) return records(file, { ...filter, rotated: false })
  if (fs.existsSync(AUDIT_LOG)) return records(AUDIT_LOG, { ...filter, rotated: true })
  if (fs.existsSync(JOURNAL) && fs.existsSync('/run/systemd/journal')) {
    return records(
      outputOf(JOURNAL, ['--no-pager', '-o', 'json', '_TRANSPORT=audit', '+', '_TRANSPORT=kernel']),
      filter,
    )
  }
  const dmesg = DMESG.find((path) => fs.existsSync(path))
  if (dmesg === undefined)
    throw new Refusal('There is no log: neither auditd, nor the journal, nor dmesg is here')
  return records(outputOf(dmesg, []), filter)
}

async function* outputOf(file: string, args: readonly string[]): AsyncGenerator<Uint8Array> {
  const child = builtin('node:child_process').spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let problem = ''
  child.stderr.on('data', (chunk: Buffer) => (problem += String(chunk)))
  const ended = new Promise<number>((resolve, reject) => {
    child.on('close', (status) => resolve(status ?? FAILED_TO_END))
    child.on('error', reject)
  })
  yield* child.stdout as AsyncIterable<Uint8Array>
  if ((await ended) !== 0) throw new Refusal(`${file}: ${problem.trim()}`)
}

const FAILED_TO_END = 1
