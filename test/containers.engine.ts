// What docs/containers.md says, on container engines.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { containerOf, processes, status } from 'apparmor'
import { follow, withContainers } from 'apparmor/audit'
import {
  audit,
  changeProfile,
  deny,
  dockerDefault,
  file,
  format,
  remove,
  replace,
} from 'apparmor/policy'
import t from 'tap'
import { ENGINES, Machine, type Container, type EngineName } from './support/engines.ts'
import { CHILD_PROCESS, PACKAGE } from './support/package.ts'

const NAME = 'apparmor-test-container'
const OPEN = 'apparmor-test-container-open'
const PART = 'apparmor-test-container-part'
const machine = new Machine()

t.before(async () => {
  const ls = audit(file('/usr/bin/ls', 'rix'))
  const rules = [ls, deny(file('/usr/bin/top', 'ix'))]
  await replace(format(dockerDefault({ name: NAME, rules })))
  const mayChange = [changeProfile(PART), changeProfile(`&${PART}`)]
  await replace(format(dockerDefault({ name: OPEN, rules: mayChange })))
  await replace(
    `profile ${PART} { file, network, unix, signal, deny /etc/secret rw, deny /usr/bin/top x, }`,
  )
})
t.teardown(async () => {
  machine.remove()
  for (const profile of [NAME, OPEN, PART]) await remove({ profile }, { running: 'unconfine' })
})

const node = (source: string): readonly string[] => [
  process.execPath,
  '--input-type=module',
  '-e',
  source,
]

for (const engine of ENGINES) {
  t.test(
    `${engine}: "ls" works and is in the log with its container, "top" is refused`,
    async (t) => {
      const signal = AbortSignal.timeout(60_000)
      const records = withContainers(
        follow({ source: 'kmsg', profile: NAME, event: 'audit', signal }),
      )
      const record = (async () => {
        for await (const one of records)
          if (one.event !== 'lost' && 'operation' in one && one.operation === 'exec') return one
        return null
      })()
      const script = 'ls / && echo works; top -b -n 1 || echo "top: $?"; sleep 3'
      const { id, child } = machine.start(engine, { profile: NAME }, [
        '/bin/sh',
        '-c',
        `${script} 2>&1`,
      ])
      let said = ''
      child.stdout?.setEncoding('utf8').on('data', (text) => (said += text))
      const found = await record
      await once(child, 'close')
      t.match(said, /^works$/m)
      t.match(said, /top: 126/)
      t.match(found, { operation: 'exec', name: '/usr/bin/ls', comm: 'sh' })
      if (engine === 'podman') t.match(found?.container, { engine: 'podman', name: id })
    },
  )
}

// Prints what a program in a container finds possible. It confines a child first, and then itself.
const LOOK = `
import { availability, changeProfile, getcon, stackProfile } from ${PACKAGE}
import { spawnSync } from ${CHILD_PROCESS}
const attempt = (call) => { try { return call() } catch (error) { return error.code } }
const [, how] = process.argv
const command = 'ls / > /dev/null && echo listed; top -b -n 1'
const child = () => {
  const options = { [how === 'stack' ? 'stack' : 'profile']: '${PART}', encoding: 'utf8' }
  const { error, status, stdout } = spawnSync('/bin/sh', ['-c', command], options)
  return error ? error.code : { status, stdout }
}
const self = () => (how === 'stack' ? stackProfile : changeProfile)('${PART}').label
const { enabled, mountpoint } = availability()
const { label } = getcon()
const found = { enabled, mountpoint, label, child: attempt(child), self: attempt(self) }
console.log(JSON.stringify(found))`

const CHILD = { status: 126, stdout: 'listed\n' }
const stacked = (label: string) => [`${label}//&${PART}`, `${PART}//&${label}`]

const CASES: readonly (readonly [Container, 'stack' | 'change', unknown, readonly string[]])[] = [
  [{ profile: NAME }, 'stack', 'EACCES', ['EACCES']],
  [{ profile: NAME }, 'change', 'EACCES', ['EACCES']],
  [{ profile: OPEN }, 'stack', CHILD, stacked(OPEN)],
  [{ profile: OPEN }, 'change', CHILD, [PART]],
  [{ profile: OPEN, noNewPrivileges: true }, 'stack', CHILD, stacked(OPEN)],
  [{ profile: OPEN, noNewPrivileges: true }, 'change', 'EPERM', ['EPERM']],
  [{ profile: null }, 'stack', CHILD, stacked('unconfined')],
  [{ profile: null }, 'change', CHILD, [PART]],
]

for (const engine of ENGINES) {
  t.test(`${engine}: a program in a container confines itself and its children`, async (t) => {
    for (const [container, how, child, self] of CASES) {
      const about = `${how} in ${JSON.stringify(container)}`
      const ran = machine.run(engine, container, [...node(LOOK), how])
      if (!t.equal(ran.status, 0, `${about}: ${ran.stderr}`)) continue
      const found = JSON.parse(ran.stdout)
      const label = container.profile ?? 'unconfined'
      t.match(found, { enabled: true, mountpoint: null, label, child }, about)
      t.ok(self.includes(found.self), `${about}: ${found.self}`)
    }
  })
}

t.test('the profile that Podman chooses itself allows neither', async (t) => {
  for (const how of ['stack', 'change']) {
    const ran = machine.run('podman', {}, [...node(LOOK), how])
    if (!t.equal(ran.status, 0, ran.stderr)) continue
    const { label, child, self } = JSON.parse(ran.stdout)
    t.match(label, /^containers-default-/)
    t.strictSame([child, self], ['EACCES', 'EACCES'])
  }
})

// What each engine says of a profile that is not loaded, as docs/containers.md tells.
const REFUSALS: Readonly<Record<EngineName, RegExp>> = {
  runc: /unable to apply apparmor profile/,
  crun: /\/attr\/exec`?: No such file or directory/,
  podman: /AppArmor profile "apparmor-test-none" specified but not loaded/,
}

for (const engine of ENGINES) {
  t.test(`${engine}: without the profile there is no container`, async (t) => {
    const ran = machine.run(engine, { profile: 'apparmor-test-none' }, ['/bin/echo', 'it runs'])
    t.not(ran.status, 0)
    t.equal(ran.stdout, '')
    t.match(ran.stderr, REFUSALS[engine])
  })
}

const enforced = async () => (await status()).counts.processes.enforce

t.test('one of Podman is named, while it runs and after it has ended', async (t) => {
  const before = await enforced()
  const { id, child } = machine.start('podman', { profile: NAME }, [
    '/bin/sh',
    '-c',
    'echo on; sleep 60',
  ])
  await once(child.stdout!, 'data')
  const running = await processes({ label: NAME }, { containers: true })
  const [one] = running.filter(({ container }) => container?.name === id)
  t.match(one, { label: NAME, container: { engine: 'podman', name: id, id: /^[0-9a-f]{64}$/ } })
  t.equal(await enforced(), before + 2, 'the shell and its sleep')
  t.match(await containerOf(one?.pid ?? 0), { engine: 'podman', name: id })
  t.equal(await containerOf(process.pid), null, 'this program is in none')
  process.kill(one?.pid ?? 0, 'SIGKILL')
  await once(child, 'close')
  t.equal(await containerOf(one?.pid ?? 0), null)
  t.strictSame(await processes({ label: NAME }), [])
})

t.test('containers that end while they are looked at', async (t) => {
  const children = [1, 2, 3].map(
    () => machine.start('crun', { profile: NAME }, ['/bin/true']).child,
  )
  let left = children.length
  for (const child of children) child.once('close', () => left--)
  let looks = 0
  for (; left > 0; looks++) await processes({}, { containers: true })
  t.ok(looks > 0)
})

t.test('examples/container', async (t) => {
  const example = (name: string) => `examples/container/${name}`
  execFileSync('apparmor_parser', ['--replace', '--skip-cache', example('container.profile')])
  t.teardown(() => remove({ profile: 'example-container' }, { running: 'unconfine' }))
  const start = (...args: readonly string[]) =>
    spawn(process.execPath, [example('container.js'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const run = async (...args: readonly string[]) => {
    const child = start(...args)
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ])
    return { stdout, stderr, status }
  }
  const script = 'hostname; cat /proc/self/attr/apparmor/current; ls /; top -b -n 1; exit 7'
  t.match(await run('example-container', '/bin/sh', '-c', script), {
    status: 7,
    stdout: /^box\nexample-container \(enforce\)\nbin\ndev\nlib\n/,
    stderr: /top: Permission denied/,
  })
  t.match(await run('example-none', '/bin/echo', 'it runs'), { status: 126, stdout: '' })
  t.match(await run('example-container', '/bin/none'), { status: 127 })
  t.match(await run('example-container', '/bin/sh', '-c', 'kill -9 $$'), { status: 137 })
  t.match(await run(), { status: 125, stderr: /usage/ })

  const loop = 'trap "echo caught; exit 3" TERM; echo ready; while :; do sleep 0.1; done'
  const child = start('example-container', '/bin/sh', '-c', loop)
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  const [said, [status]] = await Promise.all([text(child.stdout), once(child, 'close')])
  t.match(said, 'caught')
  t.equal(status, 3)
})
