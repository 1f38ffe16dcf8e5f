// Runs as root under a kernel that enforces AppArmor.
import * as node from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as ours from 'apparmor/child_process'
import { confineCommand } from 'apparmor'
import t, { type Test } from 'tap'
import { makeFiles } from '../support/files.ts'
import { CHILD_PROCESS } from '../support/package.ts'

t.setTimeout(170_000)

const CHILD = 'apparmor-test-child'
const TEXT = { encoding: 'utf8' } as const
const { dir, allowed } = makeFiles(t)

/** What a program under a profile, or through another program, gets from starting children. */
function startedBy(through: readonly string[], options: object = {}): string[] {
  const script = `
    import { execFileSync, spawnSync } from ${CHILD_PROCESS}
    for (const option of [{ profile: '${CHILD}' }, { stack: '${CHILD}' }]) {
      try {
        const stdio = ['ignore', 'pipe', 'inherit']
        const read = '/proc/self/attr/current'
        console.log(execFileSync('/bin/cat', [read], { encoding: 'utf8', stdio, ...option }).trim())
      } catch ({ name, code }) {
        console.log(name, code)
      }
    }`
  const command = [...through, process.execPath, '--input-type=module', '-e', script]
  const [file = '', ...args] = command
  const { stdout, stderr } = ours.spawnSync(file, args, { ...TEXT, ...options } as typeof TEXT)
  return [...stdout.trimEnd().split('\n'), ...(stderr ? [stderr] : [])]
}

t.test('a confined parent', async (t) => {
  const refused = /^AppArmorError (EACCES|ENOENT)$/
  const [profile = '', stack = ''] = startedBy([], { profile: 'apparmor-test-starter' })
  t.equal(profile, `${CHILD} (enforce)`)
  t.match(stack, /(child\/\/&.*starter|starter\/\/&.*child) \(enforce\)$/)
  for (const line of startedBy([], { profile: 'apparmor-test-powerless-starter' })) {
    t.match(line, refused, 'without a rule')
  }
  const [locked, grown = ''] = startedBy(['setpriv', '--no-new-privs'], {
    profile: 'apparmor-test-starter',
  })
  t.equal(locked, 'AppArmorError EPERM', 'no_new_privs')
  t.match(grown, /(child\/\/&.*starter|starter\/\/&.*child) \(enforce\)$/, 'which may only grow')
})

t.test('the rules that the package prints are what a confined parent needs', async (t) => {
  const PARENT = 'apparmor-test-printed'
  const load = (rules: string) =>
    node.execFileSync('apparmor_parser', ['-r', '-K'], {
      input: `abi <abi/3.0>,
        include <tunables/global>
        profile ${PARENT} { network, unix, capability, /** rwm, signal peer=unconfined,
          ${rules} }`,
    })
  const { file } = confineCommand(CHILD, 'true')
  const rules = ours.parentRules(CHILD)
  load(rules)
  const [profile, stack = ''] = startedBy([], { profile: PARENT })
  t.equal(profile, `${CHILD} (enforce)`)
  t.match(stack, /child/)
  load(rules.replace(`${file} ix,`, ''))
  t.strictSame(
    startedBy([], { profile: PARENT }),
    Array(2).fill('AppArmorError ERR_APPARMOR_LAUNCHER'),
    'without the launcher’s',
  )
  node.execFileSync('apparmor_parser', ['-R'], { input: `profile ${PARENT} {}` })
})

const PRELOAD = { NODE_OPTIONS: `--require ${join(dir, 'preload.cjs')}` }
const module = join(dir, 'options.cjs')
writeFileSync(module, 'process.send(String(globalThis.preloaded))')
writeFileSync(join(dir, 'preload.cjs'), 'globalThis.preloaded = true')

/** Whether a Node child of a program under a profile obeys NODE_OPTIONS. */
function obeysOptions(t: Test, profile: string): string {
  const script = `
    import { fork } from ${CHILD_PROCESS}
    const env = ${JSON.stringify({ PATH: process.env['PATH'], ...PRELOAD })}
    fork('${module}', { profile: '${CHILD}', env }).on('message', (message) => console.log(message))`
  const args = ['--input-type=module', '-e', script]
  const { stdout, stderr } = ours.spawnSync(process.execPath, args, { profile, ...TEXT })
  t.equal(stderr, '')
  return stdout.trim()
}

t.test('secure execution: who clears the environment', async (t) => {
  const child = ours.fork(module, { profile: CHILD, env: { ...process.env, ...PRELOAD } })
  t.strictSame((await once(child, 'message'))[0], 'true', 'an unconfined parent hands it on')
  t.equal(obeysOptions(t, 'apparmor-test-starter'), 'undefined', 'a confined one does not')
  t.equal(obeysOptions(t, 'apparmor-test-unsafe-starter'), 'true', 'unless its rule says unsafe')
})

t.test('a Node child under the least profile', async (t) => {
  mkdirSync(join(dir, 'app'))
  const module = join(dir, 'app', 'main.mjs')
  writeFileSync(
    module,
    `import { readFileSync } from 'node:fs'
     import { execFileSync } from 'node:child_process'
     const attempt = (call) => { try { call(); return 'ok' } catch ({ code }) { return code } }
     process.on('message', (message) => {
       const seen = [
         message,
         attempt(() => readFileSync(process.argv[1])),
         attempt(() => readFileSync(${JSON.stringify(allowed)})),
         attempt(() => execFileSync('/bin/true')),
       ]
       process.send(seen, () => process.disconnect())
     })`,
  )
  for (const serialization of ['json', 'advanced'] as const) {
    const env = { PATH: process.env['PATH'] }
    const options = { profile: 'apparmor-test-node', serialization, silent: true, env }
    const child = ours.fork(module, options)
    let stderr = ''
    child.stderr?.on('data', (chunk) => (stderr += String(chunk)))
    child.send({ hello: 'ä' })
    const closed = once(child, 'close')
    const message = await Promise.race([once(child, 'message'), closed])
    t.strictSame(message[0], [{ hello: 'ä' }, 'ok', 'EACCES', 'EACCES'], stderr)
    t.strictSame(await closed, [0, null], stderr)
  }
})
