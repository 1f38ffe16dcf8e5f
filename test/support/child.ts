import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Outcome, Step } from '../guest/child.ts'

export type { Outcome, Step }

const PROGRAM = fileURLToPath(new URL('../guest/child.js', import.meta.url))

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>
  /** A command line to put in front, such as `unshare -m`. */
  readonly through?: readonly string[]
}

/** Has a child program do some steps; throws when it dies before the end. */
export function child(steps: readonly Step[], options: ChildOptions = {}): readonly Outcome[] {
  const own = [process.execPath, PROGRAM, JSON.stringify(steps)]
  const [file = '', ...args] = [...(options.through ?? []), ...own]
  const { error, status, signal, stdout, stderr } = spawnSync(file, args, {
    env: { PATH: process.env['PATH'], ...options.env },
    encoding: 'utf8',
  })
  if (error) throw error
  const lines = stdout.split('\n').slice(0, -1)
  if (status !== 0 || lines.length !== steps.length) {
    const end = signal ? `killed by ${signal}` : `status ${status}`
    throw new Error(`the child: ${end} after ${lines.length} steps of ${steps.length}\n${stderr}`)
  }
  return lines.map((line) => JSON.parse(line) as Outcome)
}

/** A shell's `-c` script that ends by becoming the child. */
export const afterScript = (script: string, ...command: readonly string[]): readonly string[] => [
  ...command,
  'sh',
  '-ec',
  `${script}; exec "$@"`,
  'sh',
]
