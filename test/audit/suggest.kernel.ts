import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { apply, follow, suggest, type AuditRecord, type Follow } from 'apparmor/audit'
import { spawn, spawnSync } from 'apparmor/child_process'
import { parseProfile, format, remove, replace, setMode, type Policy } from 'apparmor/policy'
import t from 'tap'
import { makeFiles } from '../support/files.ts'

const { dir } = makeFiles(t)
const at = (name: string) => join(dir, name)
const NAME = 'apparmor-test-suggest'
const PEER = 'apparmor-test-suggest-peer'

const BASE = `
  /{,usr/}{,s}bin/** mrix,
  /{,usr/}lib{,32,64}/** mr,
  /{etc,proc,usr/share,usr/local}/** r,
  /{,**/} r,
  /dev/{null,tty} rw,
  /proc/*/attr/** w,
  ${dir}/other* rw,
`

interface Act {
  readonly class: string
  readonly act: string
  /** what stays refused */
  readonly neighbour: string
  /** for what comes before the class is asked */
  readonly rules?: string
}

const perl = (code: string) => `exec perl -MSocket -e '${code}'`
const attr = (text: string) =>
  perl(`open(F, ">", "/proc/self/attr/current") or exit 1; syswrite(F, "${text}") or exit 2`)

// The other processes whom signals and traces are for: one confined, one not.
const other = spawn('/bin/sleep', ['1000'])
t.teardown(() => other.kill())

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

t.test(
  'what is refused, suggested and applied, is permitted, and its neighbour is not',
  async (t) => {
    for (const name of ['a', 'b', 'other', 'other2']) fs.writeFileSync(at(name), name)
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
    await replace(peer)
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
    let all = await restart()
    const rules = all.map(({ rules = '' }) => rules).join('\n  ')
    let policy: Policy = parseProfile(`profile ${NAME} {${BASE}  ${rules}\n}\n\n${peer}`)
    await replace(format(policy))
    t.teardown(() => remove({ profile: NAME }))
    await drained(log)
    let statuses: readonly number[] = []
    for (let round = 0; round < 5; round++) {
      statuses = run(all.map(({ act }) => act))
      const records = await drained(log)
      if (round === 0) {
        for (const [i, { act, class: kind }] of all.entries()) {
          t.not(statuses[i], 0, `refused: ${act}`)
          const seen = records.some((record) => record.class === kind && record.event === 'denied')
          t.ok(seen, `and told: ${kind}`)
        }
      }
      if (statuses.length === all.length && statuses.every((status) => status === 0)) break
      policy = apply(policy, suggest(records, { policy }))
      await replace(format(policy))
      all = await restart()
      await drained(log)
    }
    for (const [i, { act }] of all.entries()) t.equal(statuses[i], 0, `permitted: ${act}`)
    const others = run(all.map(({ neighbour }) => neighbour))
    for (const [i, { neighbour }] of all.entries()) {
      t.not(others[i] ?? 0, 0, `still refused: ${neighbour}`)
    }
    await log.return?.()
  },
)

t.test('a hat', async (t) => {
  const hat = (name: string) =>
    perl(
      `open(F, ">", "/proc/self/attr/current") or exit 1; syswrite(F, "changehat 0000000000000001^${name}") or exit 2; open(G, "<", "${at('a')}") or exit 3`,
    )
  let policy = parseProfile(`profile ${NAME} {${BASE}}\n`)
  await replace(format(policy))
  t.not(run([hat('inner')])[0], 0)
  await setMode(NAME, 'complain')
  const log = follow({ source: 'kmsg', signal: AbortSignal.timeout(100_000) })
  const first = log.next()
  t.equal(run([hat('inner')])[0], 0)
  await first
  policy = apply(policy, suggest(await drained(log), { policy }))
  t.match(format(policy), /hat inner \{/)
  await replace(format(policy))
  t.equal(run([hat('inner')])[0], 0)
  t.not(run([hat('outer')])[0], 0)
  await log.return?.()
})
