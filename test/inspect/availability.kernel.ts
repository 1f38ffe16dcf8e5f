import { availability, findMountpoint, isEnabled } from 'apparmor'
import t from 'tap'
import { afterScript, child, type Step } from '../support/child.ts'
import { makeFiles } from '../support/files.ts'
import { hasSelfAttr } from '../support/kernel.ts'

const WEB = 'apparmor-test-web'
const INTERFACE = '/sys/kernel/security/apparmor'

const { denied, allowed } = makeFiles(t)
const CONFINE: readonly Step[] = [
  ['call', 'changeProfile', WEB, { scope: 'thread' }],
  ['read', denied],
  ['read', allowed],
]
const CONFINED = [
  { ok: { label: WEB, mode: 'enforce', threads: 1 } },
  { error: { code: 'EACCES', path: denied } },
  { ok: 'allowed' },
]

t.test('AppArmor is enabled, and its policy interface is visible', async (t) => {
  t.equal(isEnabled(), true)
  t.strictSame(availability(), { enabled: true, mountpoint: INTERFACE })
  t.equal(findMountpoint(), INTERFACE)
})

t.test('without securityfs, as in a container, transitions work', async (t) => {
  const through = afterScript('umount -l /sys/kernel/security', 'unshare', '-m')
  const [enabled, available, mountpoint, ...rest] = child(
    [['call', 'isEnabled'], ['call', 'availability'], ['call', 'findMountpoint'], ...CONFINE],
    { through },
  )
  t.strictSame(enabled, { ok: true })
  t.strictSame(available, { ok: { enabled: true, mountpoint: null } })
  t.match(mountpoint, {
    error: {
      name: 'AppArmorError',
      code: 'ENOENT',
      syscall: 'aa_find_mountpoint',
      message: /interface is not visible.*mount -t securityfs/,
    },
  })
  t.match(rest, CONFINED)
})

t.test('without /sys, transitions work', async (t) => {
  const [available, ...rest] = child([['call', 'availability'], ...CONFINE], {
    through: afterScript('umount -l /sys', 'unshare', '-m'),
  })
  t.strictSame(available, { ok: { enabled: true, mountpoint: null } })
  t.match(rest, CONFINED)
})

// Below the guest's /proc lies the machine's own, hence the empty directory.
const NO_PROC = 'umount -l /proc; mount -t tmpfs none /proc'

t.test('without /proc, old kernels are out of reach, and the error says so', async (t) => {
  const calls: readonly Step[] = [
    ['call', 'getcon'],
    ['call', 'getProcAttr', 'exec'],
    ['call', 'changeOnexec', WEB],
  ]
  const through = afterScript(NO_PROC, 'unshare', '-m')
  const steps = [...calls, ...CONFINE]
  const [con, exec, onexec, ...rest] = child(steps, { through })
  if (hasSelfAttr) {
    t.strictSame(
      [con, exec, onexec],
      [{ ok: { label: 'unconfined', mode: null } }, { ok: null }, { ok: null }],
    )
    t.match(rest, CONFINED)
  } else {
    const [change, denial, neighbour] = rest
    const message = /^ERR_APPARMOR_NO_PROCFS: .*mount -t proc/
    const error = { name: 'AppArmorError', code: 'ERR_APPARMOR_NO_PROCFS', message }
    for (const outcome of [con, exec, onexec, change]) t.match(outcome, { error })
    t.match(onexec, { error: { syscall: 'aa_change_onexec', profile: WEB } })
    t.strictSame([denial, neighbour], [{ ok: 'denied' }, { ok: 'allowed' }], 'not confined')
  }
  t.match(child(CONFINE), CONFINED, 'with /proc it works')
})

t.test('in a new PID namespace under the old /proc, the right task is meant', async (t) => {
  const [before, threads, ...rest] = child(
    [
      ['call', 'getcon'],
      ['call', 'getThreadCons'],
      ...CONFINE,
      ['call', 'getcon'],
      ['spawn', 'cat', '/proc/1/attr/current'],
    ],
    { through: ['unshare', '--pid', '--fork'] },
  )
  t.strictSame(before, { ok: { label: 'unconfined', mode: null } })
  t.match(threads, { ok: [{ name: 'node', label: 'unconfined' }] })
  t.match(rest.slice(0, 3), CONFINED)
  t.strictSame(rest[3], { ok: { label: WEB, mode: 'enforce' } })
  t.match(rest[4], { ok: { stdout: 'unconfined\n' } }, 'the first process is somebody else')
})
