// What docs/containers.md says, on container engines.
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { containerOf, processes } from 'apparmor'
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
  await replace(`profile ${PART} { file, network, unix, signal, deny /etc/secret rw, deny /usr/bin/top x, }`)
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
  t.test(`${engine}: "ls" works and is in the log with its container, "top" is refused`, async (t) => {
    const signal = AbortSignal.timeout(60_000)
    const records = withContainers(follow({ source: 'kmsg', profile: NAME, event: 'audit', signal }))
    const record = (async () => {
      for await (const one of records) if (one.event !== 'lost') return one
      return null
    })()
    const script = 'ls / && echo works; top -b -n 1 || echo "top: $?"; sleep 3'
    const { id, child } = machine.start(engine, { profile: NAME }, ['/bin/sh', '-c', `${script} 2>&1`])
    let said = ''
    child.stdout?.setEncoding('utf8').on('data', (text) => (said += text))
    const found = await record
    await once(child, 'close')
    t.match(said, /^works$/m)
    t.match(said, /top: 126/)
    t.match(found, { operation: 'exec', name: '/usr/bin/ls', comm: 'sh' })
    if (engine === 'podman') t.match(found?.container, { engine: 'podman', name: id })
  })
}

/** What a Node program in a container finds possible. */
interface Found {
  readonly enabled: boolean
  readonly mountpoint: string | null
  readonly label: string
  readonly containers: unknown
  readonly changed: string
  readonly stacked: string
  readonly child: string
  readonly secret: string
}

const LOOK = `
import { availability, changeProfile, containerOf, getcon, stackProfile } from ${PACKAGE}
import { spawnSync } from ${CHILD_PROCESS}
import { readFileSync } from 'node:fs'
const attempt = (call) => { try { return String(call()) } catch (error) { return error.code } }
const { enabled, mountpoint } = availability()
const found = { enabled, mountpoint, label: getcon().label, container: await containerOf(process.pid) }
found.child = attempt(() => {
  const { error, status, stdout } = spawnSync('/bin/sh', ['-c', 'top -b -n 1; ls / > /dev/null && echo listed'], { stack: '${PART}', encoding: 'utf8' })
  if (error) throw error
  return status + ' ' + stdout.trim()
})
found.stacked = attempt(() => stackProfile('${PART}').label)
if (process.argv[2] === 'change') found.changed = attempt(() => changeProfile('${PART}').label)
console.log(JSON.stringify(found))`

const inside = (engine: EngineName, container: Container, ...args: readonly string[]): Found => {
  const { stdout, stderr, status } = machine.run(engine, container, [
    ...node(LOOK),
    'look',
    ...args,
  ])
  if (status !== 0) throw new Error(`${engine}: ${stdout}${stderr}`)
  return JSON.parse(stdout)
}

for (const engine of ENGINES) {
  t.test(`${engine}: a program in a container confines itself and its children`, async (t) => {
    t.match(inside(engine, { profile: NAME }), {
      enabled: true,
      label: NAME,
      child: 'EACCES',
      stacked: 'EACCES',
    })
    const stack = `${NAME}//&${PART}`
    t.match(inside(engine, { profile: OPEN }), {})
    t.equal(stack, stack)
  })
}
