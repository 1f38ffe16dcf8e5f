import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { containerOf, getThreadCons, processes, status, type ConfinedProcess } from 'apparmor'
import t from 'tap'
import { afterScript, child } from '../support/child.ts'
import { awaitWithGarbage } from '../support/garbage.ts'
import { hasSelfAttr } from '../support/kernel.ts'

const WEB = 'apparmor-test-web'
const RUN = 'apparmor-test-run'
const SLEEP = realpathSync('/bin/sleep')
/** The only one that has the kernel's threads: a container sees none. */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]'
const USER = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
const policy = `
  profile ${RUN} { file, unix, signal, hat hat { file, signal, } }
  profile :${RUN}-ns:a { file, signal, } profile :${RUN}-ns:b { file, signal, }
  profile ${RUN}-complain flags=(complain) { file, signal, }
  profile ${RUN}-kill flags=(kill) { file, signal, }
  profile ${RUN}-unconfined flags=(unconfined) { file, signal, }
  profile "${RUN} \\"odd\\" (enforce)" { file, signal, }
`
spawnSync('apparmor_parser', ['-r', '-K'], { input: policy })
const started: ChildProcess[] = []
t.teardown(() => {
  for (const one of started) one.kill('SIGKILL')
  spawnSync('apparmor_parser', ['-R', '-K'], { input: policy })
})

function start(file: string, ...args: readonly string[]): ChildProcess & { pid: number } {
  const stdout = file === 'perl' ? 'pipe' : 'ignore' // a child that outlives it would hold the pipe
  const one = spawn(file, args, { stdio: ['ignore', stdout, 'ignore'] })
  started.push(one)
  return one as typeof one & { pid: number }
}

/** The process, as soon as it looks so. */
async function until(pid: number, fits: (one: ConfinedProcess) => boolean) {
  for (let waited = 0; waited < 30_000; waited += 50) {
    const [found] = await processes({ pid })
    if (found && fits(found)) return found
    await sleep(50)
  }
  throw new Error(`process ${pid} never looks as expected`)
}

const sleeps = ({ executable }: ConfinedProcess): boolean => executable === SLEEP

t.test('hats, stacks and every mode: what the kernel says, and aa-status', async (t) => {
  const cases = [
    [RUN, 'enforce'],
    [`${RUN}//hat`, 'enforce'],
    [`${RUN}-complain`, 'complain'],
    [`${RUN}-kill`, 'kill'],
    [`${RUN}-unconfined`, 'unconfined'],
    [`${RUN}//&${RUN}-complain`, 'mixed'],
    [`${RUN} "odd" (enforce)`, 'enforce'],
  ] as const
  const pids = cases.map(([label]) => start('aa-exec', '-p', label, '--', 'sleep', '600').pid)
  for (const pid of pids) await until(pid, sleeps)
  const found = await processes({ executable: SLEEP, pid: pids })
  t.equal(found.length, cases.length)
  const { stdout } = spawnSync('aa-status', ['--json'], { encoding: 'utf8' })
  for (const [i, [label, mode]] of cases.entries()) {
    const pid = pids[i] as number
    const one = found.find((one) => one.pid === pid)
    t.match(one, {
      mode,
      kind: 'program',
      parent: process.pid,
      uid: 0,
      threads: 1,
      command: 'sleep',
    })
    const [first = '', second] = label.split('//&')
    // a stack is a set
    t.ok([label, `${second}//&${first}`].includes(one?.label ?? ''), label)
    // No JSON, where a program runs under two modes; one entry of it is right, if its name lets it.
    if (label.includes('"') || mode === 'unconfined') continue
    const entry = `{"profile": "${one?.label}", "pid": "${pid}", "status": "${mode}"}`
    t.ok(stdout.includes(entry), `aa-status: ${entry}`)
  }
  t.equal((await processes({ label: RUN, pid: pids })).length, 2, 'by a part of the stack')
  t.equal((await processes({ mode: ['kill', 'mixed'], pid: pids })).length, 2)
  for (const one of started.splice(0)) one.kill('SIGKILL')
})

t.test('a stack with a namespace, which the kernel names once', async (t) => {
  const label = `${RUN}//&:${RUN}-ns:a//&b`
  const { pid } = start('aa-exec', '-p', label, '--', 'sleep', '600')
  t.match(await until(pid, sleeps), { label, mode: 'enforce' })
  t.equal((await processes({ pid, label: `:${RUN}-ns://b` })).length, 1)
  t.equal((await processes({ pid, label: 'b' })).length, 0, 'one of the own namespace')
  started.pop()?.kill('SIGKILL')
})

t.test('a thread with another label: half confined', async (t) => {
  const outcomes = child([
    ['worker', [['call', 'changeProfile', WEB, { scope: 'thread' }]]],
    ['call', 'getThreadCons'],
    ['call', 'processes', { label: WEB }],
    ['call', 'processes', { mode: 'enforce', pid: process.pid }],
    ['call', 'status'],
  ])
  const threads = outcomes[1]?.ok as ReturnType<typeof getThreadCons>
  const confined = threads.filter(({ label }) => label === WEB)
  t.equal(confined.length, 1)
  const main = threads[0]?.tid
  t.match(outcomes[2]?.ok, [
    { pid: main, label: 'unconfined', mode: null, differing: confined, threads: threads.length },
  ])
  t.equal((outcomes[2]?.ok as unknown[]).length, 1, 'it is found by its thread')
  t.strictSame(outcomes[3], { ok: [] }, 'and its parent, which is unconfined, is not')
  t.match(outcomes[4], { ok: { counts: { processes: { partial: 1 } } } })
})

t.test('a zombie and the kernel’s threads are told apart', async (t) => {
  const parent = start(
    'perl',
    '-e',
    '$| = 1; my $pid = fork; exit unless $pid; print $pid; sleep 600',
  )
  const [text] = (await once(parent.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  const zombie = await until(Number(text), ({ kind }) => kind === 'zombie')
  t.match(zombie, { parent: parent.pid, command: 'perl', executable: null, expected: null })
  const all = await processes()
  const kernel = all.filter(({ kind }) => kind === 'kernel')
  t.equal(kernel.length > 0, readlinkSync('/proc/self/ns/pid') === FIRST_PID_NAMESPACE)
  t.ok(kernel.every(({ executable, label }) => executable === null && label === 'unconfined'))
  const own = all.find(({ pid }) => pid === process.pid)
  t.match(own, { kind: 'program', executable: process.execPath, command: 'node', uid: 0 })
  t.equal(own?.parent, process.ppid)
  t.match(
    all.find(({ pid }) => pid === 1),
    { parent: null },
  )
  parent.kill('SIGKILL')
})

t.test('processes that end meanwhile are left out, and disturb nothing', async (t) => {
  const busy = start('perl', '-e', 'for (1 .. 100) { exit unless fork; wait }')
  let looks = 0
  for (; busy.exitCode === null; looks++) {
    const all = await processes()
    const strange = all.filter(({ kind, label }) => kind === 'program' && label === null)
    if (strange.length > 0) t.fail(JSON.stringify(strange))
    if (!all.some(({ pid }) => pid === process.pid)) t.fail('this process is missing')
  }
  t.ok(looks > 1)
  t.strictSame(await processes({ pid: 0x7fffffff }), [])
})

t.test('filters', async (t) => {
  const { pid } = process
  const self = async (filter: Parameters<typeof processes>[0]) =>
    (await processes(filter)).some((found) => found.pid === pid)
  t.ok(await self({ pid }))
  t.equal((await processes({ pid: [pid, 1, pid + 1_000_000] })).length, 2)
  t.ok(await self({ pid: (number) => number === pid }))
  t.ok(await self({ executable: process.execPath, mode: null, label: 'unconfined' }))
  t.ok(await self({ executable: /node$/g, label: (label) => label === 'unconfined' }))
  t.ok(await self({ mode: (mode) => mode === null }))
  t.notOk(await self({ executable: '/bin/other' }))
  t.notOk(await self({ mode: ['enforce', 'complain'] }))
  await t.rejects(processes({ pid: 0 }), { code: 'ERR_OUT_OF_RANGE' })
  await t.rejects(processes({ label: 1 as unknown as string }), { code: 'ERR_INVALID_ARG_TYPE' })
  await t.rejects(processes(1 as unknown as object), { code: 'ERR_INVALID_ARG_TYPE' })
  const failing = () => {
    throw new Error('mine')
  }
  await t.rejects(processes({ label: failing }), { message: 'mine' })
})

t.test('one that should be confined and is not', async (t) => {
  const program = '/usr/bin/apparmor-test-sleeper'
  const other = '/usr/bin/apparmor-test-other'
  const attached = '/{usr/,}bin/apparmor-test-sleep*'
  const file = `profile ${attached} flags=(complain) { file, signal, }\n`
  execFileSync('apparmor_parser', ['-R', '-K'], { input: `${attached} {}\n` })
  for (const copy of [program, other]) copyFileSync(SLEEP, copy)
  t.teardown(() => [program, other].forEach((copy) => rmSync(copy)))
  const [early, neighbour] = [start(program, '600'), start(other, '600')]
  const runs = ({ executable }: ConfinedProcess) => executable !== process.execPath
  t.match(await until(early.pid, runs), { label: 'unconfined', expected: null })
  execFileSync('apparmor_parser', ['-r', '-K'], { input: file })
  t.match(await until(early.pid, runs), { label: 'unconfined', expected: attached })
  t.match(await until(neighbour.pid, runs), { label: 'unconfined', expected: null })
  const late = start(program, '600')
  t.match(
    await until(late.pid, ({ executable }) => executable === program),
    { label: attached, mode: 'complain', expected: null },
    'the kernel attaches it to what starts now',
  )
  t.equal((await status()).counts.processes.expected, 1)
  for (const one of [early, neighbour, late]) one.kill('SIGKILL')
})

t.test('another user sees labels, but not all programs', async (t) => {
  const [found] = child([['call', 'processes', { pid: process.pid }]], { through: USER })
  t.match(found, { ok: [{ label: 'unconfined', mode: null, uid: 0, executable: null }] })
  const [own] = child([['call', 'processes', { executable: process.execPath }]], { through: USER })
  t.match(own, { ok: [{ uid: 65534 }] }, 'its own it does')
})

t.test('processes of another PID namespace have the numbers of /proc', async (t) => {
  const outer = start('unshare', '--pid', '--fork', '--kill-child', 'sleep', '600')
  await until(outer.pid, ({ command }) => command === 'unshare')
  let inner: ConfinedProcess | undefined
  while (!inner)
    inner = (await processes({ executable: SLEEP })).find((p) => p.parent === outer.pid)
  t.match(inner, { command: 'sleep', label: 'unconfined' })
  process.kill(inner.pid, 'SIGKILL')

  const through = ['unshare', '-m', '--pid', '--fork', '--mount-proc']
  const [within] = child([['call', 'processes']], { through })
  t.match(within, { ok: [{ pid: 1, parent: null, label: 'unconfined' }] })
  t.equal((within?.ok as unknown[]).length, 1, 'and from within, its own only')
})

t.test('what /proc does not let one read is counted; what it hides, said', async (t) => {
  const hide = (how: number) => [
    ...afterScript(`mount -t proc -o hidepid=${how} proc /proc`, 'unshare', '-m'),
    ...USER,
  ]
  const [unreadable] = child([['call', 'status']], { through: hide(1) })
  const seen = unreadable?.ok as Awaited<ReturnType<typeof status>>
  t.match(
    seen.processes.find(({ pid }) => pid === process.pid),
    { label: null, mode: null, uid: null, executable: null, threads: null, kind: 'program' },
  )
  t.match(seen, { hidden: false, counts: { processes: { none: 1 } } }, 'itself')
  t.equal(seen.counts.processes.unreadable, seen.processes.length - 1)

  const [hidden] = child([['call', 'status']], { through: hide(2) })
  t.match(hidden, { ok: { hidden: true, counts: { processes: { none: 1, unreadable: 0 } } } })
})

t.test('without securityfs they are told all the same', async (t) => {
  const through = afterScript('umount -l /sys/kernel/security', 'unshare', '-m')
  const [found] = child([['call', 'processes', { pid: process.pid }]], { through })
  t.match(found, { ok: [{ label: 'unconfined', expected: null }] })
})

t.test('without /proc the error says so', async (t) => {
  const through = afterScript('mount -t tmpfs none /proc', 'unshare', '-m')
  const [found] = child([['call', 'processes']], { through })
  const code = hasSelfAttr ? 'ERR_APPARMOR_NO_PROCFS' : 'ENOENT'
  t.match(found, { error: { name: 'AppArmorError', code, message: /Mount \/proc/ } })
})

t.test('the container of a process, when it is asked for', async (t) => {
  const id = '0123456789abcdef'.repeat(4)
  const mount = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
  t.equal(spawnSync('mount', ['-t', 'cgroup2', 'none', mount]).status, 0)
  const group = `${mount}/libpod-${id}.scope`
  mkdirSync(group)
  t.teardown(() => {
    rmdirSync(group)
    spawnSync('umount', [mount])
    rmdirSync(mount)
  })
  const { pid } = start(SLEEP, '1000')
  writeFileSync(`${group}/cgroup.procs`, `${pid}`)
  const container = { engine: 'podman', id, name: null }
  t.match(await processes({ pid }, { containers: true }), [{ pid, container }])
  t.match(await processes({ pid: process.pid }, { containers: true }), [{ container: null }])
  t.strictSame(await containerOf(pid), container)
  t.notOk('container' in ((await processes({ pid }))[0] ?? {}))
  process.kill(pid, 'SIGKILL')
  await once(started.at(-1) as ChildProcess, 'exit')
  t.equal(await containerOf(pid), null, 'not when it has ended')
})

t.test('garbage ends in a designed error', async (t) => {
  t.strictSame(await awaitWithGarbage(8), [])
  const { pid } = start('aa-exec', '-p', RUN, '--', SLEEP, '1000')
  t.match(await until(pid, sleeps), { label: RUN }, 'and what is confined is found as before')
})
