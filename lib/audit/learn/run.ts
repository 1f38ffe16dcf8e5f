/** One run of a program under the profile that is being learned, and all that the log says about it. */
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { AppArmorError } from '../../border/errors.ts'
import { spawn } from '../../child_process/index.ts'
import { abortError, follow, type Follow } from '../follow/follow.ts'
import { isProbe, provoke } from '../follow/probe.ts'
import type { AuditRecord, LogRecord, LostRecord } from '../record.ts'
import type { Confinement } from './confinement.ts'

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
const PATIENCE = 5000
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
  readonly timeout: number | undefined
  readonly signal: AbortSignal | undefined
}

/** Runs a program, reads the log to its end, and ends what the program leaves behind. */
export async function run(command: Command, confinement: Confinement, log: Log): Promise<Seen> {
  await log.toMark()
  const [file = '', ...args] = command.command
  const child = spawn(file, args, { ...command.spawn, profile: confinement.profile })
  const ended = endOf(child)
  const enough = Promise.race([ended, overdue(child, command.timeout)])
  const used = async (): Promise<void> => {
    await command.exercise?.(child)
    await enough
  }
  await unlessAborted(Promise.race([enough, used()]), command.signal)
  const runs = child.exitCode === null && child.signalCode === null
  if (!runs) await unlessAborted(confinement.settle(PATIENCE), command.signal)
  const found = await log.toEnd()
  await confinement.end() // behind the end of the log: what this brings about is not the program's
  const records: AuditRecord[] = []
  const lost: LostRecord[] = []
  for (const one of found) {
    if (one.event === 'lost') lost.push(one)
    else if (confinement.owns(one)) records.push(one)
  }
  return { outcome: await ended, records, lost }
}

function endOf(child: ChildProcess): Promise<Outcome> {
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (chunk: Buffer) => {
      if (texts[name].length < MOST_OUTPUT) texts[name] += chunk.toString()
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', (error) => {
      if (child.pid === undefined) reject(error)
    })
    // Not "close": a descendant may hold the pipes.
    child.once('exit', (status, signal) => {
      setImmediate(() => resolve({ status, signal, ...texts }))
    })
  })
}

/** Until the program has to be ended by force: it may not be sent a signal, or does not end by that of the timeout. */
function overdue(child: ChildProcess, timeout: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    child.on('error', () => {
      if (child.pid !== undefined) resolve()
    })
    if (timeout === undefined || timeout === 0) return
    let timer = setTimeout(() => {
      child.kill()
      timer = setTimeout(resolve, PATIENCE)
    }, timeout)
    child.once('exit', () => clearTimeout(timer))
  })
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  let stop = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(abortError(signal))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
