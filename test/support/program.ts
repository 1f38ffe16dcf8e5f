import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** How many Workers are many. Each takes a second and more to start in a guest. */
export const MANY = Number(process.env['APPARMOR_TEST_WORKERS'] ?? 8)

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Node's own flags */
  readonly flags?: readonly string[]
  /** a command line to put in front, such as `unshare -m` */
  readonly through?: readonly string[]
}

export interface Ran<T> {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** the last line of its standard output as JSON; null when it is none */
  readonly report: T | null
}

export const programFile = (name: string): string =>
  fileURLToPath(new URL(`../guest/${name}.js`, import.meta.url))

/** Runs a program of test/guest to its end, or for five minutes: one that hangs is killed. */
export function runProgram<T = Record<string, any>>(
  name: string,
  args: readonly string[],
  { env = {}, flags = [], through = [] }: ProgramOptions = {},
): Ran<T> {
  const [file = '', ...rest] = [...through, process.execPath, ...flags, programFile(name), ...args]
  const { error, status, signal, stdout, stderr } = spawnSync(file, rest, {
    env: { PATH: process.env['PATH'], ...env },
    encoding: 'utf8',
    timeout: 300_000,
    killSignal: 'SIGKILL',
  })
  if (error && signal === null) throw error
  return { status, signal, stdout, stderr, report: lastLine(stdout) as T | null }
}

function lastLine(text: string): unknown {
  try {
    return JSON.parse(text.trimEnd().split('\n').at(-1) ?? '')
  } catch {
    return null
  }
}

/** The report of a program that has to end well; throws with what it said otherwise. */
export function reportOf<T = Record<string, any>>(
  name: string,
  args: readonly string[],
  options?: ProgramOptions,
): T {
  const { status, signal, stdout, stderr, report } = runProgram<T>(name, args, options)
  if (status === 0 && report !== null) return report
  throw new Error(`${name} ${args.join(' ')}: ${signal ?? `status ${status}`}\n${stdout}${stderr}`)
}
