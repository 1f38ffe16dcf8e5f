import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  getThreadCons,
  processes,
  profiles,
  status,
  type LoadedProfile,
  type Status,
} from 'apparmor'
import t from 'tap'
import { afterScript, child } from './support/child.ts'

const INTERFACE = '/sys/kernel/security/apparmor'
const MANY = 300
const MODES = ['enforce', 'complain', 'kill', 'unconfined'] as const
const PREFIX = 'apparmor-test-seen'
const HOSTILE = [
  'quote"d',
  'back\\slash',
  'with spaces',
  '(odd) (enforce)',
  'new\nline (kill)\nfake',
  '\xff\xfe latin',
  '": "enforce", "b',
]
// As the package gives them: bytes that are not UTF-8 as lone surrogates. apparmor_parser keeps the
// escape of a backslash in the name.
const shown = (name: string): string =>
  name
    .replaceAll('\\', '\\\\')
    .replaceAll(/[\x80-\xff]/g, (byte) => String.fromCharCode(0xdc00 + byte.charCodeAt(0)))

const quoted = (name: string): string =>
  `"${name.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`
const policy = [
  ...Array.from({ length: MANY }, (_, i) => {
    const flags = i % 4 === 0 ? '' : `flags=(${MODES[i % 4]}) `
    return `profile ${PREFIX}-${i} ${flags}{}\n`
  }),
  ...HOSTILE.map((name) => `profile ${quoted(`${PREFIX} ${name}`)} {}\n`),
  `profile ${PREFIX}-parent { hat ${PREFIX}-hat {} profile inner {} }\n`,
  `profile :${PREFIX}-ns:web {}\n`,
].join('')
const input = Buffer.from(policy, 'latin1')

let loaded: readonly LoadedProfile[] = []
const ours = (list: readonly LoadedProfile[] | null) =>
  (list ?? []).filter(({ label }) => label.includes(PREFIX))
const named = (name: string) => loaded.find((profile) => profile.label === name)

spawnSync('apparmor_parser', ['-r', '-K', '-O', 'no-expr-simplify'], { input })
t.teardown(() => spawnSync('apparmor_parser', ['-R', '-K'], { input }))

t.test('profiles: every one, with its mode and its exact name', async (t) => {
  loaded = await profiles()
  t.equal(ours(loaded).length, MANY + HOSTILE.length + 4)
  for (let i = 0; i < MANY; i++) t.equal(named(`${PREFIX}-${i}`)?.mode, MODES[i % 4])
  for (const name of HOSTILE) {
    const found = named(shown(`${PREFIX} ${name}`))
    t.match(found, { mode: 'enforce', parent: null, namespace: null }, JSON.stringify(name))
  }
  t.match(named(`${PREFIX}-parent//inner`), { parent: `${PREFIX}-parent`, mode: 'enforce' })
  t.match(named(`${PREFIX}-parent//${PREFIX}-hat`), { parent: `${PREFIX}-parent` })
  t.match(named(`:${PREFIX}-ns://web`), { namespace: `${PREFIX}-ns`, name: 'web' })
})

t.test('profiles: as the kernel’s flat list has them', async (t) => {
  const flat = readFileSync(`${INTERFACE}/profiles`, 'latin1')
  for (const { name, namespace, mode } of loaded) {
    if (/[^\0-\x7f]/.test(name)) continue
    const label = namespace === null ? name : `:${namespace}:${name}`
    t.ok(flat.includes(`${label} (${mode})\n`), label)
  }
  const lines = (text: string) => text.split('\n').length - 1
  const inNames = loaded.reduce((sum, { name }) => sum + lines(name), 0)
  t.equal(lines(flat), loaded.length + inNames, 'and no more')
})

t.test('profiles: hash and directory are those of the kernel', async (t) => {
  const some = ours(loaded).slice(0, 5)
  t.equal(some.length, 5)
  for (const { directory, hash } of some) {
    const [algorithm = '', value] = hash?.split(':') ?? []
    t.equal(readFileSync(`${INTERFACE}/${directory}/${algorithm}`, 'utf8').trim(), value)
  }
})

t.test('profiles: a change is seen at once', async (t) => {
  const extra = `profile ${PREFIX}-extra { }\n`
  execFileSync('apparmor_parser', ['-r', '-K'], { input: extra })
  t.equal((await profiles()).filter(({ name }) => name === `${PREFIX}-extra`).length, 1)
  execFileSync('apparmor_parser', ['-R', '-K'], { input: extra })
  t.equal((await profiles()).filter(({ name }) => name === `${PREFIX}-extra`).length, 0)
})

t.test('processes: labels, kinds, and a thread with another label', async (t) => {
  const outcomes = child([
    ['worker', [['call', 'changeProfile', 'apparmor-test-web', { scope: 'thread' }]]],
    ['call', 'getThreadCons'],
    ['call', 'processes', { label: 'apparmor-test-web' }],
    ['call', 'processes', { mode: 'enforce', pid: process.pid }],
    ['call', 'processes'],
  ])
  const threads = outcomes[1]?.ok as ReturnType<typeof getThreadCons>
  const confined = threads.filter(({ label }) => label === 'apparmor-test-web')
  const main = threads[0]?.tid
  t.match(outcomes[2]?.ok, [{ pid: main, label: 'unconfined', mode: null, differing: confined }])
  t.equal((outcomes[2]?.ok as unknown[]).length, 1, 'half confined, it is found by its thread')
  t.strictSame(outcomes[3], { ok: [] })
  const all = outcomes[4]?.ok as Status['processes']
  t.match(
    all.find(({ pid }) => pid === main),
    {
      parent: process.pid,
      uid: 0,
      kind: 'program',
      command: 'node',
      executable: process.execPath,
      threads: threads.length,
    },
  )
  t.ok(all.some(({ kind, executable }) => kind === 'kernel' && executable === null))
})

t.test('processes: filters', async (t) => {
  const { pid } = process
  const self = async (filter: Parameters<typeof processes>[0]) =>
    (await processes(filter)).some((found) => found.pid === pid)
  t.ok(await self({ pid }))
  t.equal((await processes({ pid: [pid, 1, pid + 1_000_000] })).length, 2)
  t.ok(await self({ pid: (number) => number === pid }))
  t.ok(await self({ executable: process.execPath, mode: null, label: 'unconfined' }))
  t.ok(await self({ executable: /node$/g, label: (label) => label === 'unconfined' }))
  t.notOk(await self({ executable: '/bin/other' }))
  t.notOk(await self({ mode: ['enforce', 'complain'] }))
  await t.rejects(processes({ pid: 0 }), { code: 'ERR_OUT_OF_RANGE' })
  await t.rejects(processes({ label: 1 as unknown as string }), { code: 'ERR_INVALID_ARG_TYPE' })
  await t.rejects(processes(1 as unknown as object), { code: 'ERR_INVALID_ARG_TYPE' })
})

t.test('processes: one that should be confined and is not', async (t) => {
  const program = '/usr/bin/apparmor-test-sleeper'
  const attached = '/{usr/,}bin/apparmor-test-sleep*'
  const file = `profile ${attached} flags=(unconfined) {}\n`
  execFileSync('apparmor_parser', ['-R', '-K'], { input: `${attached} {}\n` })
  copyFileSync('/bin/sleep', program)
  const sleeper = spawn(program, ['60'], { stdio: 'ignore' })
  t.teardown(() => {
    sleeper.kill()
    rmSync(program)
  })
  await sleep(500)
  const find = async () => (await processes({ executable: program }))[0]
  t.match(await find(), { label: 'unconfined', expected: null })
  execFileSync('apparmor_parser', ['-r', '-K'], { input: file })
  t.match(await find(), { label: 'unconfined', expected: attached })
})

t.test('status: both, with counts', async (t) => {
  const found = await status()
  t.match(found, { policyError: null, consistent: true, hidden: false })
  t.equal(found.revision?.before, found.revision?.after)
  const sum = (counts: object) => Object.values(counts).reduce((a: number, b: number) => a + b, 0)
  t.equal(sum(found.counts.profiles), found.profiles?.length)
  const { partial, expected, ...modes } = found.counts.processes
  t.equal(sum(modes), found.processes.filter(({ kind }) => kind === 'program').length)
  t.equal(ours(found.profiles).length, MANY + HOSTILE.length + 4)
})

t.test('another user sees labels and policy, but not all programs', async (t) => {
  const [, found] = child([
    ['setuid', 65534],
    ['call', 'status'],
  ])
  const { profiles, processes, policyError } = found?.ok as Status
  t.equal(policyError, null)
  t.equal(ours(profiles).length, MANY + HOSTILE.length + 4)
  t.match(
    processes.find(({ pid }) => pid === process.pid),
    { label: 'unconfined', executable: null },
  )
})

t.test('without securityfs the processes are told, and why no profiles', async (t) => {
  const through = afterScript('umount -l /sys/kernel/security', 'unshare', '-m')
  const [found, list] = child(
    [
      ['call', 'status'],
      ['call', 'profiles'],
    ],
    { through },
  )
  t.match(found, {
    ok: { profiles: null, policyError: { code: 'ENOENT' }, revision: null, consistent: null },
  })
  t.ok((found?.ok as Status).processes.length > 2)
  t.match(list, { error: { name: 'AppArmorError', code: 'ENOENT', syscall: 'aa_find_mountpoint' } })
})

t.test('in a mount and PID namespace of its own, its own processes', async (t) => {
  const through = ['unshare', '-m', '--pid', '--fork', '--mount-proc']
  const [found] = child([['call', 'status']], { through })
  t.match(found, { ok: { hidden: false, processes: [{ pid: 1, label: 'unconfined' }] } })
  t.equal((found?.ok as Status).processes.length, 1)
})

t.test('where /proc hides processes, status says so', async (t) => {
  const hide = afterScript('mount -t proc -o hidepid=2 proc /proc', 'unshare', '-m')
  const user = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  const [found] = child([['call', 'status']], { through: [...hide, ...user] })
  t.match(found, { ok: { hidden: true } })
})
