import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { homedir, hostname } from 'node:os'
import t from 'tap'
import { apparmor, PROGRAM } from '../support/cli.ts'
import { matchesSchema } from '../support/schema.ts'

const FIXTURE = 'test/audit/fixtures/6.1.log'

t.test('a reader who goes ends it at once and without a word', async (t) => {
  const script = '"$0" "$1" log --all --file "$2" | head -n 1; echo "${PIPESTATUS[0]}"'
  const { stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath, PROGRAM, FIXTURE], {
    encoding: 'utf8',
  })
  t.match(stdout, /^status .*\n(0|141)\n$/)
  t.equal(stderr, '')
})

t.test('the program in package.json can be executed, and names its interpreter', async (t) => {
  const { bin } = JSON.parse(readFileSync('package.json', 'utf8'))
  t.equal(bin.apparmor, PROGRAM)
  t.match(readFileSync(PROGRAM, 'latin1'), /^#!\/usr\/bin\/env node\n/)
  t.ok(statSync(PROGRAM).mode & 0o100)
})

t.test('on a terminal it is coloured, and fits', async (t) => {
  const command = `${process.execPath} ${PROGRAM} why -f /dev/stdin p r /x`
  const { stdout } = spawnSync(
    'script',
    ['-qec', `printf 'profile p { }' | ${command}`, '/dev/null'],
    {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, TERM: 'xterm' },
    },
  )
  t.match(stdout, '\x1b[31mdenied\x1b[39m')
})

t.test('log reads a file on any machine', async (t) => {
  const { stdout, stderr, status } = await apparmor(['log', '--file', FIXTURE, '-e', 'denied'])
  t.equal(status, 0)
  t.match(
    stdout,
    /^2026-11-26 \d\d:\d\d:\d\d denied {2}h_dom {2}change_profile h_other → h_other {2}by prov\[188\]$/m,
  )
  t.match(stderr, /^\d+ records, \d+ different\n$/)
  const text = readFileSync(FIXTURE, 'utf8')
  const piped = await apparmor(['log', '--file', '-', '-e', 'denied'], { stdin: text })
  t.equal(piped.stdout, stdout)
  const json = await apparmor(['log', '--file', FIXTURE, '--json'])
  const [first = ''] = json.stdout.split('\n')
  await matchesSchema(t, 'log', JSON.parse(first))
  t.match(await apparmor(['log', '--file', '/nowhere/log']), {
    status: 2,
    stderr: /ERR_APPARMOR_LOG/,
  })
})

t.test('without AppArmor each command says so', async (t) => {
  for (const argv of [
    ['ps'],
    ['features'],
    ['mode', 'complain', 'web'],
    ['watch'],
    ['remove', 'web'],
  ]) {
    const { status, stdout, stderr } = await apparmor(argv)
    t.strictSame([status, stdout], [2, ''], argv.join(' '))
    t.match(
      stderr,
      new RegExp(`^apparmor ${argv[0]}: ENOSYS: AppArmor is not part of the running kernel`),
    )
  }
  t.match(await apparmor(['status']), { status: 1, stdout: '', stderr: /^AppArmor is not on: / })
  t.match(await apparmor(['status', '--enabled']), { status: 1, stdout: '', stderr: '' })
  t.match(await apparmor(['exec', '-p', 'web', 'true']), { status: 125, stdout: '' })
  const { stderr } = await apparmor(['ps', '--json'])
  t.match(JSON.parse(stderr), { error: { code: 'ENOSYS' } })
})

t.test('doctor says what is wrong, and goes on where there is nothing to ask', async (t) => {
  const { status, stdout } = await apparmor(['doctor', '--json'])
  t.equal(status, 1)
  const found = JSON.parse(stdout)
  await matchesSchema(t, 'doctor', found)
  t.match(
    found.findings.find(({ check }: { check: string }) => check === 'AppArmor'),
    {
      state: 'problem',
      seen: 'it is not usable: ENOSYS',
      means: 'AppArmor is not part of the running kernel',
    },
  )
  const words = await apparmor(['doctor'], { columns: 40, env: { NO_COLOR: '1' } })
  t.match(words.stdout, /^PROBLEM AppArmor: it is not usable: ENOSYS$/m)
  t.match(words.stdout, /^ +→ Use a kernel built with$/m)
})

t.test('a report holds no name of the host, of users or of processes', async (t) => {
  const { stdout } = await apparmor(['doctor', '--report'])
  t.match(stdout, /^apparmor \d+\.\d+\.\d+(-rc\.\d+)?\n\n\| check \| \| seen \|\n/)
  for (const secret of [hostname(), homedir()]) t.notOk(stdout.includes(secret), secret)
})
