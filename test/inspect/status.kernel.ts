import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { processes, profiles, status, type Status } from 'apparmor'
import t from 'tap'
import { afterScript, child } from '../support/child.ts'

const sum = (counts: object): number =>
  Object.values(counts).reduce((a: number, b: number) => a + b, 0)

t.test('both, with counts', async (t) => {
  const found = await status()
  t.match(found, { policyError: null, consistent: true, hidden: false })
  t.type(found.revision?.before, 'number')
  t.equal(found.revision?.before, found.revision?.after)
  t.strictSame(found.profiles, await profiles())
  t.equal(sum(found.counts.profiles), found.profiles?.length)
  for (const [mode, count] of Object.entries(found.counts.profiles)) {
    t.equal(count, found.profiles?.filter((profile) => profile.mode === mode).length, mode)
  }
  const programs = found.processes.filter(({ kind }) => kind === 'program')
  const { partial: _, expected: __, ...modes } = found.counts.processes
  t.equal(sum(modes), programs.length)
  t.equal(modes.none, programs.filter(({ mode }) => mode === null).length)
  const same = ({ pid }: { pid: number }) => pid
  const again = (await processes()).map(same)
  t.ok(again.length > 2 && found.processes.map(same).every((pid) => again.includes(pid)))
})

t.test('policy that changes during the look is said', async (t) => {
  const input = 'profile apparmor-test-busy { }\n'
  const script = `while :; do echo '${input}' | apparmor_parser -r -K; done`
  const writer = spawn('sh', ['-c', script], { stdio: 'ignore' })
  t.teardown(() => {
    writer.kill()
    for (const how of ['-r', '-R']) spawnSync('apparmor_parser', [how, '-K'], { input })
  })
  let found: Status
  do found = await status()
  while (found.consistent)
  const { before = 0, after = 0 } = found.revision ?? {}
  t.equal(found.consistent, false)
  t.ok(after > before, `${before} < ${after}`)
})

t.test('another user is told as much of the policy', async (t) => {
  const here = await profiles()
  const user = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  const [found] = child([['call', 'status']], { through: user })
  t.match(found, { ok: { policyError: null, hidden: false } })
  t.equal((found?.ok as Status).profiles?.length, here.length)
})

t.test('without securityfs the processes are told, and why no profiles', async (t) => {
  const through = afterScript('umount -l /sys/kernel/security', 'unshare', '-m')
  const [found] = child([['call', 'status']], { through })
  t.match(found, {
    ok: { profiles: null, policyError: { code: 'ENOENT' }, revision: null, consistent: null },
  })
  t.ok((found?.ok as Status).processes.length > 2)
})

t.test('in a mount and PID namespace of its own, its own processes', async (t) => {
  const through = ['unshare', '-m', '--pid', '--fork', '--mount-proc']
  const [found] = child([['call', 'status']], { through })
  t.match(found, { ok: { hidden: false, processes: [{ pid: 1, label: 'unconfined' }] } })
  t.equal((found?.ok as Status).processes.length, 1)
})

// As docs/seeing.md has it.
const RULES = `
  / r,
  /{profiles,namespaces,revision,raw_data}{,/**} r,
  /sys/kernel/security/apparmor/{,**} r,
  @{PROC}/ r,
  @{PROC}/@{pids}/{,**} r,
  ptrace (read),
`
// Of Node and of this test.
const MORE = `/usr/** rm, /etc/** r, /dev/** rw, @{PROC}/** rw, "${process.cwd()}/**" rm, unix, signal,
  capability sys_ptrace,`

t.test('a confined process is told what its profile has to allow', async (t) => {
  const input = `include <tunables/global>
    profile apparmor-test-blind { ${RULES} ${MORE} }
    profile apparmor-test-looking flags=(attach_disconnected) { ${RULES} ${MORE} }`
  execFileSync('apparmor_parser', ['-r', '-K'], { input })
  t.teardown(() => execFileSync('apparmor_parser', ['-R', '-K'], { input }))
  const under = (profile: string) =>
    child([
      ['call', 'changeProfile', profile],
      ['call', 'status'],
      ['call', 'profiles'],
    ])
  const [, looking] = under('apparmor-test-looking')
  t.match(looking, { ok: { policyError: null, consistent: true, hidden: false } })
  const { processes: seen, profiles: loaded } = looking?.ok as Status
  t.ok(loaded?.some(({ name }) => name === 'apparmor-test-blind'))
  t.match(
    seen.find(({ pid }) => pid === process.pid),
    { label: 'unconfined', executable: process.execPath },
  )
  const [, blind, list] = under('apparmor-test-blind')
  t.match(blind, { ok: { profiles: null, policyError: { code: 'EACCES' }, consistent: null } })
  t.match(list, { error: { code: 'EACCES', message: /flags=\(attach_disconnected\)/ } })
})
