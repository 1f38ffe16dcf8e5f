import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { spawn as spawnConfined } from 'apparmor/child_process'
import { remove, replace } from 'apparmor/policy'
import { apparmor, LIMIT } from '../support/cli.ts'
import { matchesSchema } from '../support/schema.ts'

const PROFILE = 'apparmor-test-cli-look'
const HOSTILE = `${PROFILE} "\x1bc`

const sleeper = () => spawnConfined('sleep', ['600'], { profile: PROFILE })
let confined: ReturnType<typeof sleeper>
let unconfined: ReturnType<typeof spawn>

t.before(async () => {
  unconfined = spawn('sleep', ['600'])
  await once(unconfined, 'spawn')
  await replace(`profile ${PROFILE} { file, signal, unix, }
    profile ${PROFILE}-complain flags=(complain) { }
    profile ${PROFILE}-sleep /usr/bin/sleep { }`)
  await replace(`profile "${PROFILE} \\"\\x1bc" { }`)
  confined = sleeper()
  await once(confined, 'spawn')
})
t.teardown(async () => {
  for (const child of [confined, unconfined]) {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  for (const name of [PROFILE, HOSTILE, `${PROFILE}-complain`, `${PROFILE}-sleep`]) {
    await remove({ profile: name })
  }
})

const theirs = (...args: readonly string[]) =>
  spawnSync('aa-status', args, { encoding: 'utf8', timeout: LIMIT })

// aa-status also counts the profiles that the kernel makes itself for programs in complain mode, and frees when
// they have ended.
const made = (): number =>
  readFileSync('/sys/kernel/security/apparmor/profiles', 'latin1').split('//null-').length - 1

t.test('status as aa-status counts', async (t) => {
  for (const flag of ['--profiled', '--enforced', '--complaining']) {
    let before: number
    let found: Awaited<ReturnType<typeof apparmor>>
    let other: ReturnType<typeof theirs>
    do {
      before = made()
      found = await apparmor(['status', flag])
      other = theirs(flag)
    } while (made() !== before)
    const all = Number(found.stdout) + (flag === '--enforced' ? 0 : before)
    t.strictSame([all, found.status], [Number(other.stdout), other.status], flag)
  }
  t.equal((await apparmor(['status', '--enabled'])).status, theirs('--enabled').status)
})

t.test('status --json=aa is what aa-status --json means, and always JSON', async (t) => {
  const found = JSON.parse((await apparmor(['status', '--json=aa'])).stdout)
  const text = theirs('--json').stdout
  t.throws(() => JSON.parse(text), 'a name with a quote breaks its JSON')
  t.equal(found.profiles[HOSTILE], 'enforce')
  t.equal(found.profiles[`${PROFILE}-complain`], 'complain')
  const listed = Object.values<{ pid: string }[]>(found.processes).flat()
  t.match(
    listed.find(({ pid }) => pid === String(confined.pid)),
    { profile: PROFILE, status: 'enforce' },
  )
  for (const [, name = '', mode] of text.matchAll(/"(apparmor-[\w.-]+)": "(\w+)"/g)) {
    t.equal(found.profiles[name], mode, name)
  }
})

t.test('status in words shows what needs a look, and no hostile name raw', async (t) => {
  for (const columns of [40, 200]) {
    const { stdout, status } = await apparmor(['status'], { columns, env: { NO_COLOR: '1' } })
    t.equal(status, 0)
    t.match(stdout, /^AppArmor is on: \d+ profiles, \d+ of \d+ processes confined\n/)
    t.match(stdout, `${PROFILE} "\\x1bc`)
    t.notOk(stdout.includes('\x1b'))
    t.match(stdout, new RegExp(`${PROFILE} +${confined.pid} sleep`))
  }
  const { stdout } = await apparmor(['status', `--filter.profiles=^${PROFILE}$`, '--show=profiles'])
  t.notMatch(stdout, `${PROFILE}-complain`)
})

t.test('JSON of status, ps, who and features is as documented', async (t) => {
  for (const argv of [
    ['status', '--json'],
    ['ps', '--all', '--json'],
    ['who', '/usr/bin/sleep', '--json'],
    ['features', '--json'],
    ['features', 'domain', '--json'],
    ['features', '--compare', '/etc/apparmor.d/abi/3.0', '--json'],
    ['abi', '--json'],
  ]) {
    const { stdout } = await apparmor(argv)
    await matchesSchema(t, argv[0] as string, JSON.parse(stdout))
  }
})

t.test('ps lists what is confined, alone, under a profile, and as a tree', async (t) => {
  const { stdout } = await apparmor(['ps'])
  t.match(stdout, new RegExp(`^ +${confined.pid} +0 +enforce +\\S*sleep +${PROFILE}$`, 'm'))
  t.notMatch(stdout, new RegExp(`^ +${process.pid} `, 'm'))
  t.match(await apparmor(['ps', '-p', PROFILE, '--json']), {
    status: 0,
    stdout: new RegExp(`"pid": ${confined.pid}`),
  })
  t.match(await apparmor(['ps', '-p', `${PROFILE}-complain`]), { status: 1 })
  const tree = await apparmor(['ps', '--tree', '-p', PROFILE])
  t.match(
    tree.stdout,
    new RegExp(
      `${process.pid} node.*unconfined\\n(.*\\n)*.*─ ${confined.pid} sleep +${PROFILE} enforce`,
    ),
  )
})

t.test('who names the profile that is attached, and those that may execute', async (t) => {
  const { stdout, status } = await apparmor(['who', '/usr/bin/sleep'])
  t.equal(status, 0)
  t.match(stdout, new RegExp(`may execute +${PROFILE}$`, 'm'))
  t.notMatch(stdout, new RegExp(`may execute +${PROFILE}-complain$`, 'm'))
})

t.test('abi is what aa-features-abi extracts', async (t) => {
  const { stdout } = await apparmor(['abi'])
  const other = spawnSync('aa-features-abi', ['-x', '--stdout'], {
    encoding: 'utf8',
    timeout: LIMIT,
  })
  t.equal(stdout, other.stdout)
  const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'abi')
  t.equal((await apparmor(['abi', '-w', file])).status, 0)
  t.equal((await apparmor(['abi', '-f', file])).stdout, stdout)
})
