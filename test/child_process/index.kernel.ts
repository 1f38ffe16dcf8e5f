// Runs as root under a kernel that enforces AppArmor.
import * as node from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import * as ours from 'apparmor/child_process'
import { getcon, getProcAttr } from 'apparmor'
import t from 'tap'
import { makeFiles } from '../support/files.ts'
import { CHILD_PROCESS } from '../support/package.ts'

t.setTimeout(170_000)

const CHILD = 'apparmor-test-child'
const MISSING = 'apparmor-test-missing'
const { dir, denied } = makeFiles(t)
const marker = join(dir, 'marker')

// By the shell's own commands: a process is dear in a guest.
const REPORT = `read -r label < /proc/self/attr/current; echo "$label"
{ true < ${denied}; } 2>/dev/null && echo denied
echo x > ${marker}.$$; exit 0`
const SHELL = ['-c', REPORT]
const TEXT = { encoding: 'utf8' } as const

async function outputOf(child: node.ChildProcess): Promise<string> {
  let text = ''
  child.stdout?.on('data', (chunk) => (text += String(chunk)))
  await once(child, 'close')
  return text
}

/** Every form in which a child can be started, and what it says of itself. */
const STARTS: Readonly<Record<string, (options: object) => Promise<string> | string>> = {
  spawn: (options) => outputOf(ours.spawn('sh', SHELL, options)),
  spawnSync: (options) =>
    ours.spawnSync('sh', SHELL, { ...TEXT, ...options } as typeof TEXT).stdout,
  'spawn, shell': (options) => outputOf(ours.spawn(REPORT, { shell: true, ...options })),
  exec: (options) => outputOf(ours.exec(REPORT, options)),
  execSync: (options) => ours.execSync(REPORT, { ...TEXT, ...options }),
  execFile: (options) => outputOf(ours.execFile('sh', SHELL, options)),
  execFileSync: (options) => ours.execFileSync('sh', SHELL, { ...TEXT, ...options }),
  'exec, promise': async (options) =>
    (await promisify(ours.exec)(REPORT, options)).stdout as string,
  'execFile, promise': async (options) =>
    (await promisify(ours.execFile)('sh', SHELL, options)).stdout as string,
  // A shell in the place of Node: it needs less time to start.
  fork: (options) =>
    outputOf(ours.fork(join(dir, 'script'), { execPath: '/bin/sh', silent: true, ...options })),
}
writeFileSync(join(dir, 'script'), REPORT)

const ran = () => readdirSync(dir).filter((name) => name.startsWith('marker'))

t.test('every form runs under the profile, or under the stack, and only then', async (t) => {
  const { length } = ran()
  for (const [name, start] of Object.entries(STARTS)) {
    t.equal(await start({}), 'unconfined\ndenied\n', `${name}, no option`)
    t.equal(await start({ profile: CHILD }), `${CHILD} (enforce)\n`, `${name}, profile`)
    t.match(
      await start({ stack: CHILD }),
      /^(unconfined\/\/&apparmor-test-child|apparmor-test-child\/\/&unconfined) \(\w+\)\n$/,
      `${name}, stack`,
    )
  }
  t.equal(ran().length - length, 3 * Object.keys(STARTS).length)
  t.strictSame([getcon().label, getProcAttr('exec')], ['unconfined', null], 'the parent as before')
})

t.test('every form is refused when the profile is missing', async (t) => {
  const { length } = ran()
  for (const [name, start] of Object.entries(STARTS)) {
    for (const kind of ['profile', 'stack']) {
      const syscall = kind === 'stack' ? 'aa_stack_onexec' : 'aa_change_onexec'
      const error = { name: 'AppArmorError', code: 'ENOENT', errno: -2, syscall, profile: MISSING }
      await t.rejects(async () => start({ [kind]: MISSING }), error, `${name}, ${kind}`)
    }
  }
  t.equal(ran().length, length, 'nothing was executed')
  t.strictSame([getcon().label, getProcAttr('exec')], ['unconfined', null], 'the parent as before')
})

t.test('names that look like something else', async (t) => {
  const name = (text: string) => ({ name: 'AppArmorError', code: 'ENOENT', profile: text })
  for (const text of ['--', '-p', 'status=1', 'a b', '$(touch x)', "'", '../x', 'uid=0', 'ü']) {
    t.throws(() => ours.spawnSync('true', { profile: text }), name(text))
  }
  const long = 'n'.repeat(4091)
  t.throws(() => ours.spawnSync('true', { profile: long }), { profile: long } as never)
  for (const file of ['--', 'uid=0', 'argv0=x']) {
    writeFileSync(join(dir, file), 'echo "ran $0 $1"')
    chmodSync(join(dir, file), 0o755)
    const options = { profile: CHILD, env: { PATH: dir }, ...TEXT }
    t.equal(ours.spawnSync(file, ['--'], options).stdout, `ran ${join(dir, file)} --\n`, file)
  }
})

t.test('uid and gid are taken after the profile', async (t) => {
  const options = { profile: CHILD, uid: 65534, gid: 65534, ...TEXT }
  t.equal(
    ours.spawnSync('sh', ['-c', `id -u; ${REPORT}`], options).stdout,
    `65534\n${CHILD} (enforce)\n`,
  )
  const script = `
    import { spawn, spawnSync } from ${CHILD_PROCESS}
    for (const start of [spawn, spawnSync]) {
      for (const ids of [{ uid: 0 }, { gid: 0 }, { uid: -1 }]) {
        try { throw start('touch', ['${marker}'], { profile: '${CHILD}', ...ids }).error ?? 'started' }
        catch (error) { console.log(error.message ?? error, error.syscall, error.path) }
      }
    }`
  const args = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath]
  const { stdout } = node.spawnSync('setpriv', [...args, '--input-type=module', '-e', script], TEXT)
  t.equal(
    stdout,
    `spawn EPERM spawn undefined
spawn EPERM spawn undefined
spawn EINVAL spawn undefined
spawnSync touch EPERM spawnSync touch touch
spawnSync touch EPERM spawnSync touch touch
spawnSync touch EINVAL spawnSync touch touch
`,
    'as in Node',
  )
  t.notOk(existsSync(marker))
})

t.test('confinementOf tells what the kernel says', async (t) => {
  const child = ours.spawn('sleep', ['60'], { profile: CHILD })
  t.strictSame(ours.confinementOf(child), { label: CHILD, mode: 'enforce' })
  child.kill()
  const [status, signal] = await once(child, 'exit')
  t.strictSame([status, signal], [null, 'SIGTERM'], 'and it can be signalled')
  t.throws(() => ours.confinementOf(child), {
    name: 'AppArmorError',
    code: 'ERR_APPARMOR_NO_CHILD',
  })
})

t.test('nothing of the environment runs before the profile', async (t) => {
  writeFileSync(
    join(dir, 'preload.c'),
    `#include <fcntl.h>
     #include <unistd.h>
     static void loaded(void) {
       char label[256];
       int fd = open("/proc/self/attr/current", O_RDONLY);
       write(2, label, read(fd, label, sizeof label));
       close(fd);
     }
     __attribute__((constructor)) static void preloaded(void) { loaded(); }
     unsigned la_version(unsigned version) { loaded(); return version; }`,
  )
  const library = join(dir, 'preload.so')
  node.execFileSync('cc', ['-shared', '-fPIC', '-w', '-o', library, join(dir, 'preload.c')])
  const PATH = '/usr/sbin:/usr/bin:/sbin:/bin'
  const cases: Record<string, Record<string, string>> = {
    LD_PRELOAD: { LD_PRELOAD: library },
    LD_AUDIT: { LD_AUDIT: library },
    'both, and GLIBC_TUNABLES': {
      LD_PRELOAD: library,
      LD_AUDIT: library,
      GLIBC_TUNABLES: 'glibc.malloc.check=3:glibc.rtld.nns=8',
    },
  }
  for (const [name, variables] of Object.entries(cases)) {
    const env = { PATH, ...variables }
    const options = { profile: CHILD, env, ...TEXT }
    const plain = node.spawnSync('true', { env, ...TEXT }).stderr
    t.match(plain, /^(unconfined\n)+$/, `${name}: a plain child runs it unconfined`)
    const confined = ours.spawnSync('true', options).stderr
    t.equal(confined, plain.replaceAll('unconfined', `${CHILD} (enforce)`), `${name}: confined`)
    const missing = { ...options, profile: MISSING, stdio: 'inherit' } as const
    t.throws(() => ours.spawnSync('true', missing), { name: 'AppArmorError', code: 'ENOENT' })
  }
})

/** A copy of the package, whose launcher may be spoilt. */
async function copyPackage(): Promise<{ copy: typeof ours; launcher: string }> {
  const place = join(dir, 'package')
  cpSync('dist', join(place, 'dist'), { recursive: true })
  copyFileSync('package.json', join(place, 'package.json'))
  symlinkSync(resolve('node_modules'), join(place, 'node_modules'))
  const [binary, name] = ['build/Release/apparmor.node', `build/launcher/linux-${process.arch}`]
  mkdirSync(join(place, 'build/Release'), { recursive: true })
  copyFileSync(binary, join(place, binary))
  cpSync(name, join(place, name), { recursive: true })
  const copy = (await import(
    pathToFileURL(join(place, 'dist/child_process.js')).href
  )) as typeof ours
  return { copy, launcher: join(place, name, 'apparmor-launcher') }
}

t.test('a launcher that cannot be executed', async (t) => {
  const { copy, launcher } = await copyPackage()
  const place = join(launcher, '..')
  const refused = (name: string) => {
    const error = { name: 'AppArmorError', code: 'ERR_APPARMOR_LAUNCHER', path: launcher }
    for (const start of ['spawn', 'spawnSync', 'execFile', 'execFileSync'] as const) {
      const call = copy[start] as typeof copy.spawnSync
      t.throws(() => call('touch', [marker], { profile: CHILD }), error, `${name}: ${start}`)
    }
  }
  renameSync(launcher, `${launcher}.good`)
  refused('missing')
  writeFileSync(launcher, '')
  chmodSync(launcher, 0o755)
  refused('empty')
  renameSync(`${launcher}.good`, launcher)
  t.equal(copy.spawnSync('true', { profile: CHILD }).status, 0, 'as it should be')
  chmodSync(launcher, 0o644)
  refused('not executable')
  chmodSync(launcher, 0o755)
  copyFileSync(launcher, join(dir, 'launcher'))
  node.execFileSync('mount', ['-t', 'tmpfs', '-o', 'noexec', 'none', place])
  try {
    copyFileSync(join(dir, 'launcher'), launcher)
    refused('on a noexec mount')
  } finally {
    node.execFileSync('umount', [place])
  }
  t.equal(copy.spawnSync('true', { profile: CHILD }).status, 0, 'and again')
  t.notOk(existsSync(marker), 'nothing was executed')
})
