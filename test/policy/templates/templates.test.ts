import t from 'tap'
import {
  changeProfile,
  decide,
  deny,
  dockerDefault,
  format,
  glob,
  network,
  nodeDefault,
  parseProfile,
  transitions,
  type NodeOptions,
  type Policy,
  type Profile,
} from 'apparmor/policy'
import { compile } from '../../support/apparmor_parser.ts'

const may = (policy: Policy, file: string, permissions: string): boolean =>
  decide(policy, { profile: 'x', file, permissions, owner: true }).allowed

t.test('what the templates write compiles', async (t) => {
  const whole = nodeDefault({
    name: 'x',
    attach: '/usr/bin/web',
    flags: ['complain'],
    node: '/opt/node/bin/node',
    read: ['/srv/', '/etc/hosts', glob('/opt/*/x')],
    write: ['/var/lib/web/'],
    execute: ['/bin/true', { path: '/bin/cat', profile: 'cat' }],
    addons: ['/srv/'],
    network: true,
    inspect: true,
    terminal: true,
    children: { launcher: '/srv/apparmor-launcher', profiles: ['plugin'] },
    rules: [deny(network({ family: 'inet6' }))],
  })
  for (const policy of [nodeDefault(), whole, dockerDefault(), dockerDefault({ abi: null })]) {
    t.equal(format(parseProfile(format(policy))), format(policy))
    t.ok(compile(format(policy)).length > 0)
  }
})

t.test('nodeDefault permits what it is asked for', async (t) => {
  const none = nodeDefault({ name: 'x' })
  t.ok(may(none, '/usr/bin/node', 'mr'))
  t.notOk(may(none, '/usr/bin/node', 'x'))
  t.notOk(may(none, '/srv/a', 'r'))
  const some = nodeDefault({
    name: 'x',
    read: ['/srv/*/', '/etc/a'],
    write: ['/var/x/'],
    addons: ['/srv/'],
    execute: [{ path: '/bin/cat', profile: 'cat' }],
  })
  for (const [path, permissions] of [
    ['/srv/*/', 'r'],
    ['/srv/*/a/b', 'r'],
    ['/etc/a', 'r'],
    ['/var/x/', 'rw'],
    ['/var/x/a/b', 'rwlk'],
    ['/srv/a/b.node', 'mr'],
    ['/bin/cat', 'x'],
  ] as const) {
    t.ok(may(some, path, permissions), `${path} ${permissions}`)
  }
  for (const [path, permissions] of [
    ['/srv/a/b', 'r'],
    ['/srv/*/a', 'w'],
    ['/etc/a/b', 'r'],
    ['/var/x/a', 'x'],
    ['/var/xa', 'r'],
    ['/srv/a.js', 'm'],
    ['/bin/cat', 'r'],
  ] as const) {
    t.notOk(may(some, path, permissions), `${path} ${permissions}`)
  }
  const { transition } = decide(some, { profile: 'x', file: '/bin/cat', permissions: 'x' })
  t.strictSame(transition, { exec: 'Px', target: 'cat' })
})

t.test(
  'dockerDefault: a container’s program may enter or stack a profile that the rules name',
  async (t) => {
    const rules = [changeProfile('worker'), changeProfile('&worker')]
    const may = dockerDefault({ name: 'x', rules })
    t.ok(compile(format(may)).length > compile(format(dockerDefault({ name: 'x' }))).length)
    const asked = (policy: Policy, changeProfile: string) =>
      decide(policy, { profile: 'x', changeProfile }).allowed
    t.ok(asked(may, 'worker'))
    t.ok(asked(may, '&worker'))
    t.notOk(asked(may, 'other'), 'and no other one')
    t.notOk(asked(dockerDefault({ name: 'x' }), 'worker'), 'which the default does not permit')
    t.ok(transitions(may).some(({ from, to }) => from === 'x' && to === 'worker'))
  },
)

t.test('dockerDefault: what of /proc and /sys is the container’s own', async (t) => {
  const policy = dockerDefault({ name: 'x' })
  const own = [
    '/proc/1/oom_score_adj',
    '/proc/42/task/42/comm',
    '/proc/sys/kernel/shmmax',
    '/proc/sys/kernel/shm_rmid_forced',
    '/sys/fs/cgroup/x/cgroup.procs',
    '/system/a',
    '/procs',
  ]
  const machine = [
    '/proc/sys/kernel/core_pattern',
    '/proc/sys/kernel/sem',
    '/proc/sys/kernel/sysrq',
    '/proc/sys/kernel/keys/maxkeys',
    '/proc/sys/net/ipv4/ip_forward',
    '/proc/sys/vm/swappiness',
    '/proc/sysrq-trigger',
    '/proc/kcore',
    '/proc/scsi/scsi',
    '/proc/sysvipc/shm',
    '/proc/acpi/wakeup',
    '/proc/irq/1/smp_affinity',
    '/sys/power/state',
    '/sys/firmware/efi/vars',
    '/sys/fs/bpf/x',
    '/sys/fs/ext4/x',
    '/sys/kernel/security/apparmor/.load',
    '/sys/kernel/uevent_helper',
  ]
  for (const path of own) t.ok(may(policy, path, 'w'), path)
  for (const path of machine) t.notOk(may(policy, path, 'w'), path)
  t.notOk(may(policy, '/sys/kernel/security/apparmor/profiles', 'r'))
  t.ok(may(policy, '/sys/kernel/mm/x', 'r'))
  const ask = { profile: 'x' } as const
  t.notOk(decide(policy, { ...ask, mount: { mountpoint: '/mnt/' } }).allowed)
  t.ok(decide(policy, { ...ask, umount: '/mnt/' }).allowed)
  t.ok(decide(policy, { ...ask, capability: 'sys_admin' }).allowed)
  t.notOk(decide(policy, { ...ask, network: { family: 'alg', type: 'seqpacket' } }).allowed)
  const signal = (peer: string) =>
    decide(policy, { ...ask, signal: 'kill', permission: 'receive', peer }).allowed
  t.strictSame(['x', 'runc', 'unconfined', 'other'].map(signal), [true, true, true, false])
})

t.test('options are checked, and a string stays a string', async (t) => {
  const wrong: readonly unknown[] = [
    null,
    [],
    { raed: ['/a'] },
    { name: 1 },
    { name: 'a*' },
    { read: '/a' },
    { read: ['a'] },
    { read: [1] },
    { write: [{ text: '/**' }] },
    { execute: [{ path: '/bin/cat' }] },
    { execute: [{ path: '/bin/cat', profile: '&a' }] },
    { execute: [{ path: '/bin/cat', profile: 'unconfined' }] },
    { execute: [{ path: '/bin/cat', profile: 'a', more: 1 }] },
    { network: 'yes' },
    { children: { launcher: 'x', profiles: [] } },
    { children: { launcher: '/x', profiles: [':ns:a'] } },
    { flags: ['fly'] },
    { rules: {} },
    { rules: ['/a r,'] },
  ]
  for (const options of wrong) {
    const code = /^ERR_INVALID_ARG_(TYPE|VALUE)$/
    t.throws(() => nodeDefault(options as NodeOptions), { code }, JSON.stringify(options))
  }
  const inherited = Object.create({ network: true }) as NodeOptions
  t.equal(format(nodeDefault(inherited)), format(nodeDefault()))
  for (const options of [{ name: 1 }, { deniedFamilies: ['x'] }, { signalledBy: 'a' }, { a: 1 }]) {
    t.throws(() => dockerDefault(options as never), { code: /^ERR_INVALID_ARG/ })
  }
  const attack = '/a r,\n} profile evil { /** rw, #'
  const policy = nodeDefault({
    name: 'x',
    read: [attack],
    write: [`${attack}/`],
    execute: [attack],
  })
  const { rules } = parseProfile(format(policy))
  t.strictSame(
    rules.filter(({ kind }) => kind === 'profile').map((one) => (one as Profile).name),
    ['x'],
  )
  t.ok(may(policy, attack, 'r'))
  t.notOk(may(policy, '/b', 'r'))
})
