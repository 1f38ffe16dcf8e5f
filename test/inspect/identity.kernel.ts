import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { getcon, getProcAttr, getTaskCon, getThreadCons, type ThreadCon } from 'apparmor'
import { spawn } from 'apparmor/child_process'
import t from 'tap'
import { child, type Step } from '../support/child.ts'
import { makeFiles } from '../support/files.ts'
import { hasSelfAttr } from '../support/kernel.ts'

const WEB = 'apparmor-test-web'
const UNCONFINED = { label: 'unconfined', mode: null }
const THREAD = { scope: 'thread' }

const { denied, allowed } = makeFiles(t)

t.test('an unconfined process sees itself so', async (t) => {
  t.strictSame(getcon(), UNCONFINED)
  t.strictSame(getProcAttr('current'), UNCONFINED)
  t.equal(getProcAttr('exec'), null)
  t.equal(getProcAttr('prev'), null)
  t.strictSame(getTaskCon(process.pid), UNCONFINED)
  t.strictSame(getTaskCon(process.ppid), UNCONFINED)
  const threads = getThreadCons()
  t.equal(threads[0]?.tid, process.pid)
  t.ok(threads.length > 5)
  t.ok(threads.every(({ label, mode }) => label === 'unconfined' && mode === null))
})

t.test('another process: its label, its threads', async (t) => {
  const sleeper = spawn('sleep', ['60'], { profile: WEB, stdio: 'ignore' })
  t.teardown(() => sleeper.kill())
  const { pid = 0 } = sleeper
  while (readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'sleep\n') await sleep(20)
  t.strictSame(getTaskCon(pid), { label: WEB, mode: 'enforce' })
  t.strictSame(getThreadCons(pid), [{ tid: pid, name: 'sleep', label: WEB, mode: 'enforce' }])
  t.strictSame(getcon(), UNCONFINED, 'the caller is not meant')
})

t.test('no such process', async (t) => {
  const error = { name: 'AppArmorError', code: 'ENOENT', errno: -2, syscall: 'aa_gettaskcon' }
  for (const call of [getTaskCon, getThreadCons]) {
    t.throws(() => call(0x7fffffff), { ...error, pid: 0x7fffffff }, call.name)
    t.throws(() => call(0x7fffffff), {
      message: /^ENOENT: no such process, aa_gettaskcon 2147483647\. /,
    })
  }
})

t.test('the mode of a profile, a stack, a namespace', async (t) => {
  const worker = (...steps: Step[]): Step => ['worker', steps]
  const enter = (profile: string) => worker(['call', 'changeProfile', profile, THREAD])
  const outcomes = child([
    enter('apparmor-test-complain'),
    enter('apparmor-test-kill'),
    enter('apparmor-test-unconfined'),
    enter(':apparmor-test-ns:inner'),
    worker(
      ['call', 'changeProfile', 'apparmor-test-complain', THREAD],
      ['call', 'stackProfile', WEB, THREAD],
    ),
    ['call', 'getThreadCons'],
  ])
  const threads = outcomes.at(-1)?.ok as readonly ThreadCon[]
  const seen = (part: string) => threads.filter(({ label }) => label.includes(part))
  t.match(seen('apparmor-test-kill'), [{ mode: 'kill' }])
  t.match(seen('apparmor-test-unconfined'), [{ mode: 'unconfined' }])
  t.match(seen('inner'), [{ label: /^:apparmor-test-ns:(\/\/)?inner$/, mode: 'enforce' }])
  t.match(seen(WEB), [{ label: /^[^&]+\/\/&[^&]+$/, mode: 'mixed' }], 'enforce and complain')
  t.match(seen('apparmor-test-complain'), [
    { label: 'apparmor-test-complain', mode: 'complain' },
    {},
  ])
  t.equal(threads[0]?.label, 'unconfined', 'the main thread has stayed')

  const inside = outcomes[3]?.ok
  t.match(
    inside,
    [{ ok: { label: 'inner', mode: 'enforce' } }],
    'inside, the namespace is not shown',
  )
})

t.test('a profile that does not let its thread read the label', async (t) => {
  const [change, con, available, other] = child([
    ['call', 'changeProfile', 'apparmor-test-blind', THREAD],
    ['call', 'getcon'],
    ['call', 'availability'],
    ['read', allowed],
  ])
  const mode = hasSelfAttr ? 'enforce' : null
  t.strictSame(
    change,
    { ok: { label: 'apparmor-test-blind', mode, threads: 1 } },
    'no mode is guessed',
  )
  if (hasSelfAttr) t.strictSame(con, { ok: { label: 'apparmor-test-blind', mode: 'enforce' } })
  else
    t.match(con, {
      error: { code: 'EACCES', syscall: 'aa_getcon', path: /^\/proc\/(\d+|self)\/attr/ },
    })
  t.match(available, { ok: { enabled: true } })
  t.strictSame(other, { ok: 'allowed' })
})

t.test('a name that is not UTF-8 comes back byte for byte', async (t) => {
  const bytes = Buffer.from('apparmor-test-\xff\xc3z\xed\xa0\x80\xe4 end', 'latin1')
  const name = 'apparmor-test-\udcff\udcc3z\udced\udca0\udc80\udce4 end'
  const rules = ' { file, network, unix, signal, capability, change_profile, deny /**/denied r, }\n'
  const input = Buffer.concat([Buffer.from('profile "'), bytes, Buffer.from(`"${rules}`)])
  execFileSync('apparmor_parser', ['-r', '-K'], { input })
  t.teardown(() => execFileSync('apparmor_parser', ['-R', '-K'], { input }))

  const [change, con, threads, denial, neighbour, again, onexec, exec, spawned] = child([
    ['call', 'changeProfile', name, THREAD],
    ['call', 'getcon'],
    ['call', 'getThreadCons'],
    ['read', denied],
    ['read', allowed],
    ['call', 'changeProfile', name, THREAD],
    ['call', 'changeOnexec', name],
    ['call', 'getProcAttr', 'exec'],
    ['spawn', 'sh', '-c', 'od -An -v -tx1 /proc/self/attr/current | tr -d " \n"'],
  ])
  t.strictSame(change, { ok: { label: name, mode: 'enforce', threads: 1 } })
  t.strictSame(con, { ok: { label: name, mode: 'enforce' } })
  t.match(threads, { ok: [{ label: name, mode: 'enforce' }] })
  t.match(denial, { error: { code: 'EACCES' } })
  t.strictSame(neighbour, { ok: 'allowed' })
  t.match(again, { ok: { label: name } }, 'what was read can be used')
  t.strictSame(onexec, { ok: null })
  t.strictSame(exec, { ok: { label: name, mode: 'enforce' } })
  const label = Buffer.concat([bytes, Buffer.from(' (enforce)\n')])
  t.match(spawned, { ok: { stdout: label.toString('hex') } }, 'the kernel has these bytes')
})
