import { fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import t from 'tap'
import { makeFiles } from '../support/files.ts'
import { programFile, runProgram, type ProgramOptions } from '../support/program.ts'

const PROFILE = 'apparmor-test-process'

t.setTimeout(180_000)

const { allowed } = makeFiles(t)

interface Run {
  readonly lines: readonly any[]
  readonly last: any
  readonly stderr: string
}

/** The lines that both runs of the program wrote: one where it begins, one at the end. */
function run(args: readonly string[], options?: ProgramOptions): Run {
  const { stdout, stderr } = runProgram('reexec', args, options)
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  return { lines, last: lines.at(-1), stderr }
}

t.test('executes the program again, all of it under the profile', async (t) => {
  const { lines, last } = run([PROFILE, '{}', 'an argument'], {
    flags: ['--max-old-space-size=200', '--no-warnings'],
    env: { VARIABLE: 'value' },
    through: ['bash', '-c', 'cd / && exec -a own-name "$0" "$@"'],
  })
  const [first, second, end, ...rest] = lines
  t.strictSame(rest, [])
  t.equal(second.begins.pid, first.begins.pid, 'in the same process')
  t.match(last, {
    failed: { ok: null },
    argv0: 'own-name',
    args: [PROFILE, '{}', 'an argument'],
    variable: 'value',
    cwd: '/',
    marked: false,
    three: /^(EBADF|EAGAIN|EINVAL|EISDIR|EACCES)$/,
  })
  t.strictSame(end.labels, [PROFILE], 'every thread')
  t.strictSame(end.execArgv, ['--max-old-space-size=200', '--no-warnings'])
})

t.test('returns at once when it is there already', async (t) => {
  const through = ['aa-exec', '-p', PROFILE, '--']
  const { lines, last } = run([PROFILE], { through })
  t.equal(lines.length, 2, 'it began once')
  t.match(last, { failed: { ok: null }, labels: [PROFILE] })
})

t.test('keeps the descriptors it is told to keep', async (t) => {
  const fd = openSync(allowed, 'r')
  t.teardown(() => closeSync(fd))
  const start = (options: object) => {
    const args = [programFile('reexec'), PROFILE, JSON.stringify(options)]
    const { stdout } = spawnSync(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'inherit', fd],
      encoding: 'utf8',
    })
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
  }
  t.match(start({ keepFds: [3] }), { labels: [PROFILE], three: 'allowed' })
  const lost = start({})
  t.match(lost, { labels: [PROFILE] })
  t.not(lost.three, 'allowed')
})

t.test('leaves no pipe in non-blocking mode', async (t) => {
  const { lines } = run([PROFILE, '{}', 'stdin'])
  t.match(lines, [
    { begins: { nonBlocking: false } },
    { touched: true },
    { begins: { nonBlocking: false } },
    { touched: true },
    { labels: [PROFILE] },
  ])
})

for (const serialization of ['json', 'advanced'] as const) {
  t.test(`keeps the channel to its parent: ${serialization}`, async (t) => {
    const child = fork(programFile('reexec'), [PROFILE], { serialization, silent: true })
    const [ready] = await once(child, 'message')
    t.strictSame(ready.ready, serialization === 'json' ? {} : new Set(['set']))
    child.send({ number: 1n.toString() })
    const [answer] = await once(child, 'message')
    t.strictSame(answer.message, { number: '1' })
    t.match(answer.state, { pid: child.pid, labels: [PROFILE] })
  })
}

t.test('refuses where the program would lose something, and in a Worker', async (t) => {
  const listening = run([PROFILE, '{}', 'listens']).last
  t.match(listening, { failed: { code: 'ERR_APPARMOR_REEXEC_LATE' }, labels: ['unconfined'] })
  t.match(listening.failed.message, /ServerWrap/)
  const discarded = run([PROFILE, '{"discardHandles":true}', 'listens']).lines
  t.strictSame(discarded.at(-1).labels, [PROFILE])
  t.match(run([PROFILE, '{}', 'worker']).last, { code: 'ERR_WORKER_UNSUPPORTED_OPERATION' })
})

t.test('a refusal leaves the program intact', async (t) => {
  const missing = run(['apparmor-test-missing']).last
  t.match(missing, {
    failed: { code: 'ENOENT', syscall: 'aa_change_onexec', profile: 'apparmor-test-missing' },
    labels: ['unconfined'],
  })
  const large = run([PROFILE, '{}', 'large']).last
  t.match(large, {
    failed: { code: 'E2BIG', syscall: 'execve', message: /stays set for the next exec/ },
    labels: ['unconfined'],
    exec: PROFILE,
  })
})

t.test('into a policy namespace', async (t) => {
  const { lines, last } = run([':apparmor-test-upstream-ns:inner'])
  t.equal(lines.length, 3)
  t.match(last, { failed: { ok: null }, labels: ['inner'] })
})

t.test(
  'a marker that somebody has set proves nothing: the own namespace has to be the one',
  async (t) => {
    const same = 'apparmor-test-name'
    const spoof = ['sh', '-c', 'export APPARMOR_REEXEC=$$; exec "$0" "$@"']
    const { lines, last } = run([`:${same}-ns:${same}`], {
      through: ['aa-exec', '-p', same, '--', ...spoof],
    })
    t.equal(lines.length, 2, 'it began once')
    t.match(last, { failed: { code: 'ERR_APPARMOR_REEXEC_LOOP' }, labels: [same] })
    t.strictSame(run([`:${same}-ns:${same}`]).last.labels, [same], 'without it, it gets there')
  },
)

t.test('a namespace that cannot be known is an error', async (t) => {
  const hide = 'umount /sys/kernel/security; exec "$0" "$@"'
  const { last } = run([':apparmor-test-upstream-ns:inner'], {
    through: ['unshare', '-m', 'sh', '-ec', hide],
  })
  t.match(last, { failed: { code: 'ERR_APPARMOR_NAMESPACE_UNKNOWN' }, labels: ['inner'] })
  const fake = `umount /sys/kernel/security; d=/sys/kernel/security/apparmor
    mount -t tmpfs none /sys/kernel/security; mkdir $d; echo ns > $d/.ns_name; exec "$0" "$@"`
  const faked = run([':apparmor-test-upstream-ns:inner'], {
    through: ['unshare', '-m', 'sh', '-ec', fake],
  })
  t.match(faked.last, { failed: { code: 'ERR_APPARMOR_NAMESPACE_UNKNOWN' } })
})

t.test('spaces around the name make no other of it', async (t) => {
  const { lines, last } = run([` ${PROFILE}\t`])
  t.equal(lines.length, 3)
  t.match(last, { failed: { ok: null }, labels: [PROFILE] })
})

t.test('never loops', async (t) => {
  // In complain mode the kernel makes up a profile for one that is missing.
  const { lines, last } = run(['apparmor-test-missing'], {
    through: ['aa-exec', '-p', 'apparmor-test-complain', '--'],
  })
  t.equal(lines.length, 3)
  t.match(last, { failed: { code: 'ERR_APPARMOR_REEXEC_LOOP', profile: 'apparmor-test-missing' } })
})

t.test('honours Node’s permission model', async (t) => {
  const flag = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission'
  const flags = [flag, '--allow-fs-read=*', '--allow-addons']
  t.match(run([PROFILE], { flags }).last, {
    failed: { code: 'ERR_ACCESS_DENIED' },
    labels: ['unconfined'],
  })
  t.match(run([PROFILE], { flags: [...flags, '--allow-child-process'] }).last, {
    failed: { ok: null },
    labels: [PROFILE],
  })
})
