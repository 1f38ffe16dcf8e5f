import { spawnSync } from 'node:child_process'

export const STAGE = { arguments: 1, onexec: 2, credentials: 3, exec: 4 } as const

export interface Run {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  /** What the launcher wrote on descriptor 3: null for nothing, which means that the target ran. */
  readonly report: { readonly stage: number; readonly errno: number } | null
}

export interface RunOptions {
  readonly env?: Record<string, string>
  readonly cwd?: string
  /** A command line to put in front, such as `unshare -m`. */
  readonly through?: readonly string[]
}

export const STATUS = 'status=3'

/** Runs a launcher with a status pipe on descriptor 3; `args` may name it or not. */
export function run(launcher: string, args: readonly string[], options: RunOptions = {}): Run {
  const [file = launcher, ...rest] = [...(options.through ?? []), launcher, ...args]
  const { error, status, output } = spawnSync(file, rest, {
    env: options.env ?? { PATH: '/usr/bin:/bin' },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  if (error) throw error
  const [, stdout, stderr, report] = output as unknown as [null, Buffer, Buffer, Buffer]
  return { status, stdout: String(stdout), stderr: String(stderr), report: decode(report) }
}

function decode(report: Buffer): Run['report'] {
  if (report.length === 0) return null
  if (report.length !== 8) throw new Error(`a report of ${report.length} bytes`)
  return { stage: report.readInt32LE(0), errno: report.readInt32LE(4) }
}
