// What docs/containers.md says of containers that a user without privileges starts, and of containers in containers.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { containerOf } from 'apparmor'
import { remove, replace, toOci } from 'apparmor/policy'
import t from 'tap'
import { Machine, type OciConfig } from './support/engines.ts'
import { makeFiles } from './support/files.ts'
import { CHILD_PROCESS, PACKAGE } from './support/package.ts'

const OUTER = 'apparmor-test-outer'
const INNER = 'apparmor-test-inner'
const machine = new Machine()
const { dir } = makeFiles(t)

const ALL = 'file, network, unix, signal, ptrace, capability, mount, umount, pivot_root, dbus,'

t.before(async () => {
  await replace(`profile ${OUTER} { ${ALL} change_profile -> ${INNER}, }`)
  await replace(`profile ${INNER} { ${ALL} deny /usr/bin/top x, }`)
})
t.teardown(async () => {
  machine.remove()
  for (const profile of [OUTER, INNER])
    await remove({ profile }, { running: 'unconfine' }).catch(() => {})
})

const SCRIPT = 'cat /proc/self/attr/current; ls / > /dev/null && echo listed; top -b -n 1'

t.test('rootless Podman refuses a profile, and starts nothing', async (t) => {
  const rootless = true
  const ran = machine.run('podman', { profile: INNER, rootless }, ['/bin/echo', 'it runs'])
  t.not(ran.status, 0)
  t.equal(ran.stdout, '')
  t.match(
    ran.stderr,
    /apparmor profile "apparmor-test-inner" specified, but Apparmor is not enabled/,
  )
})

t.test('in a rootless container a program confines itself and its children', async (t) => {
  const source = `
import { ownContainer, stackProfile } from ${PACKAGE}
import { spawnSync } from ${CHILD_PROCESS}
const { status, stdout } = spawnSync('/bin/sh', ['-c', ${JSON.stringify(SCRIPT)}], { profile: '${INNER}', encoding: 'utf8' })
console.log(JSON.stringify({ container: ownContainer(), status, stdout, self: stackProfile('${INNER}').label }))`
  const command = [process.execPath, '--input-type=module', '-e', source]
  const ran = machine.run('podman', { rootless: true }, command)
  if (!t.equal(ran.status, 0, ran.stderr)) return
  t.match(JSON.parse(ran.stdout), {
    container: { engine: 'podman', namespaces: ['user', 'pid', 'cgroup'] },
    status: 126,
    stdout: `${INNER} (enforce)\nlisted\n`,
    self: /^(unconfined\/\/&apparmor-test-inner|apparmor-test-inner\/\/&unconfined)$/,
  })
})

/** Runs crun in a container of crun. */
function nest(profile: string | null, inner: string) {
  const bundle = join(dir, `${profile}-${inner}`)
  mkdirSync(bundle, { recursive: true })
  const edit = (config: OciConfig): void => {
    // what `docker run --privileged` gives
    for (const set of Object.keys(config.process.capabilities)) {
      config.process.capabilities[set] = CAPABILITIES
    }
    Object.assign(config.linux, { maskedPaths: [], readonlyPaths: [], seccomp: undefined })
    const inside: any = JSON.parse(JSON.stringify(config))
    inside.process.args = ['/bin/sh', '-c', SCRIPT]
    inside.linux.namespaces = inside.linux.namespaces.filter(({ type }: any) => type !== 'cgroup')
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(toOci(inner, inside)))
    const options = ['rbind', 'rw']
    for (const path of [dir, config.root.path, '/run']) {
      config.mounts.push({ destination: path, source: path, type: 'bind', options })
    }
  }
  const command = ['crun', '--cgroup-manager=disabled', 'run', '--bundle', bundle, 'inner']
  return machine.run('crun', { profile, edit }, command)
}

const CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'KILL',
  'MKNOD',
  'NET_ADMIN',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_ADMIN',
  'SYS_CHROOT',
].map((name) => `CAP_${name}`)

t.test(
  'a container in a container runs under its own profile, where the outer one permits it',
  async (t) => {
    const confined = { status: 126, stdout: `${INNER} (enforce)\nlisted\n` }
    t.match(nest(null, INNER), confined)
    t.match(nest(OUTER, INNER), confined)
    const refused = nest(INNER, OUTER)
    t.not(refused.status, 0)
    t.equal(refused.stdout, '')
    t.match(refused.stderr, /attr\/exec`?: Permission denied/)
  },
)

t.test('control groups with hostile names are no containers', async (t) => {
  const id = 'e'.repeat(64)
  const names = [
    `docker-${id}.scope 0::x`,
    `docker-${id}.scope \u001b[31m`,
    `libpod-${id.slice(1)}/..`.replace('/', '\u2215'),
    'lxc.payload.\u001b]0;x\u0007',
    'lxc.payload.a b',
    '__proto__',
  ]
  for (const name of names) {
    const group = join('/sys/fs/cgroup', name)
    mkdirSync(group)
    const child = spawn('sleep', ['1000'])
    writeFileSync(join(group, 'cgroup.procs'), String(child.pid))
    t.equal(await containerOf(child.pid ?? 0), null, JSON.stringify(name))
    child.kill()
    await once(child, 'exit')
    rmdirSync(group)
  }
})
