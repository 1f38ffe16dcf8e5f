import * as node from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as ours from 'apparmor/child_process'
import { AppArmorError, availability, confineCommand } from 'apparmor'
import t, { type Test } from 'tap'
import { CASES, observe, type Functions } from '../support/parity.ts'
import { makeParityFiles } from '../support/parity_files.ts'
import { CHILD_PROCESS } from '../support/package.ts'

const MISSING = 'apparmor-test-missing'
t.setTimeout(120_000)

const dir = makeParityFiles(t)
const marker = join(dir, 'marker')

t.test('without the option everything is as in node:child_process', async (t) => {
  for (const name of Object.keys(CASES)) {
    const setting = { dir, confined: {} }
    const expected = await observe(name, { ...setting, functions: node })
    t.strictSame(await observe(name, { ...setting, functions: ours as Functions }), expected, name)
  }
})

const STARTS: Readonly<Record<string, (options: object) => unknown>> = {
  spawn: (options) => ours.spawn('touch', [marker], options),
  spawnSync: (options) => ours.spawnSync('touch', [marker], options),
  exec: (options) => ours.exec(`touch ${marker}`, options),
  execSync: (options) => ours.execSync(`touch ${marker}`, options),
  execFile: (options) => ours.execFile('touch', [marker], options),
  execFileSync: (options) => ours.execFileSync('touch', [marker], options),
  fork: (options) => ours.fork(marker, [], options),
}

const PROMISED: Readonly<Record<string, (options: object) => Promise<unknown>>> = {
  exec: (options) => promisify(ours.exec)(`touch ${marker}`, options),
  execFile: (options) => promisify(ours.execFile)('touch', [marker], options),
}

const TYPE = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
const VALUE = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' }

type Wanted = { name: string; code: string }
const WRONG: Readonly<Record<string, [options: object, error: Wanted]>> = {
  'profile and stack': [{ profile: 'a', stack: 'b' }, VALUE],
  'a profile that was never set': [{ profile: undefined }, TYPE],
  'a stack that was never set': [{ stack: undefined }, TYPE],
  null: [{ profile: null }, TYPE],
  empty: [{ profile: '' }, VALUE],
  'a newline': [{ profile: 'a\nb' }, VALUE],
  'a null byte': [{ stack: 'a\0b' }, VALUE],
  'a lone surrogate': [{ profile: '\ud800' }, VALUE],
  'bytes that are not UTF-8': [{ profile: 'a\udcff' }, VALUE],
  'too long': [{ profile: 'n'.repeat(4092) }, { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }],
}

for (const [name, start] of Object.entries(STARTS)) {
  t.test(`${name}: what cannot be a profile is refused`, async (t) => {
    for (const [what, [options, error]] of Object.entries(WRONG)) {
      t.throws(() => start(options), error, what)
    }
  })
}

t.test('confineCommand', async (t) => {
  const { file, args } = confineCommand('web', 'ls', ['-l'])
  t.match(file, /^\/.*\/linux-(x64|arm64)\/apparmor-launcher$/)
  t.ok(existsSync(file))
  t.strictSame(args, ['profile', 'web', '--', 'ls', '-l'])
  t.strictSame(confineCommand({ stack: 'a//&b' }, 'ls').args, ['stack', 'a//&b', '--', 'ls'])
  t.strictSame(confineCommand({ profile: '--' }, '--').args, ['profile', '--', '--', '--'])
  for (const [, [options, error]] of Object.entries(WRONG)) {
    t.throws(() => confineCommand(options as { profile: string }, 'ls'), error)
  }
  for (const target of [undefined, null, 1, {}, []]) {
    t.throws(() => confineCommand(target as unknown as string, 'ls'), TYPE)
  }
  t.throws(() => confineCommand('', 'ls'), VALUE)
  t.throws(() => confineCommand('web', ''), VALUE)
  t.throws(() => confineCommand('web', 'a\0b'), VALUE)
  t.throws(() => confineCommand('web', 1 as unknown as string), TYPE)
  t.throws(() => confineCommand('web', 'ls', 'x' as unknown as string[]), TYPE)
  t.throws(() => confineCommand('web', 'ls', [1 as unknown as string]), TYPE)
})

t.test('parentRules', async (t) => {
  const { file } = confineCommand('web', 'ls')
  const lines = ours.parentRules('web').split('\n')
  t.ok(lines.includes(`${file} ix,`))
  t.ok(lines.includes('change_profile -> web,'))
  t.ok(lines.includes('signal (send, receive) peer=web,'))
  t.match(ours.parentRules('a b'), 'change_profile -> "a b",\n')
  t.throws(() => ours.parentRules(''), VALUE)
})

t.test('confinementOf', async (t) => {
  const none = { name: 'AppArmorError', code: 'ERR_APPARMOR_NO_CHILD' }
  const missing = node.spawn('apparmor-test-nowhere')
  missing.on('error', () => {})
  t.throws(() => ours.confinementOf(missing), none, 'never started')
  const child = node.spawn('true')
  await new Promise((resolve) => child.on('exit', resolve))
  t.throws(() => ours.confinementOf(child), { ...none, pid: child.pid }, 'ended')
  t.throws(() => ours.confinementOf(1 as never), TYPE)
})

t.test('functions have the names and the promises of Node’s', async (t) => {
  for (const name of Object.keys(STARTS) as (keyof typeof ours & keyof typeof node)[]) {
    t.equal(ours[name].name, name)
    const custom = promisify.custom in node[name]
    t.equal(promisify.custom in ours[name], custom, name)
  }
})

const openFiles = () => readdirSync('/proc/self/fd').length

// Of this process, whether or not anybody has waited for them.
function children(): string[] {
  return node
    .execFileSync('ps', ['--no-headers', '-o', 'comm', '--ppid', String(process.pid)], {
      encoding: 'utf8',
    })
    .split('\n')
    .filter((name) => name !== '' && name !== 'ps')
}

async function nothingIsLeft(t: Test, before: number): Promise<void> {
  for (let i = 0; i < 200 && (openFiles() > before || children().length > 0); i++) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  t.ok(openFiles() <= before, 'no descriptor')
  t.strictSame(children(), [], 'no process')
  t.notOk(existsSync(marker), 'nothing was executed')
}

t.test('where the profile cannot be set nothing is executed', async (t) => {
  const found = availability()
  const code = found.enabled ? 'ENOENT' : found.code
  t.throws(() => ours.spawnSync('true', { profile: MISSING })) // the thread keeps a descriptor for it
  for (const kind of ['profile', 'stack']) {
    const syscall = kind === 'stack' ? 'aa_stack_onexec' : 'aa_change_onexec'
    const refused = { name: 'AppArmorError', code, syscall, profile: MISSING }
    for (const [name, start] of Object.entries(STARTS)) {
      const before = openFiles()
      t.throws(() => start({ [kind]: MISSING }), refused, `${name}, ${kind}`)
      await nothingIsLeft(t, before)
    }
    for (const [name, start] of Object.entries(PROMISED)) {
      await t.rejects(start({ [kind]: MISSING }), refused, `${name}, ${kind}, a promise`)
    }
  }
})

t.test('without a free descriptor the errors are Node’s', async (t) => {
  const errors = (options: object): string => {
    const script = `
      import { openSync } from 'node:fs'
      import { spawn, spawnSync } from ${CHILD_PROCESS}
      const options = ${JSON.stringify(options)}
      const print = (error) => process._rawDebug(error.message, error.path, String(error.spawnargs))
      try { spawnSync('true', options) } catch {} // what is loaded once is loaded now
      try { while (true) openSync('/dev/null') } catch {}
      spawn('touch', [${JSON.stringify(marker)}], options).on('error', print)
      print(spawnSync('touch', [${JSON.stringify(marker)}], options).error)`
    const program = [process.execPath, '--input-type=module', '-e', script]
    const args = ['-c', 'ulimit -n 64; exec "$@"', 'sh', ...program]
    return node.spawnSync('bash', args, { encoding: 'utf8' }).stderr
  }
  const expected = errors({})
  t.match(expected, /^spawnSync touch EMFILE .*\nspawn touch EMFILE .*\n$/)
  t.equal(errors({ profile: MISSING }), expected)
})

t.test('Node’s permission model comes first', async (t) => {
  const flag =
    Number(process.versions.node.split('.')[0]) < 24 ? '--experimental-permission' : '--permission'
  const script = `
    import { readdirSync } from 'node:fs'
    import { spawn, spawnSync, execFile } from ${CHILD_PROCESS}
    const open = () => readdirSync('/proc/self/fd').length
    console.log('stdout opens descriptors of its own, and the thread keeps one for spawnSync')
    try { spawnSync('true', { profile: '${MISSING}' }) } catch {}
    const before = open()
    for (const start of [spawn, spawnSync, execFile]) {
      try { start('touch', [${JSON.stringify(marker)}], { profile: '${MISSING}' }) }
      catch (error) { console.log(error.code, open() - before) }
    }`
  const args = [
    '--no-warnings',
    flag,
    '--allow-fs-read=*',
    '--allow-addons',
    '--input-type=module',
    '-e',
    script,
  ]
  const { stdout } = node.spawnSync(process.execPath, args, { encoding: 'utf8' })
  t.equal(stdout.replace(/.*\n/, ''), 'ERR_ACCESS_DENIED 0\n'.repeat(3))
})

t.test('a runtime that starts children in another way is refused', async (t) => {
  const script = `
    import cp from 'node:child_process'
    import { EventEmitter } from 'node:events'
    import { syncBuiltinESMExports } from 'node:module'
    cp.spawn = (file) => { console.log('spawned', file.replace(/.*\\//, '')); return new EventEmitter() }
    syncBuiltinESMExports()
    const ours = await import('apparmor/child_process')
    for (const name of ['spawn', 'spawn']) {
      try { ours[name]('touch', [${JSON.stringify(marker)}], { profile: '${MISSING}' }) }
      catch (error) { console.log(error.code) }
    }`
  const args = ['--input-type=module', '-e', script]
  const { stdout } = node.spawnSync(process.execPath, args, { encoding: 'utf8' })
  const refused = 'ERR_APPARMOR_UNSUPPORTED_RUNTIME\n'
  t.equal(stdout, `spawned nowhere\n${refused}${refused}`, 'the target is not even named')
})

t.test('in none of these tests a target was executed', async (t) => {
  t.notOk(existsSync(marker))
  t.ok(new AppArmorError({ code: 'ERR_APPARMOR_LAUNCHER' }).message)
})
