import { Readable } from 'node:stream'
import type { main as Main } from '#lib/cli/main.js'

// As it is shipped: with the library that finds its binary.
const shipped = new URL('../../../dist/cli_main.js', import.meta.url)
const { main } = (await import(shipped.href)) as { main: typeof Main }

export interface Ran {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface Around {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** a terminal of this width, in place of pipes */
  readonly columns?: number
  /** what this process has for stdout and stderr, a terminal or not, hears it, too */
  readonly echo?: boolean
}

/** Runs `apparmor …` in this process. */
export async function apparmor(argv: readonly string[], around: Around = {}): Promise<Ran> {
  const { env = {}, stdin = '', columns, echo } = around
  const written = { stdout: '', stderr: '' }
  const stream = (name: keyof typeof written) => ({
    write(text: string) {
      written[name] += text
      if (echo) process[name].write(text)
    },
    ...(echo && { isTTY: process[name].isTTY, columns: process[name].columns }),
    ...(columns !== undefined && { isTTY: true, columns }),
  })
  const status = await main(argv, {
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    stdin: Readable.from([Buffer.from(stdin)]),
    env: { PATH: '/usr/bin:/bin', ...env },
  })
  return { status, ...written }
}

/** How long a child may take, in milliseconds: a test that waits for ever says nothing. */
export const LIMIT = 60_000

/** The program itself. */
export const PROGRAM = 'dist/cli.js'
