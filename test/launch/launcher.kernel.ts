// Runs as root under a kernel that enforces AppArmor.
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { constants, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Run, type RunOptions, run, STAGE, STATUS } from '../support/launcher.ts'

t.setTimeout(300_000)

const { EACCES, ENOENT, ENOSYS, EPERM } = constants.errno
const TARGET = 'apparmor-test-target'
const NOBODY = 65534

const [major = 0, minor = 0] = release().split('.').map(Number)
const hasSelfAttr = major > 6 || (major === 6 && minor >= 8)

// Not below the project: there the directories may be closed to other users.
const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
chmodSync(dir, 0o755)
t.teardown(() => rmSync(dir, { recursive: true }))
const at = (...names: string[]) => join(dir, ...names)

const launcher = at('apparmor-launcher')
copyFileSync(`build/launcher/linux-${process.arch}/apparmor-launcher`, launcher)

// What the target says of itself, by the shell's own commands alone: a process is dear in a guest.
const REPORT = `
while read -r key value; do
  case $key in Uid:|Gid:|Groups:) echo "$key$value" ;; esac
done < /proc/self/status
read -r label < /proc/self/attr/current && echo "label:$label"
{ read -r line < denied; } 2>/dev/null && echo denied:read
{ read -r line < allowed; } 2>/dev/null && echo allowed:read
[ -e /proc/self/fd/3 ] && echo status:inherited
echo "arguments:$#"
for last; do :; done; echo "last:$last"
`
for (const name of ['denied', 'allowed']) writeFileSync(at(name), 'x\n', { mode: 0o644 })
writeFileSync(at('report'), `#!/bin/sh${REPORT}`, { mode: 0o755 })
writeFileSync(at('script'), REPORT, { mode: 0o755 })
chmodSync(at('report'), 0o755)
chmodSync(at('script'), 0o755)

const launch = (args: readonly string[], options: RunOptions = {}): Run =>
  run(launcher, args, { cwd: dir, ...options })

/** The target's report as an object; empty when it did not run. */
const said = ({ stdout }: Run): Record<string, string | undefined> =>
  Object.fromEntries(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  )

const components = (label = '') =>
  label
    .replace(/ \([a-z]+\)$/, '')
    .split('//&')
    .sort()

function ranConfined(t: Test, result: Run, message: string): void {
  const report = said(result)
  t.equal(result.report, null, `${message}: end-of-file on the status descriptor`)
  t.strictSame([result.status, result.stderr], [0, ''], `${message}: ran`)
  t.equal(report.label, `${TARGET} (enforce)`, `${message}: under the profile`)
  t.equal(report.denied, undefined, `${message}: what the profile denies is denied`)
  t.equal(report.allowed, 'read', `${message}: its neighbour is allowed`)
}

function refused(t: Test, result: Run, stage: number, errno: number, message: string): void {
  t.strictSame(result.report, { stage, errno }, `${message}: reported`)
  t.equal(result.status, stage === STAGE.exec && errno === ENOENT ? 127 : 126, `${message}: status`)
  t.equal(result.stdout, '', `${message}: the target was not executed`)
}

t.test('profile: the target runs under it, and nothing of the launcher is left', async (t) => {
  const result = launch(['profile', TARGET, STATUS, '--', './report', 'a', 'b'])
  ranConfined(t, result, 'profile')
  const { status, arguments: count, last } = said(result)
  t.strictSame([status, count, last], [undefined, '2', 'b'])
})

t.test('stack: the target runs under both', async (t) => {
  const result = launch(['stack', TARGET, STATUS, '--', './report'])
  const { label, denied, allowed } = said(result)
  t.equal(result.report, null)
  t.strictSame(components(label), [TARGET, 'unconfined'])
  t.strictSame([denied, allowed], [undefined, 'read'])
})

t.test('what cannot be set is reported, and the target is not executed', async (t) => {
  for (const verb of ['profile', 'stack']) {
    const missing = launch([verb, 'apparmor-test-missing', STATUS, '--', './report'])
    refused(t, missing, STAGE.onexec, ENOENT, `${verb} that is not loaded`)
  }
  const silent = launch(['profile', 'apparmor-test-missing', '--', './report'])
  t.equal(silent.status, 126)
  t.equal(
    silent.stderr,
    "apparmor-launcher: cannot set the profile 'apparmor-test-missing' for exec: errno 2 (ENOENT)\n",
  )
})

t.test('a target that cannot be executed', async (t) => {
  const target = (file: string) => launch(['profile', TARGET, STATUS, '--', file])
  refused(t, target('./nowhere'), STAGE.exec, ENOENT, 'missing')
  refused(t, target('nowhere'), STAGE.exec, ENOENT, 'not in PATH')
  refused(t, target(''), STAGE.exec, ENOENT, 'empty')
  refused(t, target('./allowed'), STAGE.exec, EACCES, 'not executable')
  refused(t, target('.'), STAGE.exec, EACCES, 'a directory')
  const silent = launch(['profile', TARGET, '--', './nowhere'])
  t.equal(silent.status, 127)
  t.equal(silent.stderr, "apparmor-launcher: cannot execute './nowhere': errno 2 (ENOENT)\n")
})

t.test('uid, gid: taken after the profile is set, supplementary groups dropped', async (t) => {
  const groups = process.getgroups?.() ?? []
  process.setgroups?.([4, 24])
  try {
    const both = launch(['profile', TARGET, STATUS, 'uid=65534', 'gid=65533', '--', './report'])
    ranConfined(t, both, 'uid and gid')
    const { Uid, Gid, Groups } = said(both)
    t.match(Uid, /^(65534\s*){4}$/)
    t.match(Gid, /^(65533\s*){4}$/)
    t.equal(Groups, '')
    const one = said(launch(['profile', TARGET, STATUS, 'gid=65533', '--', './report']))
    t.match(one.Uid, /^(0\s*){4}$/)
    t.equal(one.Groups, '')
    const none = said(launch(['profile', TARGET, STATUS, '--', './report']))
    t.equal(none.Groups?.trim(), '4 24', 'untouched when neither is asked for')
  } finally {
    process.setgroups?.(groups)
  }
})

t.test('without the privilege for the uid the target is not executed', async (t) => {
  const through = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  const root = launch(['profile', TARGET, STATUS, 'uid=0', '--', './report'], { through })
  refused(t, root, STAGE.credentials, EPERM, 'uid=0')
  const same = ['profile', TARGET, STATUS, 'uid=65534', 'gid=65534', '--', './report']
  ranConfined(t, launch(same, { through }), 'the ids that it has already')
})

t.test('argv0 is what the target sees', async (t) => {
  const args = ['profile', TARGET, STATUS, 'argv0=a name', '--', 'sh', '-c', 'echo "$0"']
  t.equal(launch(args).stdout, 'a name\n')
  const empty = ['profile', TARGET, STATUS, 'argv0=', '--', 'sh', '-c', 'echo "[$0]"']
  t.equal(launch(empty).stdout, '[]\n')
})

t.test('a script without an interpreter line, with 10 kB of arguments', async (t) => {
  const many = Array.from({ length: 1000 }, (_, i) => `argument ${i}`.padEnd(16, '.'))
  const result = launch(['profile', TARGET, STATUS, 'argv0=ignored', '--', './script', ...many])
  ranConfined(t, result, 'script')
  const { arguments: count, last } = said(result)
  t.strictSame([count, last], ['1000', many.at(-1)])
})

t.test('PATH is searched as Node itself does it', async (t) => {
  for (const name of ['good', 'plain']) mkdirSync(at(name))
  writeFileSync(at('good', 'tool'), 'echo "$0"', { mode: 0o755 })
  chmodSync(at('good', 'tool'), 0o755)
  writeFileSync(at('plain', 'tool'), 'echo "$0"', { mode: 0o644 })
  symlinkSync('loop', at('loop'))
  const [good, plain, file, loop] = ['good', 'plain', 'allowed', 'loop'].map((name) => at(name))
  const cases: [string, Record<string, string>, string, string][] = [
    ['found at once', { PATH: `${good}` }, 'tool', dir],
    ['found later', { PATH: `/nowhere:${file}:${plain}:${good}` }, 'tool', dir],
    ['after an element that is too long', { PATH: `/${'x'.repeat(5000)}:${good}` }, 'tool', dir],
    ['not found', { PATH: '/nowhere' }, 'tool', dir],
    ['a refusal is remembered', { PATH: `${plain}:/nowhere` }, 'tool', dir],
    ['other errors end the search', { PATH: `${loop}:${good}` }, 'tool', dir],
    ['an empty element is the current directory', { PATH: '/nowhere:' }, 'tool', at('good')],
    ['an empty PATH as well', { PATH: '' }, 'tool', at('good')],
    ['a relative element', { PATH: 'good' }, 'tool', dir],
    ['without PATH', {}, 'echo', dir],
    ['a slash: no search', { PATH: `${good}` }, 'nowhere/tool', dir],
  ]
  for (const [name, env, file, cwd] of cases) {
    const node = spawnSync(file, ['x'], { env, cwd, encoding: 'utf8' })
    const ours = launch(['profile', TARGET, STATUS, '--', file, 'x'], { env, cwd })
    const errno = node.error ? -((node.error as NodeJS.ErrnoException).errno ?? 0) : undefined
    t.strictSame(
      [ours.report?.errno, ours.stdout],
      [errno, node.stdout ?? ''],
      `${name}: ${errno ?? node.stdout.trim()}`,
    )
  }
})

t.test('LD_PRELOAD runs nothing before the profile applies', async (t) => {
  writeFileSync(
    at('preload.c'),
    `#include <fcntl.h>
     #include <unistd.h>
     __attribute__((constructor)) static void loaded(void) {
       char label[256];
       int fd = open("/proc/self/attr/current", O_RDONLY);
       write(2, label, read(fd, label, sizeof label));
       close(fd);
     }`,
  )
  const library = at('preload.so')
  execFileSync('cc', ['-shared', '-fPIC', '-w', '-o', library, at('preload.c')])
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LD_PRELOAD: library }

  const dynamic = spawnSync('aa-exec', ['-p', TARGET, '--', 'true'], { env, encoding: 'utf8' })
  t.match(dynamic.stderr, /^unconfined\n/, 'a dynamic launcher runs it unconfined')

  const allowed = launch(['profile', TARGET, STATUS, '--', 'true'], { env })
  t.equal(allowed.stderr, `${TARGET} (enforce)\n`, 'once, in the target, under the profile')

  const denied = launch(['profile', 'apparmor-test-no-preload', STATUS, '--', 'true'], { env })
  t.equal(denied.status, 0)
  t.notMatch(denied.stderr, /unconfined|\(enforce\)/, 'not at all where the profile denies it')

  const missing = launch(['profile', 'apparmor-test-missing', STATUS, '--', 'true'], { env })
  refused(t, missing, STAGE.onexec, ENOENT, 'a missing profile')
  t.equal(missing.stderr, '', 'not when the profile is missing')
})

t.test('a confined parent needs a change_profile rule, and no more', async (t) => {
  const nested = ['--', launcher, 'profile', TARGET, STATUS, '--', './report']
  const from = (parent: string, options?: RunOptions) =>
    launch(['profile', parent, ...nested], options)
  ranConfined(t, from('apparmor-test-parent'), 'with the rule')

  const powerless = from('apparmor-test-powerless-parent')
  t.equal(powerless.report?.stage, STAGE.onexec)
  t.ok([EACCES, ENOENT].includes(powerless.report?.errno ?? 0), 'EACCES, or ENOENT by kernel')
  t.strictSame([powerless.status, powerless.stdout], [126, ''], 'not executed')

  const locked = from('apparmor-test-parent', { through: ['setpriv', '--no-new-privs'] })
  refused(t, locked, STAGE.onexec, EPERM, 'no_new_privs')
})

t.test('a set-uid launcher refuses', async (t) => {
  const copy = at('set-uid')
  copyFileSync(launcher, copy)
  chownSync(copy, NOBODY, NOBODY)
  chmodSync(copy, 0o4755)
  const { status, stdout, stderr } = run(copy, ['profile', TARGET, STATUS, '--', '/bin/echo', 'x'])
  t.strictSame([status, stdout], [126, ''])
  t.equal(stderr, 'apparmor-launcher: refuses to run set-uid or set-gid: errno 1 (EPERM)\n')

  chmodSync(copy, 0o755)
  const plain = run(copy, ['profile', TARGET, STATUS, '--', './report'], { cwd: dir })
  ranConfined(t, plain, 'the same file without the bit')
})

t.test('/proc is not trusted', async (t) => {
  const args = ['profile', TARGET, STATUS, '--', './report']
  const after = (script: string) =>
    launch(args, { through: ['unshare', '-m', 'sh', '-ec', `${script}; exec "$@"`, 'sh'] })

  const cases: [string, number, string][] = [
    ['no /proc', ENOSYS, 'umount -l /proc'],
    [
      'files in its place',
      ENOSYS,
      `umount -l /proc
       mount -t tmpfs none /proc
       mkdir -p /proc/self/attr/apparmor
       : > /proc/self/attr/apparmor/exec`,
    ],
    [
      'another file of procfs in its place',
      ENOSYS,
      'mount --bind /proc/$$/comm /proc/$$/attr/apparmor/exec',
    ],
    ["another process's", EPERM, 'mount --bind /proc/1 /proc/$$'],
  ]
  for (const [name, errno, script] of cases) {
    const result = after(script)
    if (hasSelfAttr) {
      t.equal(result.report, null, `${name}: the system call does not need it`)
      t.strictSame([said(result).denied, said(result).allowed], [undefined, 'read'])
    } else {
      refused(t, result, STAGE.onexec, errno, name)
    }
  }

  const through = ['unshare', '--pid', '--fork']
  ranConfined(t, launch(args, { through }), 'a new PID namespace under the old /proc')
})

// Kernels before 5.8 have attr/exec alone.
t.test('one attribute file for all security modules', { skip: hasSelfAttr }, async (t) => {
  const hide = 'mount -t tmpfs none /proc/$$/attr/apparmor'
  const after = (script: string, profile: string) =>
    launch(['profile', profile, STATUS, '--', './report'], {
      through: ['unshare', '-m', 'sh', '-ec', `${script}; exec "$@"`, 'sh'],
    })
  ranConfined(t, after(hide, TARGET), 'profile')
  refused(t, after(hide, 'apparmor-test-missing'), STAGE.onexec, ENOENT, 'not loaded')
  // SELinux without a policy takes whatever is written, as /proc/<pid>/comm does.
  const another = `${hide}; mount --bind /proc/$$/comm /proc/$$/attr/exec`
  refused(t, after(another, TARGET), STAGE.onexec, ENOSYS, "another module's")
})

t.test('its system calls are these', async (t) => {
  const calls = (args: readonly string[]): string[] => {
    const log = at('strace')
    launch(args, { through: ['strace', '-o', log] })
    const names = Array.from(readFileSync(log, 'utf8').matchAll(/^(\w+)\(/gm), ([, name]) =>
      name === 'syscall_0x1cc' ? 'lsm_set_self_attr' : (name ?? ''),
    )
    t.equal(names.shift(), 'execve', 'strace starts the launcher')
    const exec = names.indexOf('execve')
    return exec < 0 ? names : names.slice(0, exec + 1)
  }
  const onexec = hasSelfAttr
    ? ['lsm_set_self_attr']
    : ['lsm_set_self_attr', 'openat', 'write', 'write']
  const target = ['--', '/bin/true']

  t.strictSame(calls(['profile', TARGET, ...target]), [...onexec, 'execve'])
  t.strictSame(calls(['stack', TARGET, STATUS, 'uid=65534', 'gid=65534', 'argv0=x', ...target]), [
    'fstat',
    'fcntl',
    ...onexec,
    'setgroups',
    'setgid',
    'setuid',
    'write', // that the target is executed now
    'execve',
  ])
  t.strictSame(calls(['profile', 'apparmor-test-missing', STATUS, ...target]), [
    'fstat',
    'fcntl',
    ...onexec,
    'rt_sigaction',
    'write',
    'exit_group',
  ])
  t.strictSame(calls(['profile', '', ...target]), ['rt_sigaction', 'write', 'exit_group'])
})
