import { features as featuresOf } from 'apparmor'
import { parseProfile, supports } from 'apparmor/policy'
import t from 'tap'

const DEBIAN_12 = featuresOf('/usr/share/apparmor-features/features')
const NEWER = {
  ...DEBIAN_12,
  dbus: { mask: 'acquire send receive' },
  namespaces: { mask: 'userns_create', profile: 'yes' },
  network_v9: { af_inet: 'yes', af_unix: 'yes', af_mask: 'inet' },
  io_uring: { mask: 'sqpoll override_creds' },
  ipc: { posix_mqueue: 'create' },
}

const ask = (rules: string, features = DEBIAN_12, parser = '5.0.2') =>
  supports(parseProfile(`profile a {\n  ${rules}\n}\n`), { features, parser })
const levelOf = (...args: Parameters<typeof ask>): string | undefined =>
  ask(...args).rules.find(({ rule }) => rule.kind !== 'profile')?.level

t.test('each kind of rule, on an older and a newer kernel', async (t) => {
  for (const [rule, old, now] of [
    ['/x r,', 'full', 'full'],
    ['link /x -> /y,', 'full', 'full'],
    ['capability bpf,', 'full', 'full'],
    ['network inet tcp,', 'full', 'full'],
    ['network inet tcp ip=::1,', 'partial', 'full'],
    ['unix type=stream,', 'partial', 'full'],
    ['deny unix type=stream,', 'none', 'full'],
    ['signal,', 'full', 'full'],
    ['ptrace,', 'full', 'full'],
    ['dbus,', 'none', 'full'],
    ['mount,', 'full', 'full'],
    ['umount,', 'full', 'full'],
    ['pivot_root,', 'full', 'full'],
    ['mqueue type=posix,', 'none', 'full'],
    ['mqueue type=sysv 1,', 'none', 'none'],
    ['io_uring,', 'none', 'full'],
    ['userns,', 'none', 'full'],
    ['change_profile -> b,', 'full', 'full'],
    ['change_profile -> &b,', 'full', 'full'],
    ['set rlimit nofile <= 5,', 'full', 'full'],
    ['hat h {\n  }', 'full', 'full'],
    ['all,', 'partial', 'full'],
  ] as const) {
    t.equal(levelOf(rule), old, `${rule} old`)
    t.equal(levelOf(rule, NEWER), now, `${rule} new`)
  }
})

t.test('what the parser does to a rule counts, too', async (t) => {
  t.equal(levelOf('userns,', NEWER, '3.0.8'), 'none', 'it does not know it')
  t.equal(levelOf('priority=1 /x r,', NEWER, '4.0.3'), 'none')
  t.equal(levelOf('priority=1 /x r,', NEWER, '4.1.0'), 'full')
  t.equal(levelOf('{\n    network inet,\n  }'), 'none', 'it drops it')
  t.equal(levelOf('{\n    deny /x r,\n  }'), 'none', 'it makes it the opposite')
  t.equal(levelOf('{\n    deny /x r,\n  }', NEWER, '4.1.8'), 'full')
  t.equal(levelOf('unix type=stream,', NEWER, '4.1.0'), 'partial', 'it does not know network_v9')
})

t.test('the whole policy, each kind, each rule', async (t) => {
  const report = ask('/x r,\n  dbus,\n  userns,')
  t.match(report, {
    level: 'partial',
    kinds: { profile: 'full', file: 'full', dbus: 'none', userns: 'none' },
  })
  t.match(report.rules[2], { level: 'none', profile: 'a', location: { line: 3 }, reason: /dbus/ })
  t.equal(ask('/x r,').level, 'full')
  const xattrs = parseProfile('profile a /x xattrs=(user.a=b) {\n}\n')
  const { domain: _, ...rest } = DEBIAN_12
  t.match(supports(xattrs, { features: { ...rest, domain: {} } }), { level: 'partial' })
})

t.test('without options it is about this machine', async (t) => {
  const report = supports(parseProfile('profile a {\n  /x r,\n}\n'))
  t.equal(report.level, 'full')
})

t.test('an ABI takes away what the kernel has', async (t) => {
  const policy = parseProfile('profile a {\n  dbus,\n}\n')
  t.equal(supports(policy, { features: NEWER }).level, 'full')
  t.equal(supports(policy, { features: NEWER, abi: DEBIAN_12 }).kinds.dbus, 'none')
})
