import t from 'tap'
import { child, type Step } from '../support/child.ts'
import { makeFiles } from '../support/files.ts'

const PROFILE = 'apparmor-test-process'
const START = `${PROFILE}-start`

t.setTimeout(180_000)

const { denied, allowed } = makeFiles(t)
const can = (profile: string): Step => ['call', 'canChangeProfile', profile]
const canWear = (hat: string): Step => ['call', 'canChangeHat', hat]
const change = (profile: string): Step => ['call', 'changeProfile', profile]

const values = (steps: readonly Step[], through: readonly string[] = []) =>
  child(steps, { through }).map(({ ok, error }) => (error ? error.code : ok))

t.test('canChangeProfile tells what changeProfile would do, and does not do it', async (t) => {
  const [here, missing, ...rest] = values([
    can(PROFILE),
    can('apparmor-test-missing'),
    ['call', 'getcon'],
    ['read', denied],
    change(START),
    can(PROFILE),
    can(`${PROFILE}-next`),
    ['call', 'getcon'],
    ['read', denied],
    change(PROFILE),
    ['read', denied],
    ['readAsync', denied],
    ['read', allowed],
  ])
  t.strictSame([here, missing], [true, false], 'unconfined: what is loaded')
  const [con, read, changed, permitted, ruleless, conAfter, readAfter, ...end] = rest
  t.strictSame([con, read], [{ label: 'unconfined', mode: null }, 'denied'])
  t.match(changed, { label: START })
  t.strictSame([permitted, ruleless], [true, false], 'confined: what there is a rule for')
  t.strictSame([conAfter, readAfter], [{ label: START, mode: 'enforce' }, 'denied'])
  t.match(end[0], { label: PROFILE })
  t.strictSame(end.slice(1), ['EACCES', 'EACCES', 'allowed'], 'what it said was true')
})

t.test('canChangeProfile knows no_new_privs', async (t) => {
  const nnp = ['setpriv', '--no-new-privs']
  const said = values([can(START), change(START), can(PROFILE), change(PROFILE)], nnp)
  t.match(said, [true, { label: START }, false, 'EPERM'])
})

t.test('canChangeHat tells what changeHat would do, and does not do it', async (t) => {
  const said = values([
    canWear('one'),
    change('apparmor-test-hat'),
    canWear('one'),
    canWear('none'),
    ['call', 'getcon'],
    ['call', 'getProcAttr', 'prev'],
    change('apparmor-test-hatless'),
    canWear('one'),
  ])
  t.match(said, [
    false,
    { label: 'apparmor-test-hat' },
    true,
    false,
    { label: 'apparmor-test-hat' },
    null,
    { label: 'apparmor-test-hatless' },
    false,
  ])
})

t.test('canChangeHat knows no_new_privs', async (t) => {
  const said = values(
    [change('apparmor-test-hat'), canWear('one'), ['call', 'changeHat', 'one']],
    ['setpriv', '--no-new-privs'],
  )
  t.match(said, [{ label: 'apparmor-test-hat' }, false, 'EPERM'])
})
