import { compile, load, remove, replace, setMode, sync } from 'apparmor/policy'
import t from 'tap'

const NAME = 'apparmor-test-load'
const TEXT = `profile ${NAME} { /x r, }`
const OFF = {
  name: 'AppArmorError',
  code: 'ECANCELED',
  message: /disabled when the kernel started/,
}

t.test('what needs a kernel says that there is no AppArmor', async (t) => {
  await t.rejects(load(TEXT), OFF)
  await t.rejects(replace(TEXT), OFF)
  await t.rejects(remove({ profile: NAME }), OFF)
  await t.rejects(remove(TEXT, { running: 'unconfine' }), OFF)
  await t.rejects(setMode(NAME, 'complain'), OFF)
  await t.rejects(sync('/tmp', { owner: 'test', state: '/tmp/apparmor-test-state' }), OFF)
})

t.test('what needs none works', async (t) => {
  t.match(await compile(TEXT), { profiles: [{ namespace: null, name: NAME }] })
})
