// Runs as root under a kernel that enforces AppArmor. The short form of tools/matrix.js: another Node.js than the
// one that runs the tests. tools/test.js fetches it and names it in APPARMOR_TEST_NODES.
import { execFileSync, spawnSync } from 'node:child_process'
import t from 'tap'
import { programFile } from './support/program.ts'

t.setTimeout(300_000)

const programs = process.env['APPARMOR_TEST_NODES']?.split(':') ?? []

t.test(
  'another Node.js confines children, and the process as a whole',
  { skip: programs.length === 0 && 'none could be fetched' },
  async (t) => {
    for (const program of programs) {
      const version = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim()
      const { status, stdout, stderr } = spawnSync(program, [programFile('cell')], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      t.strictSame({ status, stderr }, { status: 0, stderr: '' }, version)
      t.match(stdout, `ok: Node ${version}`)
    }
  },
)
