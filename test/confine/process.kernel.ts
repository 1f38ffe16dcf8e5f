import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { child, afterScript, type Step } from '../support/child.ts'
import { makeFiles } from '../support/files.ts'
import { hasSelfAttr } from '../support/kernel.ts'
import { MANY, reportOf, runProgram } from '../support/program.ts'

const PROFILE = 'apparmor-test-process'
const NEXT = `${PROFILE}-next`
const MUTE = `${PROFILE}-mute`

t.setTimeout(300_000)

interface Thread {
  readonly tid: number
  readonly label: string
}
const labelsOf = (threads: readonly Thread[] = []) => [
  ...new Set(threads.map(({ label }) => label)),
]

const { dir, denied, allowed } = makeFiles(t)
for (const fifo of ['fifo', 'fifo2']) execFileSync('mkfifo', [join(dir, fifo)])
writeFileSync(join(dir, 'next'), 'next')
writeFileSync(join(dir, 'hosts'), '192.0.2.7 in-hosts.test\n')
writeFileSync(join(dir, 'resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:10\n')

const NEIGHBOUR = ['allowed', 'allowed']
const BEFORE = { sync: 'denied', async: 'denied', neighbour: NEIGHBOUR }
const AFTER = { sync: 'EACCES', async: 'EACCES', neighbour: NEIGHBOUR }

t.test('every thread is confined, whatever it does at that moment', async (t) => {
  const mounts = ['hosts', 'resolv.conf'].map((name) => `mount --bind ${dir}/${name} /etc/${name}`)
  const through = afterScript(mounts.join('; '), 'unshare', '-m')
  const said = reportOf('threads', [dir], { through, env: { UV_THREADPOOL_SIZE: '8' } })

  t.match(said.result, { label: PROFILE, mode: 'enforce' })
  t.equal(said.result.threads, said.threads.length)
  t.ok(said.threads.length >= 20, `${said.threads.length} threads`)
  t.ok(said.threads.every(({ label }: { label: string }) => label === PROFILE))
  t.strictSame(said.inspectors, [PROFILE], 'the inspector’s signal thread')

  t.strictSame(said.before, { ...BEFORE, hosts: '192.0.2.7' })
  // getaddrinfo may not read the hosts file any more, and asks the name server
  t.strictSame(said.after, { ...AFTER, hosts: '192.0.2.1' })
  for (const worker of said.workers) {
    t.strictSame(worker.before, BEFORE, `a Worker that ${worker.activity}: before`)
    t.strictSame(worker.after, AFTER, `a Worker that ${worker.activity}: after`)
    t.strictSame(worker.errors, [], `a Worker that ${worker.activity}: goes on`)
  }
  t.strictSame(said.workers.at(-1).child, ['denied', 'status 1', 'allowed'], 'a Worker’s child')
  t.strictSame(said.blocked, ['read', 'opened', '192.0.2.1'], 'blocked calls go on')
  t.match(said, { timers: true, served: 'served', zipped: true, derived: true })
})

t.test('from a Worker that ends, and again: the main thread never loaded the addon', async (t) => {
  const said = reportOf('process', ['worker', dir])
  t.match(said.result, { ok: { label: PROFILE, mode: 'enforce' } })
  t.strictSame(said.reads, ['EACCES', 'EACCES', 'allowed'])
  t.ok(said.mapped, 'the handler of the signal stays in memory')
  t.strictSame(said.uid, ['65534'], 'libc reaches every thread with its own signal')
  t.match(said.again, { ok: { label: NEXT } })
  t.strictSame(said.uidAgain, ['65534'])
  t.match(said.own, { ok: { label: PROFILE } })
  t.strictSame(labelsOf(said.threads), [PROFILE])
})

t.test('many Workers', async (t) => {
  const said = reportOf('process', ['many', dir, String(MANY)])
  t.equal(said.result.threads, said.threads.length)
  t.ok(said.threads.length > MANY)
  t.strictSame(labelsOf(said.threads), [PROFILE])
  t.strictSame(said.answers, Array(MANY).fill(['EACCES', 'allowed']))
})

t.test('five hundred threads', async (t) => {
  const env = { UV_THREADPOOL_SIZE: '500' }
  const said = reportOf('process', ['crowd', dir, '500'], { env })
  t.equal(said.result.threads, said.threads.length)
  t.ok(said.threads.length > 500, `${said.threads.length} threads`)
  t.strictSame(labelsOf(said.threads), [PROFILE])
  t.strictSame(said.reads, [['denied'], ['EACCES'], ['allowed']])
})

t.test('two Workers at once, while others come and go and uids are set', async (t) => {
  const said = reportOf('process', ['churn', dir])
  t.strictSame(said.failures, [])
  for (const [name, { times, failures }] of Object.entries<any>(said.counts)) {
    t.ok(times > 0, `${name}: ${times} times`)
    t.strictSame(failures, [], `${name}: no failure`)
  }
  t.strictSame(labelsOf(said.threads), [PROFILE])
})

t.test('a change of uids reaches every thread while the profile has a signal rule', async (t) => {
  const said = reportOf('process', ['uids', dir])
  t.strictSame(said.before, ['65534'])
  t.strictSame(said.after, ['65534'])
  t.equal(said.warned, 0)
  t.strictSame(said.warnings, [['AppArmorWarning', 'APPARMOR_SETUID']], 'else there is a warning')
  t.strictSame(said.mute, ['65534', '0'], 'for libc reports success and changes one thread')
  t.match(said.refused, { code: 'EACCES', syscall: 'rt_tgsigqueueinfo', profile: PROFILE })
  t.strictSame(labelsOf(said.threads), [MUTE], 'and no thread can change any more')
})

t.test('after the uid has been dropped', async (t) => {
  const said = reportOf('process', ['dropped', dir])
  t.match(said.result, { ok: { mode: 'enforce', threads: said.threads.length } })
  t.strictSame(said.uids, ['65534'])
  t.strictSame(said.reads, ['EACCES', 'EACCES', 'allowed'])
  t.equal(labelsOf(said.threads).length, 1)
  t.match(labelsOf(said.threads)[0], PROFILE)
})

t.test('a refusal before the first change leaves every thread as it was', async (t) => {
  const change = (profile: string): Step => ['call', 'changeProfile', profile]
  const state: readonly Step[] = [
    ['call', 'getThreadCons'],
    ['read', denied],
    ['readAsync', denied],
  ]
  const check = (outcomes: ReturnType<typeof child>, label: string) => {
    const [threads, sync, async] = outcomes
    t.strictSame(labelsOf(threads?.ok as Thread[]), [label], `every thread is ${label}`)
    t.strictSame([sync?.ok, async?.ok], ['denied', 'denied'])
  }
  const stay = `${PROFILE}-stay`
  const outcomes = child([
    change('apparmor-test-missing'),
    ...state,
    change(stay),
    ...state,
    change(PROFILE),
    ...state,
    ['call', 'stackProfile', PROFILE],
    ['call', 'getThreadCons'],
    ['read', denied],
    ['readAsync', denied],
    ['read', allowed],
  ])
  t.match(outcomes[0]?.error, { code: 'ENOENT', syscall: 'aa_change_profile' })
  check(outcomes.slice(1, 4), 'unconfined')
  t.match(outcomes[4]?.ok, { label: stay })
  check(outcomes.slice(5, 8), stay)
  // Kernels that stack hide a profile without a rule.
  t.match(outcomes[8]?.error, { code: /^(EACCES|ENOENT)$/, syscall: 'aa_change_profile' })
  check(outcomes.slice(9, 12), stay)
  const stack = `${PROFILE}//&${stay}`
  t.match(outcomes[12]?.ok, { label: stack, mode: 'enforce' })
  t.strictSame(labelsOf(outcomes[13]?.ok as Thread[]), [stack])
  t.match(outcomes.slice(14, 16), [{ error: { code: 'EACCES' } }, { error: { code: 'EACCES' } }])
  t.strictSame(outcomes[16], { ok: 'allowed' })
})

t.test('no_new_privs: changing is refused for every thread, stacking is not', async (t) => {
  const start = `${PROFILE}-start`
  const outcomes = child(
    [
      ['call', 'changeProfile', start],
      ['call', 'changeProfile', PROFILE],
      ['call', 'getThreadCons'],
      ['readAsync', denied],
      ['call', 'stackProfile', PROFILE],
      ['call', 'getThreadCons'],
      ['readAsync', denied],
      ['read', denied],
      ['readAsync', allowed],
    ],
    { through: ['setpriv', '--no-new-privs'] },
  )
  t.match(outcomes[0]?.ok, { label: start }, 'an unconfined process may')
  t.match(outcomes[1]?.error, {
    code: 'EPERM',
    syscall: 'aa_change_profile',
    message: /no_new_privs.*stackProfile/,
  })
  t.strictSame(labelsOf(outcomes[2]?.ok as Thread[]), [start])
  t.strictSame(outcomes[3], { ok: 'denied' })
  const stack = `${PROFILE}//&${start}`
  t.match(outcomes[4]?.ok, { label: stack, mode: 'enforce' })
  t.strictSame(labelsOf(outcomes[5]?.ok as Thread[]), [stack])
  t.match(outcomes.slice(6, 8), [{ error: { code: 'EACCES' } }, { error: { code: 'EACCES' } }])
  t.strictSame(outcomes[8], { ok: 'allowed' })
})

t.test('a thread that does not answer in time: nothing changes, and later all do', async (t) => {
  const said = reportOf('process', ['stuck', dir])
  t.match(said.refused, { code: 'ETIMEDOUT', syscall: 'aa_change_profile', profile: PROFILE })
  t.ok(said.took >= 200 && said.took < 10_000, `${said.took} ms`)
  t.strictSame(labelsOf(said.held), ['unconfined'])
  t.strictSame(labelsOf(said.released), ['unconfined'], 'the late one finds that nobody waits')
  t.match(said.result, { label: PROFILE, threads: said.threads.length })
  t.strictSame(labelsOf(said.threads), [PROFILE])
})

t.test('without a free descriptor', async (t) => {
  const said = reportOf('process', ['descriptors', dir])
  if (hasSelfAttr) {
    t.match(said.result, { ok: { label: PROFILE, threads: said.threads.length } })
    t.strictSame(labelsOf(said.threads), [PROFILE])
    t.strictSame(said.reads, ['EACCES', 'allowed'])
  } else {
    t.match(said.result, { code: 'EMFILE', syscall: 'aa_change_profile' })
    t.strictSame(labelsOf(said.threads), ['unconfined'])
    t.strictSame(said.reads, ['denied', 'allowed'])
  }
})

const ring = runProgram('process', ['ring', dir], { env: { UV_USE_IO_URING: '1' } })
const polls = ring.report?.['names'].some((name: string) => name.startsWith('iou-sqp'))

t.test(
  'io_uring with a polling thread is refused, since that would keep the old label',
  { skip: ring.report !== null && !polls && 'this Node or this kernel has no such threads' },
  async (t) => {
    t.equal(ring.status, 0)
    t.match(ring.report?.['refused'], { code: 'ERR_APPARMOR_IO_URING', profile: PROFILE })
    t.strictSame(labelsOf(ring.report?.['threads']), ['unconfined'])
    t.equal(ring.report?.['reads'], 'denied')
  },
)
