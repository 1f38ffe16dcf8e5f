// The change of a whole process, and what can be in its way: what is mounted, other native code, threads of
// other labels, a lack of something.
import { execFileSync, spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { buildAdversary } from '../support/adversary.ts'
import { afterScript } from '../support/child.ts'
import { makeFiles } from '../support/files.ts'
import { hasSelfAttr } from '../support/kernel.ts'
import { programFile, reportOf, runProgram, type ProgramOptions } from '../support/program.ts'

const PROFILE = 'apparmor-test-process'
const STAY = `${PROFILE}-stay`

t.setTimeout(600_000)

const { dir } = makeFiles(t)
fs.writeFileSync(join(dir, 'plain'), '')
const addon = buildAdversary(dir)

const run = (situation: string, argument = '', options?: ProgramOptions) =>
  reportOf('hostile', [situation, dir, addon, argument], options)

const CONFINED = { reads: ['EACCES', 'EACCES', 'allowed'], labels: [PROFILE] }
const UNCHANGED = { reads: ['denied', 'denied', 'allowed'], labels: ['unconfined'] }

/** A refusal that names the thread, nothing having been changed. */
const refusalOf = (thread: number, code: string | RegExp, profile = PROFILE) => ({
  name: 'AppArmorError',
  code,
  profile,
  message: new RegExp(`thread ${thread}; nothing was changed`),
})

const codesOf = (result: { threads: { tid: number; code: string | null }[] }) =>
  new Map(result.threads.map(({ tid, code }) => [tid, code]))

t.test('a thread that is born while one of the kernel’s ends is confined, too', async (t) => {
  const { status, report, stderr } = runProgram('hostile', ['birth', dir, addon])
  if (hasSelfAttr && status !== 0) {
    t.match(stderr, /birth: errno (1|38)\b/, 'this kernel has no io_uring')
    return
  }
  t.match(report, { ...CONFINED, result: { ok: { label: PROFILE, threads: report?.['count'] } } })
})

t.test('a false /proc is no list of threads', async (t) => {
  const empty = 'umount -l /proc; mount -t tmpfs none /proc'
  for (const script of [empty, `${empty}; mkdir -p /proc/self/task/x; mkdir /proc/self/task/1`]) {
    const through = afterScript(script, 'unshare', '-m')
    const { result, reads } = run('blind', '', { through })
    t.match(result, { name: 'AppArmorError', code: 'ERR_APPARMOR_NO_PROCFS', profile: PROFILE })
    t.strictSame(reads, ['denied', 'denied'], 'nothing was changed')
  }
  t.match(run('blind'), { result: { ok: { label: PROFILE } } }, 'with the true one it is')
})

t.test('nor is that of another PID namespace', async (t) => {
  const { result, reads } = run('blind', '', { through: ['unshare', '--pid', '--fork'] })
  t.match(result, { code: 'ERR_APPARMOR_NO_PROCFS' })
  t.strictSame(reads, ['denied', 'denied'])
})

t.test('the list’s descriptor is closed, and its number used again', async (t) => {
  for (const other of ['/', '/proc/1/task', '/proc/self/fd']) {
    const said = run('closed', other)
    t.ok(said['same'], `by ${other}`)
    t.match(said, { ...CONFINED, result: { ok: { threads: said['count'] } } })
    t.strictSame(said['kept'], { ok: true }, 'which is left alone')
  }
})

t.test('a plain file over the attribute of a thread', async (t) => {
  const said = run('covered', '', { through: ['unshare', '-m'] })
  if (hasSelfAttr) return t.match(said, CONFINED, 'is not used')
  t.match(said, UNCHANGED)
  t.match(said['result'], refusalOf(said['worker'], 'EPROTONOSUPPORT'))
  t.equal(codesOf(said['result']).get(said['worker']), 'EPROTONOSUPPORT')
})

t.test('a thread in a hat that may not change', async (t) => {
  const said = run('hat')
  t.match(said['refused'], refusalOf(said['worker'], /^(EACCES|ENOENT)$/, 'apparmor-test-hatless'))
  t.match(said['refused'].message, /EACCES: the current profile|ENOENT: no such profile/)
  const codes = codesOf(said['refused'])
  t.match(codes.get(said['worker']), /^(EACCES|ENOENT)$/)
  codes.delete(said['worker'])
  t.strictSame(new Set(codes.values()), new Set(['ECANCELED']))
  t.strictSame(said['before'].labels.sort(), ['apparmor-test-hat', 'apparmor-test-hat//one'])
  t.match(said['result'], { ok: { label: 'apparmor-test-hatless' } }, 'after it has left the hat')
  t.strictSame(said['after'].labels, ['apparmor-test-hatless'])
})

t.test('a thread with a profile that may not change, or stack', async (t) => {
  const thread = { scope: 'thread' }
  for (const [setup, change, code] of [
    [['changeProfile', STAY, thread], ['changeProfile', PROFILE], /^(EACCES|ENOENT)$/],
    [['changeProfile', PROFILE, thread], ['stackProfile', STAY], /^(EACCES|ENOENT)$/],
  ] as const) {
    const said = run('other', JSON.stringify([setup, change]))
    t.match(said['result'], refusalOf(said['worker'], code, change[1]), change.join(' '))
    t.strictSame(said['labels'].sort(), [setup[1], 'unconfined'].sort())
    t.strictSame(said['reads'], UNCHANGED.reads)
  }
  const setup = ['changeProfile', STAY, thread]
  const said = run('other', JSON.stringify([setup, ['stackProfile', PROFILE]]))
  t.match(said['result'], { ok: { threads: said['count'] } }, 'it may stack another')
  t.strictSame(said['labels'].sort(), [`${PROFILE}//&${STAY}`, `${PROFILE}//&unconfined`])
})

t.test('no_new_privs holds a confined thread to its label', async (t) => {
  const through = ['setpriv', '--no-new-privs']
  const setup = ['changeProfile', `${PROFILE}-start`, { scope: 'thread' }]
  const said = run('other', JSON.stringify([setup, ['changeProfile', PROFILE]]), { through })
  t.match(said['result'], refusalOf(said['worker'], 'EPERM'))
  t.match(said['result'].message, /no_new_privs.*stackProfile/)
  t.strictSame(said['labels'].sort(), [`${PROFILE}-start`, 'unconfined'])
  const same = ['changeProfile', 'unconfined', { scope: 'thread' }]
  t.match(run('other', JSON.stringify([same, ['changeProfile', PROFILE]]), { through }), CONFINED)
})

t.test('a name that the kernel prints otherwise is no failure, nor is a second time', async (t) => {
  const [free, too] = [`${PROFILE}-free`, `${PROFILE}-free-too`]
  const names = [` ${free} `, `&${free}`, `${too}//&${free}`, `${free}//&${too}`, `${too}\udca0`]
  for (const kind of ['changeProfile', 'stackProfile']) {
    const changes = names.map((name) => [kind, name])
    const said = run('twice', JSON.stringify(changes))
    for (const [i, result] of said['results'].entries()) {
      t.match(result, { ok: { threads: said['count'] } }, `${kind} ${names[i >> 1]}`)
    }
    t.equal(said['labels'].length, 1)
    t.match(said['labels'][0], kind === 'stackProfile' ? `${free}//&${too}//&unconfined` : too)
  }
})

t.test('few descriptors', async (t) => {
  for (const left of [1, 3]) {
    const said = run('descriptors', String(left))
    if (hasSelfAttr) {
      t.match(said['result'], { ok: { label: PROFILE } }, 'none is needed')
    } else {
      t.match(said['result'], { code: 'EMFILE', syscall: 'aa_change_profile' }, `${left} are left`)
      t.match(
        said['again'],
        { ok: { label: PROFILE, threads: said['count'] } },
        'as nothing changed',
      )
    }
    t.match(said, CONFINED)
  }
})

const ring = runProgram('hostile', ['renamed', dir], { env: { UV_USE_IO_URING: '1' } })

t.test(
  'a polling thread of io_uring under another name',
  { skip: ring.report?.['pollers'] === 0 && 'this Node or this kernel has no such threads' },
  async (t) => {
    t.match(ring.report, { ...UNCHANGED, result: { code: 'ERR_APPARMOR_IO_URING' } })
  },
)

t.test('two copies of the package change it in turns', async (t) => {
  const root = join(dirname(fileURLToPath(import.meta.resolve('apparmor'))), '..')
  const copy = join(dir, 'copy')
  for (const name of ['package.json', 'dist', 'build/Release', 'build/launcher', 'prebuilds']) {
    if (!fs.existsSync(join(root, name))) continue
    fs.cpSync(join(root, name), join(copy, name), { recursive: true })
  }
  const needed = dirname(createRequire(import.meta.url).resolve('node-gyp-build/package.json'))
  fs.cpSync(needed, join(copy, 'node_modules/node-gyp-build'), { recursive: true })
  const said = run('copies', join(copy, 'dist/index.js'))
  const [one, two] = [PROFILE, `${PROFILE}-next`]
  t.strictSame(said['labels'], [one, two, one, two, one, two])
  t.strictSame(said['wrong'], [], 'at once, and each sees its own label')
  t.strictSame([said['uid'], said['uidAgain']], [['65534'], ['65534']], 'setuid goes on')
})

t.test('another’s handler of the signal, before ours and behind it', async (t) => {
  for (const onlyLibcs of ['0', '1']) {
    const said = run('handlers', onlyLibcs)
    const profiles = Array.from({ length: 12 }, (_, i) => (i % 2 ? PROFILE : `${PROFILE}-next`))
    t.strictSame(said['results'], profiles)
    t.strictSame(said['uid'], Array(12).fill(['65534']), 'setuid goes on')
    t.match(said['after'], { ok: { threads: said['count'] } })
  }
})

t.test('a thread that the kernel refuses after it was asked', async (t) => {
  t.test('ends the process', async (t) => {
    const ended = runProgram('hostile', ['partial', dir, addon, 'abort'])
    t.strictSame([ended.status, ended.signal, ended.stdout], [null, 'SIGABRT', ''])
    t.match(
      ended.stderr,
      /^apparmor: aborting: aa_change_profile changed \d+ threads and then failed/,
    )
  })
  t.test('and is not held up by a full pipe', async (t) => {
    const fifo = join(dir, 'full')
    execFileSync('mkfifo', [fifo])
    const filler = fs.openSync(fifo, fs.constants.O_RDWR | fs.constants.O_NONBLOCK)
    const full = fs.openSync(fifo, 'w')
    t.throws(() => {
      while (true) fs.writeSync(filler, 'x'.repeat(4096))
    })
    const args = [programFile('hostile'), 'partial', dir, addon, 'abort']
    const { signal } = spawnSync(process.execPath, args, {
      stdio: ['ignore', 'ignore', full],
      timeout: 120_000,
      killSignal: 'SIGKILL',
    })
    t.equal(signal, 'SIGABRT')
  })
  t.test('or is reported, with onPartial: throw', async (t) => {
    const said = run('partial', 'throw')
    const { result, stray } = said
    t.match(result, {
      code: 'ERR_APPARMOR_PARTIAL',
      syscall: 'aa_change_profile',
      profile: PROFILE,
    })
    const codes = new Map<number, unknown>(
      result.threads.map(({ tid, label, code }: any) => [tid, { label, code }]),
    )
    t.strictSame(codes.get(stray), { label: 'unconfined', code: 'EACCES' })
    t.strictSame(
      codes.get(said['pid']),
      { label: 'unconfined', code: 'ECANCELED' },
      'the caller is last',
    )
    for (const tid of [stray, said['pid']]) codes.delete(tid)
    t.ok(codes.size > 5)
    for (const state of codes.values()) t.strictSame(state, { label: PROFILE, code: null })
  })
})

t.test('a seccomp filter that does not know the system calls', async (t) => {
  const said = run('filtered')
  t.match(said['missing'], { code: 'ENOENT', message: /no such profile/ })
  t.match(said, { ...CONFINED, result: { ok: { threads: said['count'] } } })
})

t.test('no signal can be queued', async (t) => {
  const said = run('change', '', { through: ['prlimit', '--sigpending=0'] })
  t.match(said['result'], { code: 'EAGAIN', syscall: 'rt_tgsigqueueinfo', profile: PROFILE })
  t.match(said['result'].message, /RLIMIT_SIGPENDING/)
  t.match(said, UNCHANGED)
})

t.test('little of the stack is left: nothing is changed, or it is reported', async (t) => {
  const { tries, result } = run('deep')
  t.ok(tries > 1, `${tries} times`)
  t.equal(result, STAY, 'the first time that it is changed')
})
