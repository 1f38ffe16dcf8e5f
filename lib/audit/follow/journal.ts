/**
 * systemd's journal, read by its own program: `journalctl` in its place, not in one that PATH names. A record may be in
 * the journal twice, from the kernel's ring and from the audit group.
 */
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'
import { AppArmorError } from '../../border/errors.ts'
import { builtin, fs } from '../../border/node.ts'
import { LineCutter } from '../lines.ts'
import { stampOf } from '../loss.ts'
import { unwrap } from '../parse/json.ts'
import { parseLine } from '../parse/parse.ts'
import type { Source } from './source.ts'

const PROGRAMS = ['/usr/bin/journalctl', '/bin/journalctl', '/run/current-system/sw/bin/journalctl']
const FOLLOW = ['--follow', '--output=json', '--all', '--no-pager', '--quiet']
// Only what the journal itself vouches for: any program may call itself dbus-daemon. Facility 0 is the kernel.
const KERNEL = ['_TRANSPORT=kernel', 'SYSLOG_FACILITY=0']
const BUS = ['_SYSTEMD_UNIT=dbus.service', '_SYSTEMD_UNIT=dbus-broker.service']
const MATCHES = [...KERNEL, '+', '_TRANSPORT=audit', '+', ...BUS]
// One of the two copies may come tens of thousands of records later.
const REMEMBERED = 1 << 16
const COMPARED = 200

export class JournalSource implements Source {
  readonly name = 'journal'
  readonly way = 'kernel'
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #cutter = new LineCutter()
  readonly #known = new Set<number>()
  #complaint = ''
  ended: Error | undefined

  constructor(since: Date | undefined) {
    const program = PROGRAMS.find((file) => fs.existsSync(file))
    if (program === undefined) throw failure('there is no journalctl')
    const from = since === undefined ? ['--lines=0'] : [`--since=@${since.getTime() / 1000}`]
    this.#child = builtin('node:child_process').spawn(program, [...FOLLOW, ...from, ...MATCHES], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { LC_ALL: 'C' },
    })
    this.#child.stderr.on('data', (text: Buffer) => {
      this.#complaint = `${this.#complaint}${text.toString()}`.slice(0, 500)
    })
    this.#child.once('error', (error) => (this.ended = failure(error.message, error)))
    this.#child.once('close', (status, signal) => {
      this.ended ??= failure(this.#complaint.trim() || `journalctl ended: ${signal ?? status}`)
    })
    // It must not keep the program alive, nor the pipes to it.
    this.#child.unref()
    for (const pipe of [this.#child.stdout, this.#child.stderr]) {
      ;(pipe as unknown as { unref(): void }).unref()
    }
  }

  read(): readonly string[] {
    const chunk = this.#child.stdout.read() as Buffer | null
    return chunk === null
      ? []
      : this.#cutter.push(chunk).filter((line) => isOwn(line) && this.#isNew(line))
  }

  close(): void {
    this.#child.stdout.destroy()
    this.#child.stderr.destroy()
    this.#child.kill()
  }

  #isNew(line: string): boolean {
    const key = keyOf(line)
    if (key === null) return true
    if (this.#known.has(key)) return false
    this.#known.add(key)
    if (this.#known.size > REMEMBERED) this.#known.delete(this.#known.values().next().value ?? 0)
    return true
  }
}

/** Whether it may be believed: D-Bus starts programs in its own unit, and what they say may only be of D-Bus. */
export function isOwn(line: string): boolean {
  return OF_KERNEL.test(line) || parseLine(line)?.class === 'dbus'
}

const OF_KERNEL = /"_TRANSPORT":"(?:kernel|audit)"/

// The serial number, and the beginning of the text: the copy from the ring may be cut. As one number, for so many.
export function keyOf(line: string): number | null {
  const text = unwrap(line)?.text ?? ''
  const start = text.indexOf('apparmor=')
  const stamp = start < 0 ? undefined : stampOf(line)
  if (stamp === undefined) return null
  let hash = 0
  const end = Math.min(text.length, start + COMPARED)
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
  return stamp.serial * HASHES + (hash & (HASHES - 1))
}

const HASHES = 1 << 21

function failure(detail: string, cause?: unknown): AppArmorError {
  return new AppArmorError({ code: 'ERR_APPARMOR_LOG', detail: `journal: ${detail}`, cause })
}
