import * as apparmor from 'apparmor'
import t from 'tap'
import { CALLS, PURE } from './support/calls.ts'
import { callWithGarbage } from './support/garbage.ts'

t.test('isEnabled is false, and availability tells why', async (t) => {
  t.equal(apparmor.isEnabled(), false)
  const found = apparmor.availability()
  t.match(found, { enabled: false, code: 'ECANCELED' })
  t.match(!found.enabled && found.reason, /^AppArmor was disabled when the kernel started\. \S/)
})

t.test('every other call throws that reason', async (t) => {
  for (const [name, args] of Object.entries(CALLS)) {
    if (['isEnabled', 'availability', ...PURE].includes(name)) continue
    const call = apparmor[name as keyof typeof apparmor] as (...args: readonly unknown[]) => unknown
    await t.rejects(async () => call(...args), {
      name: 'AppArmorError',
      code: 'ECANCELED',
      message: /^ECANCELED: AppArmor was disabled when the kernel started/,
    })
  }
})

t.test('garbage ends in a designed error', async (t) => {
  t.strictSame(callWithGarbage(30), [])
})
