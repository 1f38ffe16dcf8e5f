import { spawnSync } from 'node:child_process'

export const STAGE = { arguments: 1, onexec: 2, credentials: 3, exec: 4 } as const

export interface Run {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  /** The last that the launcher wrote on descriptor 3; null when it wrote nothing, or when the target ran. */
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

// The target is announced before it is executed: a failure of the exec itself follows that.
function decode(bytes: Buffer): Run['report'] {
  const reports = Array.from({ length: bytes.length / 8 }, (_, i) => ({
    stage: bytes.readInt32LE(8 * i),
    errno: bytes.readInt32LE(8 * i + 4),
  }))
  const [first, second, ...more] = reports
  const announced = first?.stage === STAGE.exec && first.errno === 0
  if (bytes.length % 8 > 0 || more.length > 0 || (second && !announced)) {
    throw new Error(`a report of ${bytes.length} bytes`)
  }
  if (first?.stage === STAGE.exec && !announced) throw new Error('an exec that was not announced')
  return (announced ? second : first) ?? null
}
