import { execFileSync, spawn as spawnPlain } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { createRequire } from 'node:module'
import { release } from 'node:os'
import { join, resolve } from 'node:path'
import { apply, follow, parseRecord, suggest, type AuditRecord, type Follow } from 'apparmor/audit'
import { spawn, spawnSync } from 'apparmor/child_process'
import { parseProfile, format, remove, replace, setMode, type Policy } from 'apparmor/policy'
import t, { type Test } from 'tap'
import { makeFiles } from '../support/files.ts'

const { dir } = makeFiles(t)
const at = (name: string) => join(dir, name)
const NAME = 'apparmor-test-suggest'
const PEER = 'apparmor-test-suggest-peer'
// The rules of some classes are newer than the installed compiler may be.
const { APPARMOR_PARSER } = process.env
const compiler = APPARMOR_PARSER ? { parser: APPARMOR_PARSER } : {}

const BASE = `
  /{,usr/}{,s}bin/** mrix,
  /{,usr/}lib{,32,64}/** mr,
  /{etc,proc,usr/share,usr/local}/** r,
  /{,**/} r,
  /dev/{null,tty} rw,
  /proc/*/attr/** w,
  ${dir}/uring mrix,
  ${dir}/other* rw,
`

interface Act {
  readonly class: string
  readonly act: string
  /** what stays refused */
  readonly neighbour: string
  /** for what comes before the class is asked */
  readonly rules?: string
  /** whether this kernel mediates the class at all; default: every kernel does */
  readonly mediated?: boolean
}

const perl = (code: string) => `exec perl -MSocket -e '${code}'`
const attr = (text: string) =>
  perl(`open(F, ">", "/proc/self/attr/current") or exit 1; syswrite(F, "${text}") or exit 2`)

// The other processes whom signals and traces are for: one confined, one not.
const other = spawn('/bin/sleep', ['1000'])
t.teardown(() => other.kill())

const { queryLabel } = createRequire(import.meta.url)(resolve('build/Release/apparmor.node')) as {
  queryLabel(label: string, match: string): [allow: number, deny: number]
}

// What the kernel answers about a class of which the policy says nothing.
const EVERYTHING = 0xffff_ffff

/** Whether policy of this compiler has the kernel decide on a class. */
function isMediated(feature: string, number: number): boolean {
  const [allow] = queryLabel(NAME, String.fromCharCode(number))
  const has = fs.existsSync(`/sys/kernel/security/apparmor/features/${feature}`)
  const is = has && allow !== EVERYTHING
  const why = has ? 'the compiler does not know it' : 'the kernel does not'
  t.comment(`${feature}: ${is ? 'mediated' : `not mediated: ${why}`}`)
  return is
}

await replace(`abi <kernel>,\nprofile ${NAME} {\n  signal,\n}\n`, compiler)
const mediated = {
  userns: isMediated('namespaces/mask', 21),
  uring: isMediated('io_uring/mask', 22),
  dbus: isMediated('dbus/mask', 32),
  mqueue: isMediated('ipc/posix_mqueue', 17),
}
await remove({ profile: NAME })

execFileSync('cc', ['-o', at('uring'), 'test/guest/uring.c'])
const DISABLED = '/proc/sys/kernel/io_uring_disabled'
if (fs.existsSync(DISABLED)) {
  const before = fs.readFileSync(DISABLED, 'utf8')
  t.teardown(() => fs.writeFileSync(DISABLED, before))
  fs.writeFileSync(DISABLED, '0')
}

// A bus of its own, whose daemon asks the kernel.
const any = (what: string): string => `<allow ${what}_type="method_call"/>
  <allow ${what}_type="signal"/><allow ${what}_requested_reply="true"/>`
fs.writeFileSync(
  at('bus.conf'),
  `<busconfig><type>system</type><listen>unix:path=${at('other-bus')}</listen><auth>EXTERNAL</auth>
  <policy context="default"><allow user="*"/>${any('send')}${any('receive')}</policy>
  <apparmor mode="enabled"/></busconfig>`,
)
const bus = spawnPlain(
  'dbus-daemon',
  ['--nofork', '--print-address', `--config-file=${at('bus.conf')}`],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
  },
)
t.teardown(() => bus.kill())
await once(bus.stdout, 'data')
const ask = (member: string): string =>
  `dbus-send --bus=unix:path=${at('other-bus')} --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.${member}`

// mq_open(2) with O_CREAT | O_RDWR
const queue = (name: string): string =>
  perl(
    `my $name = "${name}"; syscall(${process.arch === 'x64' ? 240 : 180}, $name, 66, 384, 0) >= 0 or exit 1`,
  )

/** Opens a file without making it, and does something with it. */
const opened = (name: string, flags: string, then = '1'): string =>
  `exec perl -MFcntl=:DEFAULT,:flock -e 'sysopen(F, "${at(name)}", ${flags}) or exit 1; (${then}) or exit 2'`
const LOCK = 'flock(F, LOCK_EX)'
// mmap(2) with PROT_READ | PROT_EXEC and MAP_PRIVATE
const MAP = `syscall(${process.arch === 'x64' ? 9 : 222}, 0, 4096, 5, 2, fileno(F), 0) != -1`

const ROUNDS = 9

const acts = (peer: number): readonly Act[] => [
  { class: 'file', act: `cat ${at('a')}`, neighbour: `cat ${at('b')}` },
  { class: 'file', act: `echo > ${at('new')}`, neighbour: `echo > ${at('newer')}` },
  { class: 'file', act: `mkdir ${at('d')} || test -d ${at('d')}`, neighbour: `mkdir ${at('e')}` },
  { class: 'exec', act: at('prog'), neighbour: at('prog2') },
  {
    class: 'file',
    act: `ln ${at('a')} ${at('hard')} || test -e ${at('hard')}`,
    neighbour: `ln ${at('b')} ${at('soft')}`,
  },
  { class: 'file', act: opened('log', 'O_WRONLY|O_APPEND'), neighbour: opened('log', 'O_WRONLY') },
  {
    class: 'file',
    act: opened('other', 'O_RDONLY', LOCK),
    neighbour: opened('other2', 'O_RDONLY', LOCK),
  },
  {
    class: 'file',
    act: opened('other', 'O_RDONLY', MAP),
    neighbour: opened('other2', 'O_RDONLY', MAP),
  },
  { class: 'cap', act: `chown 1 ${at('other')}`, neighbour: `chroot / true` },
  {
    class: 'net',
    act: perl('socket(S, AF_INET, SOCK_STREAM, 0) or exit 1'),
    neighbour: perl('socket(S, AF_INET, SOCK_DGRAM, 0) or exit 1'),
  },
  {
    class: 'unix',
    act: perl('socket(S, AF_UNIX, SOCK_STREAM, 0) or exit 1'),
    neighbour: perl('socket(S, AF_UNIX, SOCK_DGRAM, 0) or exit 1'),
  },
  { class: 'signal', act: `kill -0 ${other.pid}`, neighbour: `kill -CONT ${other.pid}` },
  { class: 'signal', act: `kill -CONT ${peer}`, neighbour: `kill -WINCH ${peer}` },
  { class: 'ptrace', act: `ls -l /proc/${peer}/exe`, neighbour: `ls -l /proc/${other.pid}/exe` },
  {
    class: 'mount',
    act: `mount -t tmpfs none ${at('m')}`,
    neighbour: `mount -t tmpfs none ${at('n')}`,
    rules: 'capability sys_admin,',
  },
  {
    class: 'mount',
    act: `umount ${at('p')} || ! grep -q ${at('p')} /proc/mounts`,
    neighbour: `umount ${at('o')}`,
  },
  {
    class: 'change_profile',
    act: attr(`changeprofile ${PEER}`),
    neighbour: attr('changeprofile unconfined'),
  },
  {
    class: 'rlimit',
    act: 'ulimit -Hn 60',
    neighbour: 'ulimit -Hn 70',
    rules: 'capability sys_resource,\n  set rlimit nofile <= 50,',
  },
  {
    class: 'userns',
    act: 'unshare -U true',
    neighbour: 'unshare -Um true',
    mediated: mediated.userns,
  },
  {
    class: 'io_uring',
    act: `${at('uring')} sqpoll`,
    neighbour: `${at('uring')} override`,
    mediated: mediated.uring,
  },
  {
    class: 'dbus',
    act: ask('ListNames'),
    neighbour: ask('GetId'),
    mediated: mediated.dbus,
  },
]

/** Runs commands one after the other under the profile: the status of each. */
function run(commands: readonly string[]): readonly number[] {
  // Not through a pipe: those of Node are sockets, and so a thing of the profile.
  const report = at('other-statuses')
  fs.writeFileSync(report, '')
  const script = commands.map((command) => `(${command}); echo $? >> ${report}`).join('\n')
  spawnSync('/bin/sh', ['-c', script], { profile: NAME, stdio: 'ignore', timeout: 60_000 })
  return fs.readFileSync(report, 'utf8').trim().split('\n').map(Number)
}

const unmount = (path: string): boolean =>
  execFileSync('sh', ['-c', `umount ${path} 2>/dev/null && echo yes || true`], {
    encoding: 'utf8',
  }) !== ''

/** The records until now: a refused request of this process's own comes after them. */
async function drained(log: Follow): Promise<AuditRecord[]> {
  try {
    fs.writeFileSync('/proc/thread-self/attr/current', 'test nothing')
  } catch {
    // always refused
  }
  const found: AuditRecord[] = []
  for await (const record of { [Symbol.asyncIterator]: () => ({ next: () => log.next() }) }) {
    if (record.event === 'lost') throw new Error(`lost ${record.count}`)
    if (record.class === 'attr' && record.pid === process.pid) return found
    found.push(record)
  }
  throw new Error('the log has ended')
}

const write = (policy: Policy): Promise<unknown> => replace(format(policy), compiler)

/**
 * Has the acts refused, and applies what is suggested until they are permitted: then their neighbours are refused still.
 *
 * @param restart the acts, again after each change of the policy
 */
async function teach(
  t: Test,
  log: Follow,
  before: Policy,
  restart: () => Promise<readonly Act[]>,
): Promise<void> {
  let policy = before
  await write(policy)
  t.teardown(() => remove({ profile: NAME }))
  let all = await restart()
  await drained(log)
  let statuses: readonly number[] = []
  const told = new Set<string>()
  for (let round = 0; round < ROUNDS; round++) {
    statuses = run(all.map(({ act }) => act))
    const records = await drained(log)
    for (const { class: kind, event } of records) if (event === 'denied') told.add(kind)
    if (round === 0) {
      for (const [i, { act, mediated = true }] of all.entries()) {
        if (mediated) t.not(statuses[i], 0, `refused: ${act}`)
      }
    }
    if (statuses.length === all.length && statuses.every((status) => status === 0)) break
    policy = apply(policy, suggest(records, { policy }))
    await write(policy)
    all = await restart()
    await drained(log)
  }
  const others = run(all.map(({ neighbour }) => neighbour))
  for (const [i, { class: kind, act, neighbour, mediated = true }] of all.entries()) {
    t.equal(told.has(kind), mediated, `${mediated ? 'told' : 'not mediated here'}: ${kind}`)
    t.equal(statuses[i], 0, `permitted: ${act}`)
    if (mediated) t.not(others[i] ?? 0, 0, `still refused: ${neighbour}`)
  }
}

t.test(
  'what is refused, suggested and applied, is permitted, and its neighbour is not',
  async (t) => {
    for (const name of ['a', 'b', 'log', 'other', 'other2']) fs.writeFileSync(at(name), name)
    for (const name of ['m', 'n', 'o', 'p']) fs.mkdirSync(at(name))
    for (const name of ['o', 'p']) execFileSync('mount', ['-t', 'tmpfs', 'none', at(name)])
    t.teardown(() => {
      for (const name of ['m', 'o', 'p']) while (unmount(at(name)));
    })
    for (const name of ['prog', 'prog2']) fs.copyFileSync('/bin/true', at(name))
    for (const name of ['prog', 'prog2']) fs.chmodSync(at(name), 0o755)
    const peer = `profile ${PEER} {\n  file,\n  signal receive peer=unconfined,\n}\n`
    const log = follow({ source: 'kmsg', signal: AbortSignal.timeout(100_000) })
    const first = log.next()
    await replace(peer, compiler)
    t.match(await first, { value: { class: 'policy' } })
    // Of a process that is only waiting, Linux 7 asks the policy that was there when it last did something.
    let sleeper = spawn('/bin/sleep', ['1000'], { profile: PEER })
    const restart = async (): Promise<readonly Act[]> => {
      sleeper.kill()
      await once(sleeper, 'exit')
      sleeper = spawn('/bin/sleep', ['1000'], { profile: PEER })
      await once(sleeper, 'spawn')
      return acts(sleeper.pid ?? 0)
    }
    t.teardown(async () => {
      sleeper.kill()
      await once(sleeper, 'exit')
      await remove({ profile: PEER })
    })
    const rules = acts(0)
      .map(({ rules = '' }) => rules)
      .join('\n  ')
    const text = `abi <kernel>,\nprofile ${NAME} {${BASE}  ${rules}\n}\n\n${peer}`
    await teach(t, log, parseProfile(text), restart)
    await log.return?.()
  },
)

// These would be neighbours of others: each has a policy of its own.
const alone: readonly Act[] = [
  {
    class: 'io_uring',
    act: `${at('uring')} override`,
    neighbour: `${at('uring')} sqpoll`,
    mediated: mediated.uring,
  },
  // Where message queues are no class they are files outside of the tree.
  {
    class: mediated.mqueue ? 'mqueue' : 'file',
    act: queue('apparmor-test-queue'),
    neighbour: queue('apparmor-test-other'),
  },
]
for (const act of alone) {
  t.test(`the same of ${act.act.slice(-80)}`, async (t) => {
    const log = follow({ source: 'kmsg', signal: AbortSignal.timeout(100_000) })
    const policy = parseProfile(`abi <kernel>,\nprofile ${NAME} {${BASE}}\n`)
    const opened = log.next()
    await write(policy)
    await opened
    await teach(t, log, policy, async () => [act])
    await log.return?.()
  })
}

/** What the profile lacks to run a command, all at once. */
async function asked(log: Follow, policy: Policy, act: () => void): Promise<AuditRecord[]> {
  await write(policy)
  await setMode(NAME, 'complain')
  await drained(log)
  act()
  const records = await drained(log)
  await setMode(NAME, 'enforce')
  return records
}

/** A log that has begun. */
async function begun(): Promise<Follow> {
  const log = follow({ source: 'kmsg', signal: AbortSignal.timeout(100_000) })
  const first = log.next()
  await replace(`profile ${NAME} {\n}\n`, compiler)
  await first
  return log
}

t.test(
  'a program is started as it was chosen, and what it needs is permitted where it runs',
  async (t) => {
    fs.writeFileSync(at('line'), 'a\n')
    for (const name of ['runner', 'runner2']) {
      fs.writeFileSync(at(name), `#!/bin/sh\nread word < ${at('line')}\n`)
      fs.chmodSync(at(name), 0o755)
    }
    const log = await begun()
    t.teardown(async () => {
      await remove({ profile: NAME })
      await remove({ profile: at('runner') })
    })
    for (const mode of ['ix', 'Px', 'Cx', 'Ux'] as const) {
      const policy = parseProfile(`abi <kernel>,\nprofile ${NAME} {${BASE}}\n`)
      const exec = (program: string) => (program === at('runner') ? mode : 'ix')
      const records = await asked(log, policy, () => run([at('runner')]))
      const found = suggest(records, { policy, exec })
      const after = apply(policy, found)
      t.match(format(after), new RegExp(`${at('runner')} m?r?${mode}`))
      const rule = found.find(({ text }) => text.includes(`${at('runner')} `))
      t.equal(
        rule?.dangers.some(({ name }) => name === 'unconfined'),
        mode === 'Ux',
      )
      await write(after)
      const [acted, neighbour, inside] = run([
        at('runner'),
        at('runner2'),
        `read word < ${at('line')}`,
      ])
      t.equal(acted, 0, `permitted: ${mode}`)
      t.not(neighbour, 0, 'still refused: another program')
      if (mode === 'ix') t.equal(inside, 0, 'what it may do, the profile may do')
      else t.not(inside, 0, 'what it may do, the profile may not')
    }
    await log.return?.()
  },
)

t.test('owner: the own file, and not that of another user', async (t) => {
  fs.writeFileSync(at('mine'), 'mine')
  fs.chownSync(at('mine'), 1000, 1000)
  const asUser = () =>
    spawnSync('/bin/cat', [at('mine')], { profile: NAME, stdio: 'ignore', uid: 1000, gid: 1000 })
      .status
  const log = await begun()
  t.teardown(() => remove({ profile: NAME }))
  const policy = parseProfile(`abi <kernel>,\nprofile ${NAME} {${BASE}}\n`)
  await write(policy)
  await drained(log)
  t.not(asUser(), 0)
  const found = suggest(await drained(log), { policy })
  t.strictSame(
    found.map(({ text }) => text),
    [`owner ${at('mine')} r,`],
  )
  await write(apply(policy, found))
  t.equal(asUser(), 0)
  fs.chownSync(at('mine'), 0, 0)
  t.not(asUser(), 0)
  await log.return?.()
})

// On Linux 6.12 a hat that is missing in complain mode stops the kernel's policy loading for ever: there the records are
// those that another kernel writes.
const STOPS = release().startsWith('6.12.')

function recorded(): readonly AuditRecord[] {
  const body = (operation: string, rest: string): string =>
    `audit: type=1400 audit(1795690704.769:34): apparmor="ALLOWED" operation="${operation}" ${rest}`
  const lines = [
    body(
      'change_hat',
      `class="file" profile="${NAME}" name="inner" pid=9 comm="perl" target="${NAME}//null-inner"`,
    ),
    body(
      'open',
      `class="file" profile="${NAME}//null-inner" name="${at('a')}" pid=9 comm="perl" requested_mask="r" denied_mask="r" fsuid=0 ouid=0`,
    ),
  ]
  return lines.map((line) => parseRecord(line) as AuditRecord)
}

t.test('a hat', async (t) => {
  const hat = (name: string) =>
    perl(
      `open(F, ">", "/proc/self/attr/current") or exit 1; syswrite(F, "changehat 0000000000000001^${name}") or exit 2; open(G, "<", "${at('a')}") or exit 3`,
    )
  let policy = parseProfile(`profile ${NAME} {${BASE}}\n`)
  const log = follow({ source: 'kmsg', signal: AbortSignal.timeout(100_000) })
  const first = log.next()
  await write(policy)
  t.teardown(() => remove({ profile: NAME }))
  await first
  // The kernel does not tell of one missing hat, but of two.
  t.equal(run([hat('inner\\0other')])[0], 2)
  const refused = (await drained(log)).filter((one) => one.class === 'change_hat')
  t.match(refused, [{ event: 'denied', info: 'no hats defined' }])
  let records = recorded()
  if (!STOPS) {
    await setMode(NAME, 'complain')
    t.equal(run([hat('inner')])[0], 0)
    records = await drained(log)
  }
  policy = apply(policy, suggest(records, { policy }))
  t.match(format(policy), /hat inner \{/)
  await write(policy)
  t.equal(run([hat('inner')])[0], 0)
  t.not(run([hat('outer')])[0], 0)
  await log.return?.()
})
