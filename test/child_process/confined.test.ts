import * as node from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as ours from 'apparmor/child_process'
import all from 'apparmor/child_process'
import { availability } from 'apparmor'
import t from 'tap'
import { CHILD_PROCESS } from '../support/package.ts'

t.setTimeout(120_000)

// No profile has this name: whatever is confined by it is refused, and nothing else is.
const MISSING = 'apparmor-test-missing'
const marker = join(t.testdir(), 'marker')

const found = availability()
const REFUSED = { name: 'AppArmorError', code: found.enabled ? 'ENOENT' : found.code }
const VALUE = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' }
const TYPE = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }

type AnyFunction = (...args: any[]) => unknown
const NAMES = [
  'spawn',
  'spawnSync',
  'exec',
  'execSync',
  'execFile',
  'execFileSync',
  'fork',
] as const
const noop = (): void => {}

/** Every way to call a function without options, with some, and with a callback. */
const FORMS: Readonly<Record<(typeof NAMES)[number], readonly unknown[][]>> = {
  spawn: [['touch'], ['touch', [marker]], ['touch', null], ['touch', { argv0: 'x' }]],
  spawnSync: [['touch'], ['touch', [marker]], ['touch', undefined, {}], ['touch', {}]],
  exec: [[`touch ${marker}`], ['touch', noop], ['touch', null, noop], ['touch', {}, noop]],
  execSync: [[`touch ${marker}`], ['touch', undefined], ['touch', { input: 'x' }]],
  execFile: [
    ['touch'],
    ['touch', [marker]],
    ['touch', noop],
    ['touch', [marker], noop],
    ['touch', null, null, noop],
    ['touch', {}, noop],
    ['touch', [marker], { timeout: 9 }, noop],
  ],
  execFileSync: [['touch'], ['touch', [marker]], ['touch', [marker], {}], ['touch', {}]],
  fork: [[marker], [marker, ['x']], [marker, undefined, {}], [marker, { silent: true }]],
}

for (const target of [MISSING, { profile: MISSING }, { stack: MISSING }]) {
  const functions = ours.confined(target)
  t.test(`confined(${JSON.stringify(target)}): no form of a call is Node’s`, async (t) => {
    t.ok(Object.isFrozen(functions))
    t.strictSame(Object.keys(functions).sort(), [...NAMES].sort())
    for (const name of NAMES) {
      const call = functions[name] as AnyFunction
      for (const args of FORMS[name]) {
        t.throws(() => call(...args), REFUSED, `${name}: ${args.length} arguments`)
      }
    }
    for (const name of ['exec', 'execFile'] as const) {
      const call = promisify(functions[name]) as AnyFunction
      await t.rejects(async () => call('touch'), REFUSED, `${name}, a promise`)
      await t.rejects(async () => call('touch', { timeout: 9 }), REFUSED, `${name}, a promise`)
    }
  })
}

t.test('confined: what would say something else is refused', async (t) => {
  const functions = ours.confined(MISSING)
  for (const name of NAMES) {
    const call = functions[name] as AnyFunction
    for (const options of [{ profile: 'other' }, { stack: undefined }, { profil: 'x' }]) {
      t.throws(() => call('touch', options), VALUE, name)
    }
    const rest = name.startsWith('exec') && !name.startsWith('execFile') ? [] : [[marker]]
    for (const options of [1, 'x', true, ['x']]) {
      t.throws(() => call('touch', ...rest, options), TYPE, `${name}: ${typeof options}`)
    }
  }
  for (const target of [undefined, null, 1, {}, []])
    t.throws(() => ours.confined(target as never), TYPE)
  for (const target of ['', { profile: '' }, { profile: 'a', stack: 'b' }]) {
    t.throws(() => ours.confined(target as never), VALUE)
  }
  t.throws(() => ours.confined({ profile: undefined } as never), TYPE)
})

t.test('confined: the target is read when it is bound', async (t) => {
  const target = { profile: MISSING }
  const { spawnSync } = ours.confined(target)
  Reflect.deleteProperty(target, 'profile')
  t.throws(() => spawnSync('touch', [marker]), REFUSED)
})

t.test('an option that looks like profile or stack is refused', async (t) => {
  const near = [
    'profil',
    'Profile',
    'PROFILE',
    'porfile',
    'profiel',
    'profiles',
    'prfile',
    'profille',
  ]
  const near2 = [
    'profie',
    'proifel',
    '_profile',
    'stak',
    'Stack',
    'stcak',
    'stacks',
    'statck',
    'stac',
  ]
  for (const name of NAMES) {
    const call = ours[name] as AnyFunction
    for (const option of [...near, ...near2]) {
      t.throws(() => call('touch', { [option]: MISSING }), VALUE, `${name}: ${option}`)
    }
  }
  const nodes = `cwd env argv0 stdio detached uid gid serialization shell input signal timeout killSignal
    windowsVerbatimArguments windowsHide encoding maxBuffer execPath execArgv silent stdin preferLocal`
  const options = nodes.split(/\s+/)
  for (const option of options) {
    const { status } = ours.spawnSync('true', { [option]: undefined })
    t.equal(status, 0, `${option} is none of them`)
  }
})

t.test('a profile in a place where Node reads no options is refused', async (t) => {
  const { spawn, exec, execFile } = ours as unknown as Record<string, AnyFunction>
  t.throws(() => spawn?.('touch', { cwd: '/' }, { profile: MISSING }), VALUE)
  t.throws(() => spawn?.('touch', [marker], {}, { stack: MISSING }), VALUE)
  t.throws(() => exec?.('touch', noop, { profile: MISSING }), VALUE)
  t.throws(() => execFile?.('touch', [marker], noop, { profile: MISSING }), VALUE)
})

t.test('the module can stand in the place of Node’s', async (t) => {
  t.equal(ours.ChildProcess, node.ChildProcess)
  for (const name of Object.keys(node).filter((name) => !/^_|^default$/.test(name))) {
    t.ok(name in ours && name in all, name)
    const [own, other] = [all, node] as unknown as Record<string, AnyFunction>[]
    t.equal(own?.[name], (ours as unknown as Record<string, unknown>)[name])
    t.strictSame(
      [own?.[name]?.name, own?.[name]?.length],
      [other?.[name]?.name, other?.[name]?.length],
    )
  }
  t.ok(all.spawn('true') instanceof ours.ChildProcess)
})

/** What each function says under Node's permission model. */
function underPermission(...allowed: readonly string[]): string {
  const flag =
    process.versions.node.startsWith('2') && Number.parseInt(process.versions.node, 10) < 23
  const script = `
    import * as ours from ${CHILD_PROCESS}
    const said = ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'].map((name) => {
      try { return ours[name]('touch', { profile: '${MISSING}' }) } catch ({ code }) { return code }
    })
    console.log([...new Set(said)].join())`
  const flags = [
    '--no-warnings',
    flag ? '--experimental-permission' : '--permission',
    '--allow-fs-read=*',
  ]
  const args = [...flags, ...allowed, '--input-type=module', '-e', script]
  return node.spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout.trim()
}

t.test('Node’s permission model', async (t) => {
  t.equal(underPermission(), 'ERR_ACCESS_DENIED', 'no children: Node’s own error')
  t.equal(underPermission('--allow-addons'), 'ERR_ACCESS_DENIED')
  t.equal(underPermission('--allow-child-process'), 'ERR_APPARMOR_ADDONS_DENIED')
  t.equal(underPermission('--allow-child-process', '--allow-addons'), REFUSED.code)
})

t.test('in none of these tests anything was executed', async (t) => {
  t.notOk(existsSync(marker))
})
