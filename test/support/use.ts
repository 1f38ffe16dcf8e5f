import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { find } from '#lib/cli/commands.js'
import type { Work } from '../guest/commands.ts'
import type { Ran } from './cli.ts'
import { matchesSchema } from './schema.ts'
import { FORGED, type Place, type Use } from './uses.ts'

const PROGRAM = fileURLToPath(new URL('../guest/commands.js', import.meta.url))

interface How {
  readonly place: Place
  /** on a terminal of its own, which is so wide */
  readonly columns?: number
}

/** Uses commands in one other process, and looks at their exit statuses and at what reaches the terminal. */
export function useAll(t: Test, uses: readonly Use[], how: How): readonly Ran[] {
  const { ran, terminal } = run(
    uses.map(({ argv }) => argv),
    how,
  )
  for (const [i, { argv, status }] of uses.entries()) {
    const { stderr, ...one } = ran[i] as Ran
    t.equal(one.status, status[how.place], `${argv.join(' ')}\n${stderr}`)
    t.notMatch(stderr, 'a mistake in apparmor itself', argv[0])
  }
  const text = how.columns === undefined ? ran.map(({ stderr }) => stderr).join('') : terminal
  // Progress takes the line again that it has written, and a terminal writes \n as \r\n.
  const shown = text.replaceAll('\r\x1b[K', '').replaceAll('\r\n', '\n')
  t.notMatch(shown, /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u, 'nothing that a terminal obeys')
  t.notMatch(shown, new RegExp(`^${FORGED}`, 'm'), 'no line that a name has forged')
  return ran
}

/**
 * The same with `--json`: what is printed, and what is said of errors, is as documented.
 *
 * @returns the commands that printed something
 */
export async function useJson(
  t: Test,
  uses: readonly Use[],
  place: Place,
): Promise<ReadonlySet<string>> {
  const having: Use[] = []
  for (const use of uses) {
    const [name, ...rest] = use.argv
    const command = await find(name)
    if (command?.schema) having.push({ ...use, argv: [name, '--json', ...rest] })
  }
  const ran = useAll(t, having, { place })
  const validated = new Set<string>()
  for (const [i, { argv, status }] of having.entries()) {
    const { stdout, stderr } = ran[i] as Ran
    const command = await find(argv[0])
    if (stdout === '') {
      t.not(status[place], 0, `${argv[0]} prints something`)
      const [line = ''] = stderr.split('\n').filter((one) => one.startsWith('{'))
      t.match(JSON.parse(line), { error: { message: /./ } }, argv[0])
      continue
    }
    const documents = command?.stream ? stdout.trimEnd().split('\n') : [stdout]
    for (const text of documents) await matchesSchema(t, argv[0], JSON.parse(text))
    validated.add(argv[0])
  }
  return validated
}

function run(
  argvs: readonly (readonly string[])[],
  { place, columns }: How,
): { readonly ran: readonly Ran[]; readonly terminal: string } {
  const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
  try {
    const results = join(dir, 'results')
    const work: Work = { uses: argvs, nobody: place === 'nobody', results }
    const command = [process.execPath, PROGRAM, JSON.stringify(work)]
    const [file = '', ...args] =
      columns === undefined
        ? command
        : ['script', '-qec', `stty cols ${columns}; exec "$NODE" "$PROGRAM" "$WORK"`, '/dev/null']
    const { status, signal, stdout, stderr } = spawnSync(file, args, {
      encoding: 'utf8',
      timeout: 120_000,
      env: {
        PATH: process.env['PATH'],
        TERM: 'xterm',
        NODE: process.execPath,
        PROGRAM,
        WORK: JSON.stringify(work),
      },
    })
    if (status !== 0) throw new Error(`the commands: ${signal ?? status}\n${stdout}\n${stderr}`)
    const lines = readFileSync(results, 'utf8').trimEnd().split('\n')
    return { ran: lines.map((line) => JSON.parse(line) as Ran), terminal: stdout }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
