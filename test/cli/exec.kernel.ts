import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { replace, remove } from 'apparmor/policy'
import { makeFiles } from '../support/files.ts'
import { LIMIT, PROGRAM } from '../support/cli.ts'

const { dir, denied, allowed } = makeFiles(t)
const PROFILE = 'apparmor-test-cli-exec'

t.before(async () => {
  await replace(
    `profile ${PROFILE} { file, deny ${denied} rw, capability, signal, unix, }
     profile ${PROFILE}-blind { ${process.execPath} mr, unix, network, }`,
  )
})
t.teardown(async () => {
  for (const profile of [PROFILE, `${PROFILE}-blind`]) await remove({ profile })
})

const ours = (...args: readonly string[]) =>
  spawnSync(process.execPath, [PROGRAM, 'exec', ...args], { encoding: 'utf8', timeout: LIMIT })
const theirs = (...args: readonly string[]) =>
  spawnSync('aa-exec', args, { encoding: 'utf8', timeout: LIMIT })

t.test(
  'the program is confined: refused is what the profile denies, and nothing else',
  async (t) => {
    const script = `cat /proc/self/attr/current; cat ${allowed}; echo; cat ${denied}`
    const found = ours('-p', PROFILE, '--', 'sh', '-c', script)
    t.equal(found.stdout, `${PROFILE} (enforce)\nallowed\n`)
    t.match(found.stderr, 'Permission denied')
    t.equal(found.status, theirs('-p', PROFILE, '--', 'sh', '-c', script).status)
  },
)

t.test(
  'it takes the place of the command: same process, its own exit status and signals',
  async (t) => {
    const child = spawn(
      process.execPath,
      [PROGRAM, 'exec', '-p', PROFILE, 'sh', '-c', 'echo $$; exec sleep 60'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: LIMIT,
      },
    )
    const [pid] = await once(child.stdout, 'data')
    t.equal(Number(String(pid)), child.pid)
    child.kill('SIGTERM')
    t.strictSame(await once(child, 'exit'), [null, 'SIGTERM'])
  },
)

t.test('what cannot be confined is not executed, and the statuses are those of env', async (t) => {
  const missing = ours('-p', `${PROFILE}-missing`, 'sh', '-c', 'echo ran')
  t.match(missing, { status: 125, stdout: '', stderr: /ENOENT: no such profile/ })
  t.equal(theirs('-p', `${PROFILE}-missing`, 'true').status, 1, 'aa-exec has 1 for everything')
  const file = join(dir, 'script')
  writeFileSync(file, '#!/nowhere/interpreter\n')
  chmodSync(file, 0o644)
  t.match(ours('-p', PROFILE, file), { status: 126, stdout: '' })
  t.match(ours('-p', PROFILE, 'apparmor-test-no-such-program'), { status: 127, stdout: '' })
})

t.test('--user, --stack and --immediate', async (t) => {
  const asUser = ours(
    '-p',
    PROFILE,
    '-u',
    'nobody',
    'sh',
    '-c',
    'id -un; cat /proc/self/attr/current',
  )
  t.equal(asUser.stdout, `nobody\n${PROFILE} (enforce)\n`)
  const stacked = ours('--stack', '-p', PROFILE, 'cat', '/proc/self/attr/current')
  t.match(stacked.stdout, new RegExp(`^(unconfined//&${PROFILE}|${PROFILE}//&unconfined) \\(`))
  const immediate = ours('-i', '-p', PROFILE, 'cat', '/proc/self/attr/current')
  t.equal(immediate.stdout, `${PROFILE} (enforce)\n`)
  t.match(ours('-i', '-p', `${PROFILE}-blind`, 'cat', '/proc/self/attr/current'), {
    status: 126,
    stdout: '',
  })
})
