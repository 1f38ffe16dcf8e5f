// Each example and each guide does what its console blocks show, command by command.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { pageBlocks } from '../support/doc_blocks.ts'

const blocks = pageBlocks()
const pages = new Set(
  blocks.filter(({ language }) => language === 'console').map(({ at }) => pageOf(at)),
)
t.ok(pages.size > 5)

function pageOf(at: string): string {
  return at.slice(0, at.lastIndexOf(':'))
}

/** Where a page's commands are to be given: an example's own directory, or one with the files of a guide. */
function directoryOf(t: Test, page: string): string {
  if (page.startsWith('examples/')) return dirname(page)
  const directory = join('build/pages', basename(page, '.md')) // below the package, whose name it then knows
  mkdirSync(directory, { recursive: true })
  t.teardown(() => rmSync(directory, { recursive: true }))
  for (const { at, file, text } of blocks)
    if (file && pageOf(at) === page) writeFileSync(join(directory, file), text)
  return directory
}

// What npx would find in an installed package.
const PRELUDE = `npx() { case $1 in
  apparmor) shift; node '${join(process.cwd(), 'dist/cli.js')}' "$@" ;;
  tsc) shift; node '${join(process.cwd(), 'node_modules/typescript/bin/tsc')}' "$@" ;;
esac; }
sudo() { "$@"; }`

/** A script that shows each command as a terminal does, and ends what it has started. */
function script(shown: string): string {
  const commands = shown.split('\n').filter((line) => line.startsWith('$ '))
  const lines = commands.map((line) => {
    const quoted = `'${line.replaceAll("'", `'\\''`)}'`
    return `printf '%s\\n' ${quoted}\n${line.slice(2)}`
  })
  return `${PRELUDE}\ntrap 'set +e; kill $(jobs -p) 2>/dev/null; wait' EXIT\nset -e\n${lines.join('\n')}\n`
}

// Versions of Node differ in how many threads they have.
const comparable = (text: string) => text.replaceAll(/\b\d+( threads)|(threads: )\d+/g, '$2N$1')

const profilesOf = (directory: string) =>
  readdirSync(directory).filter((file) => file.endsWith('.profile'))

for (const page of pages) {
  t.test(`${page}: what it shows happens`, async (t) => {
    const directory = directoryOf(t, page)
    const shown = blocks
      .filter(({ at, language }) => language === 'console' && pageOf(at) === page)
      .map(({ text }) => text)
      .join('')
    const home = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
    t.teardown(() => {
      rmSync(home, { recursive: true })
      for (const file of profilesOf(directory))
        spawnSync('apparmor_parser', ['--remove', '--skip-cache', file], { cwd: directory })
    })
    const { status, stdout, stderr } = spawnSync('bash', ['-c', script(shown)], {
      cwd: directory,
      env: { PATH: process.env['PATH'], HOME: home, NO_COLOR: '1' },
      encoding: 'utf8',
      timeout: 120_000,
    })
    t.equal(comparable(stdout), comparable(shown), stderr)
    t.equal(status, 0, 'and each command succeeds')
  })
}
