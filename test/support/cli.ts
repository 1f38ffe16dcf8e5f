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
}

/** Runs `apparmor …` in this process. */
export async function apparmor(argv: readonly string[], around: Around = {}): Promise<Ran> {
  const { env = {}, stdin = '', columns } = around
  const written = { stdout: '', stderr: '' }
  const stream = (name: keyof typeof written) => ({
    write: (text: string) => (written[name] += text),
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

/** The program itself. */
export const PROGRAM = 'dist/cli.js'
