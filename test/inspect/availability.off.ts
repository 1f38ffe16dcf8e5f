import * as apparmor from 'apparmor'
import t from 'tap'
import { callExample, CALLS, LAUNCHER, PURE } from '../support/calls.ts'
import { afterScript, child } from '../support/child.ts'
import { callWithGarbage } from '../support/garbage.ts'

t.test('isEnabled is false, and availability tells why', async (t) => {
  t.equal(apparmor.isEnabled(), false)
  const found = apparmor.availability()
  t.match(found, { enabled: false, code: 'ECANCELED' })
  t.match(!found.enabled && found.reason, /^AppArmor was disabled when the kernel started\. \S/)
})

t.test('and it does so without /proc', async (t) => {
  const through = afterScript('umount -l /proc; mount -t tmpfs none /proc', 'unshare', '-m')
  t.match(child([['call', 'availability']], { through }), [
    { ok: { enabled: false, code: 'ECANCELED' } },
  ])
})

t.test('every other call throws that reason', async (t) => {
  for (const name of Object.keys(CALLS)) {
    if (['isEnabled', 'availability', 'setNative', ...PURE, ...LAUNCHER].includes(name)) continue
    await t.rejects(async () => callExample(apparmor, name), {
      name: 'AppArmorError',
      code: 'ECANCELED',
      message: /^ECANCELED: AppArmor was disabled when the kernel started/,
    })
  }
})

t.test('what would be an empty list, or waits, is that error too', async (t) => {
  const error = { name: 'AppArmorError', code: 'ECANCELED' }
  await t.rejects(apparmor.processes({ pid: process.pid }), error)
  await t.rejects(apparmor.processes({ pid: 0x7fffffff }), error)
  await t.rejects(apparmor.watch().next(), error)
})

t.test('garbage ends in a designed error', async (t) => {
  t.strictSame(callWithGarbage(30), [])
})
