import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { CALLS, LAUNCHER, PURE } from '../support/calls.ts'
import { child, type Outcome, type Step } from '../support/child.ts'

const BINARY = 'build/Release/apparmor.node'

t.test('the binary exports what interface Native declares, and nothing else', async (t) => {
  const source = readFileSync('lib/border/native.ts', 'utf8')
  const [, body = ''] = /^export interface Native \{\n(.*?)^\}/ms.exec(source) ?? []
  const declared = Array.from(body.matchAll(/^  (\w+)\(/gm), ([, name]) => name)
  t.not(declared.length, 0)
  const binary = createRequire(import.meta.url)(resolve(BINARY)) as object
  t.strictSame(Object.keys(binary).sort(), declared.sort())
  for (const value of Object.values(binary)) t.type(value, 'function')
})

// Arguments that a native takes, and for each kind others that it has to refuse.
const TAKEN: Readonly<Record<string, readonly unknown[]>> = {
  readAttr: ['current'],
  readTask: [1],
  listThreads: [1],
  readPeer: [0],
  runningProcesses: [[1]],
  watchRevision: ['', false, () => {}],
  featureId: ['/nowhere'],
  queryAccess: ['unconfined', 'a', 1],
  queryLabel: ['unconfined', 'a'],
  changeProcess: ['change', 'apparmor-test-missing', 1000, false],
  changeThread: ['change', 'apparmor-test-missing'],
  changeExec: ['change', 'apparmor-test-missing'],
  tryProfile: ['apparmor-test-missing'],
  tryHat: ['hat'],
  changeHat: [['hat'], 1n, true],
  leaveHat: [1n],
  runInHat: [['hat'], () => {}],
  loadPolicy: ['load', new Uint8Array(1)],
  removePolicy: ['apparmor-test-missing'],
  policyCacheDirectory: ['/nowhere', '/nowhere', false],
  removePolicyCache: ['/nowhere'],
  loadPolicyCache: ['/nowhere'],
  readAuditGroup: [-1],
  launch: [() => 0],
  execve: ['/nowhere', ['a'], ['A=b'], [1000]],
}
const NONE = [
  'auditStatus',
  'availability',
  'findMountpoint',
  'loadedProfiles',
  'openAuditGroup',
  'policyRevisions',
]
const ANYTHING: readonly unknown[] = [
  undefined,
  null,
  {},
  Symbol('a'),
  'a',
  1,
  1n,
  true,
  [],
  t.fail,
]
const kindOf = (value: unknown): string => (Array.isArray(value) ? 'array' : typeof value)

/** What stands for a value and is not of its kind, or not of its range. */
function wrongFor(value: unknown): readonly unknown[] {
  const others = ANYTHING.filter((other) => kindOf(other) !== kindOf(value))
  if (typeof value === 'string') return [...others, 'a\ud800', '\udc00']
  if (typeof value === 'bigint') return [...others, -1n, 2n ** 64n]
  if (Array.isArray(value))
    return [...others, ...wrongFor(value[0]).map((wrong) => [value[0], wrong])]
  return others
}

t.test('a native refuses every argument that is not what it takes', async (t) => {
  const binary = createRequire(import.meta.url)(resolve(BINARY)) as Record<string, () => unknown>
  t.strictSame([...Object.keys(TAKEN), ...NONE].sort(), Object.keys(binary).sort())
  for (const [name, taken] of Object.entries(TAKEN)) {
    for (const [index, value] of taken.entries()) {
      for (const wrong of wrongFor(value)) {
        const given = taken.with(index, wrong) as []
        const refused = { name: 'TypeError', message: /native argument not checked/ }
        t.throws(() => binary[name]?.(...given), refused, `${name}, argument ${index}`)
      }
    }
    t.throws(() => binary[name]?.(), TypeError, `${name} without arguments`)
  }
})

/** A copy of the package without a binary. */
function copyPackage(t: Test): string {
  const dir = t.testdir()
  cpSync('dist', join(dir, 'dist'), { recursive: true })
  copyFileSync('package.json', join(dir, 'package.json'))
  symlinkSync(resolve('node_modules'), join(dir, 'node_modules'))
  return dir
}

function put(dir: string, file: string, content: Buffer | string): void {
  mkdirSync(dirname(join(dir, file)), { recursive: true })
  writeFileSync(join(dir, file), content)
}

const useCopy = (dir: string): Step => ['package', pathToFileURL(join(dir, 'dist/index.js')).href]

/** Imports a copy of the package and calls each function once. */
function callAll(dir: string, env: Record<string, string> = {}): Record<string, Outcome> {
  const names = Object.keys(CALLS).filter((name) => name !== 'setNative') // has tests of its own
  const outcomes = child([useCopy(dir), ...names.map((name): Step => ['example', name])], { env })
  return Object.fromEntries(names.map((name, i) => [name, outcomes[i + 1] as Outcome]))
}

function allThrow(t: Test, outcomes: Record<string, Outcome>, code: string, message: RegExp): void {
  for (const [name, outcome] of Object.entries(outcomes)) {
    if (PURE.includes(name)) t.ok('ok' in outcome, `${name} needs no binary`)
    else if (!LAUNCHER.includes(name)) {
      t.match(outcome, { error: { name: 'AppArmorError', code, message } }, name)
    }
  }
}

const MISSING = 'ERR_APPARMOR_NATIVE_MISSING'

t.test('without a binary the import works, and every call throws, isEnabled too', async (t) => {
  allThrow(t, callAll(copyPackage(t)), MISSING, /\(No native build was found for .*apt install/)
})

t.test('a binary that is garbage', async (t) => {
  const dir = copyPackage(t)
  put(dir, BINARY, 'garbage')
  allThrow(t, callAll(dir), MISSING, /apparmor\.node: file too short|invalid ELF header/)
})

t.test('a binary for another architecture', async (t) => {
  const dir = copyPackage(t)
  const binary = readFileSync(BINARY)
  binary.writeUInt16LE(binary.readUInt16LE(18) === 183 ? 62 : 183, 18) // e_machine
  put(dir, BINARY, binary)
  allThrow(t, callAll(dir), MISSING, /apparmor\.node: cannot open shared object file|ELF/)
})

t.test('prebuilt binaries for other machines only', async (t) => {
  const dir = copyPackage(t)
  put(dir, `prebuilds/linux-mips/apparmor.glibc.node`, readFileSync(BINARY))
  allThrow(t, callAll(dir), MISSING, /No native build was found/)
})

for (const name of ['apparmor.node', 'apparmor.glibc.node']) {
  t.test(`a prebuilt binary is found: ${name}`, async (t) => {
    const dir = copyPackage(t)
    put(dir, `prebuilds/linux-${process.arch}/${name}`, readFileSync(BINARY))
    t.match(callAll(dir)['isEnabled'], { ok: Boolean })
  })
}

t.test('what is not built for musl is not taken there', async (t) => {
  const dir = copyPackage(t)
  put(dir, `prebuilds/linux-${process.arch}/apparmor.glibc.node`, readFileSync(BINARY))
  allThrow(t, callAll(dir, { LIBC: 'musl' }), MISSING, /No native build was found/)
})

t.test('APPARMOR_PREBUILD cannot bring in a binary from elsewhere', async (t) => {
  const dir = copyPackage(t)
  const elsewhere = { APPARMOR_PREBUILD: resolve('.') }
  allThrow(t, callAll(dir, elsewhere), MISSING, /is outside the package \(is APPARMOR_PREBUILD set/)

  put(dir, BINARY, readFileSync(BINARY))
  t.match(callAll(dir, elsewhere)['isEnabled'], { ok: Boolean }, 'a build of its own comes first')
  t.match(callAll(dir, { APPARMOR_PREBUILD: dir })['isEnabled'], { ok: Boolean }, 'the own one')
})

/** The package's code inside another program, which has nothing else of the package. */
function bundle(t: Test): string {
  const dir = copyPackage(t)
  writeFileSync(join(dir, 'package.json'), '{ "name": "myapp", "type": "module" }')
  return dir
}

t.test("in a bundle nothing is loaded from the program's directory", async (t) => {
  const dir = bundle(t)
  put(dir, BINARY, readFileSync(BINARY))
  put(dir, `prebuilds/linux-${process.arch}/apparmor.glibc.node`, readFileSync(BINARY))
  const elsewhere = { MYAPP_PREBUILD: resolve('.'), APPARMOR_PREBUILD: resolve('.') }
  allThrow(t, callAll(dir), MISSING, /this is a bundle/)
  allThrow(t, callAll(dir, elsewhere), MISSING, /this is a bundle/)
})

t.test('a bundle whose import.meta names where the package once was', async (t) => {
  const dir = bundle(t)
  const moved = JSON.stringify(pathToFileURL(resolve('dist/shared.js')).href)
  for (const file of readdirSync(join(dir, 'dist')).filter((name) => name.endsWith('.js'))) {
    const code = readFileSync(join(dir, 'dist', file), 'utf8')
    put(dir, `dist/${file}`, code.replaceAll('import.meta.url', moved))
  }
  allThrow(t, callAll(dir), MISSING, /this is a bundle/)
})

const PROGRAM = `
  import { pathToFileURL } from 'node:url'
  const [dir, files] = process.argv.slice(1)
  const { isEnabled, setNative } = await import(pathToFileURL(dir + '/dist/index.js').href)
  const { spawnSync } = await import(pathToFileURL(dir + '/dist/child_process.js').href)
  const attempt = (call) => { try { return String(call()) } catch (error) { return error.code } }
  const { require: byRequire, ...named } = JSON.parse(files)
  if (byRequire) named.addon = process.getBuiltinModule('node:module').createRequire(dir + '/')(byRequire)
  console.log(JSON.stringify([
    attempt(isEnabled),
    attempt(() => setNative(named)),
    attempt(isEnabled),
    attempt(() => spawnSync('true', [], { profile: 'apparmor-test-missing' })),
    attempt(() => setNative(named)),
  ]))
`

/** What a bundle does before setNative, by it and after. */
function name(dir: string, files: object): unknown {
  const args = ['--input-type=module', '-e', PROGRAM, dir, JSON.stringify(files)]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
}

t.test('a bundle names its files by setNative, once', async (t) => {
  const dir = bundle(t)
  const launcher = resolve(`build/launcher/linux-${process.arch}/apparmor-launcher`)
  for (const addon of [{ addon: resolve(BINARY) }, { require: resolve(BINARY) }]) {
    const [before, by, enabled, child, again] = name(dir, { ...addon, launcher }) as string[]
    t.strictSame([before, by, again], [MISSING, 'undefined', 'ERR_APPARMOR_NATIVE_LOADED'])
    t.match(enabled, /^(true|false)$/)
    t.match(child, /^E[A-Z]+$/, 'the kernel was asked')
  }
})

t.test('setNative takes no relative path, no other module, no missing file', async (t) => {
  const dir = bundle(t)
  const launcher = '/nowhere/launcher'
  const other = join(dir, 'other.cjs')
  writeFileSync(other, 'module.exports = {}')
  for (const [files, code] of [
    [{ addon: BINARY, launcher }, 'ERR_INVALID_ARG_VALUE'],
    [{ addon: resolve(BINARY), launcher: 'launcher' }, 'ERR_INVALID_ARG_VALUE'],
    [{ addon: resolve(BINARY) }, 'ERR_INVALID_ARG_TYPE'],
    [{ addon: other, launcher }, 'ERR_INVALID_ARG_VALUE'],
    [{ addon: {}, launcher }, 'ERR_INVALID_ARG_VALUE'],
    [{ launcher }, 'ERR_INVALID_ARG_TYPE'],
    [{ addon: '/nowhere/apparmor.node', launcher }, MISSING],
  ] as const) {
    t.strictSame(name(dir, files), [MISSING, code, MISSING, MISSING, code], JSON.stringify(files))
  }
})

for (const platform of ['darwin', 'win32', 'freebsd']) {
  t.test(`on ${platform} the import works, and AppArmor is not there`, async (t) => {
    const names = Object.keys(CALLS).filter((name) => !PURE.includes(name))
    const steps: Step[] = [['platform', platform], ...names.map((name): Step => ['example', name])]
    const outcomes = child(steps).slice(1)
    names.forEach((name, i) => {
      const outcome = outcomes[i]
      if (name === 'isEnabled') {
        t.strictSame(outcome, { ok: false })
      } else if (name === 'availability') {
        t.match(outcome, { ok: { enabled: false, code: 'ENOTSUP', reason: /on Linux only/ } })
      } else {
        const code = 'ERR_APPARMOR_UNSUPPORTED_PLATFORM'
        t.match(outcome, { error: { name: 'AppArmorError', code, message: platform } }, name)
      }
    })
  })
}
