/** One run of a program under the profile that is being learned, and all that the log says about it. */
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { AppArmorError } from '../../border/errors.ts'
import { spawn } from '../../child_process/index.ts'
import { processes } from '../../inspect/processes.ts'
import { follow, type Follow } from '../follow/follow.ts'
import { isProbe, provoke } from '../follow/probe.ts'
import type { AuditRecord, LogRecord, LostRecord } from '../record.ts'

/** How a program ended, and what it wrote. */
export interface Outcome {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Seen {
  readonly outcome: Outcome
  readonly records: readonly AuditRecord[]
  readonly lost: readonly LostRecord[]
}

// In milliseconds.
const MARK = 3000
const STRAGGLERS = 5000
const PAUSE = 50
const MOST_OUTPUT = 1 << 20

/** The log, read from mark to mark. */
export class Log {
  readonly #log: Follow

  private constructor(log: Follow) {
    this.#log = log
  }

  /** Opens a log where records arrive: by the multicast group, which has no limits, if nothing else is asked for. */
  static async open(source: string | undefined, signal: AbortSignal | undefined): Promise<Log> {
    for (const one of source === undefined ? ['netlink', 'auto'] : [source]) {
      const log = new Log(follow({ source: one, ...(signal && { signal }) }))
      try {
        await log.toMark()
        return log
      } catch (error) {
        await log.close()
        if (one !== 'netlink' || source !== undefined || signal?.aborted) throw error
      }
    }
    throw new AppArmorError({ code: 'ERR_APPARMOR_NO_LOG' })
  }

  /** All records until now, and what is lost of them: a loss is told behind the mark, or by the kernel a little later. */
  async toEnd(): Promise<readonly LogRecord[]> {
    return [...(await this.toMark()), ...(await this.toMark(PAUSE))]
  }

  /**
   * All records until one that this process provokes: they come in their order.
   *
   * @param wait in milliseconds, before it is provoked
   */
  async toMark(wait = 0): Promise<readonly LogRecord[]> {
    const found: LogRecord[] = []
    let next = this.#log.next() // the first call opens the log
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
    provoke()
    const end = performance.now() + MARK
    for (;;) {
      const result = await within(next, end - performance.now())
      if (result === null || result.done) {
        const detail = 'a record that was provoked did not arrive'
        throw new AppArmorError({ code: 'ERR_APPARMOR_NO_LOG', detail })
      }
      const { value } = result
      if (value.event !== 'lost' && isProbe(value)) return found
      found.push(value)
      next = this.#log.next()
    }
  }

  async close(): Promise<void> {
    await this.#log.return?.()
  }
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => (timer = setTimeout(resolve, Math.max(ms, 0), null)))
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

export interface Command {
  readonly command: readonly string[]
  readonly spawn: SpawnOptions
  readonly exercise: ((child: ChildProcess) => unknown) | undefined
}

/** Runs a program, ends what it leaves behind, and reads the log to its end. */
export async function run(
  { command, spawn: options, exercise }: Command,
  profile: string,
  log: Log,
): Promise<Seen> {
  await log.toMark()
  const [file = '', ...args] = command
  const child = spawn(file, args, { ...options, profile })
  const ended = endOf(child)
  try {
    await Promise.race([ended, exercise?.(child) ?? ended])
  } catch (error) {
    child.kill('SIGKILL')
    await ended.catch(() => {})
    throw error
  }
  const outcome = await ended
  await endStragglers(profile)
  const found = await log.toEnd()
  const records: AuditRecord[] = []
  const lost: LostRecord[] = []
  for (const one of found) {
    if (one.event === 'lost') lost.push(one)
    else if (isOf(one.profile, profile)) records.push(one)
  }
  return { outcome, records, lost }
}

const isOf = (label: string | undefined, profile: string): boolean =>
  label === profile || label?.startsWith(`${profile}//`) === true

function endOf(child: ChildProcess): Promise<Outcome> {
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (chunk: Buffer) => {
      if (texts[name].length < MOST_OUTPUT) texts[name] += chunk.toString()
    })
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    // Not "close": a descendant may hold the pipes.
    child.once('exit', (status, signal) => {
      setImmediate(() => resolve({ status, signal, ...texts }))
    })
  })
}

// The profile is nobody else's: what still runs under it comes from the command.
async function endStragglers(profile: string): Promise<void> {
  const end = performance.now() + STRAGGLERS
  for (;;) {
    const left = await processes({ label: (label) => isOf(label, profile) })
    if (left.length === 0) return
    if (performance.now() > end) {
      for (const { pid } of left) {
        try {
          process.kill(pid, 'SIGKILL')
        } catch {
          // it has ended
        }
      }
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE))
  }
}
