import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { changeProfile, getcon, getProcAttr, stackProfile } from 'apparmor'
import t from 'tap'
import { MISSING } from '../support/calls.ts'
import { child, type Outcome, type Step } from '../support/child.ts'
import { makeFiles } from '../support/files.ts'
import { callWithGarbage } from '../support/garbage.ts'
import { hasSelfAttr } from '../support/kernel.ts'

const WEB = 'apparmor-test-web'
const OTHER = 'apparmor-test-other'
const CHANGER = 'apparmor-test-changer'
const THREAD = { scope: 'thread' } as const
const UNCONFINED = { label: 'unconfined', mode: null }

const { dir, denied, allowed } = makeFiles(t)
const third = join(dir, 'third')
writeFileSync(third, 'third')

const change = (profile: string): Step => ['call', 'changeProfile', profile, THREAD]
const stack = (profile: string): Step => ['call', 'stackProfile', profile, THREAD]
const CON: Step = ['call', 'getcon']
const READ: readonly Step[] = [
  ['read', denied],
  ['read', allowed],
  ['read', third],
]

const EACCES = (path: string) => ({ error: { code: 'EACCES', syscall: 'open', path } })
const OPEN = [{ ok: 'denied' }, { ok: 'allowed' }, { ok: 'third' }]
const WEB_APPLIES = [EACCES(denied), { ok: 'allowed' }, { ok: 'third' }]
const BOTH_APPLY = [EACCES(denied), EACCES(allowed), { ok: 'third' }]

const refusal = (code: string, syscall: string, profile: string) => ({
  error: { name: 'AppArmorError', code, syscall, profile },
})

// EACCES, or ENOENT on kernels with stacking
const DENIED = /^(EACCES|ENOENT)$/

const parts = (outcome: Outcome | undefined) =>
  (outcome?.ok as { label: string } | undefined)?.label.split('//&').sort()

t.test('changeProfile: the calling thread is confined, the others are not', async (t) => {
  const [changed, con, ...rest] = child([
    change(WEB),
    CON,
    ...READ,
    ['write', denied, 'x'],
    ['readAsync', denied],
    ['call', 'getThreadCons'],
  ])
  t.strictSame(changed, { ok: { label: WEB, mode: 'enforce', threads: 1 } })
  t.strictSame(con, { ok: { label: WEB, mode: 'enforce' } })
  t.match(rest.slice(0, 4), [...WEB_APPLIES, EACCES(denied)])
  t.strictSame(rest[4], { ok: 'denied' }, 'a thread of the pool reads it')
  const labels = (rest[5]?.ok as readonly { label: string }[]).map(({ label }) => label)
  t.equal(labels.shift(), WEB)
  t.ok(labels.length >= 5)
  t.ok(labels.every((label) => label === 'unconfined'))
})

t.test('stackProfile: only what every profile of the stack permits is permitted', async (t) => {
  const [one, ...first] = child([stack(WEB), CON, ...READ, ['readAsync', denied]])
  t.strictSame(parts(one), [WEB, 'unconfined'])
  t.strictSame(parts(first[0]), [WEB, 'unconfined'])
  t.match(first.slice(1), [...WEB_APPLIES, { ok: 'denied' }])

  const [two, ...both] = child([stack(`${WEB}//&${OTHER}`), ...READ])
  t.strictSame(parts(two), [OTHER, WEB, 'unconfined'])
  t.match(both, BOTH_APPLY)
})

t.test('a Worker confines itself', async (t) => {
  const [worker, con, ...main] = child([
    ['worker', [change(WEB), CON, ...READ, ['readAsync', denied]]],
    CON,
    ...READ,
  ])
  const [changed, inside, ...rest] = worker?.ok as readonly Outcome[]
  t.match(changed, { ok: { label: WEB, threads: 1 } })
  t.strictSame(inside, { ok: { label: WEB, mode: 'enforce' } })
  t.match(rest, [...WEB_APPLIES, { ok: 'denied' }])
  t.strictSame(con, { ok: UNCONFINED })
  t.strictSame(main, OPEN)
})

t.test('children of profiles, namespaces and stacks can be named', async (t) => {
  const enter = (step: Step): Step => ['worker', [step, CON, ...READ]]
  const workers = child([
    enter(change(`${WEB}//worker`)),
    enter(change(':apparmor-test-ns:inner')),
    enter(change(':apparmor-test-ns://inner')),
    enter(change(`${WEB}//&${OTHER}`)),
    enter(stack(':apparmor-test-ns:inner')),
  ]).map(({ ok }) => ok as readonly Outcome[])
  const [nested, inner, printed, stacked, mixed] = workers
  t.strictSame(nested?.[1], { ok: { label: `${WEB}//worker`, mode: 'enforce' } })
  t.match(nested?.slice(2), WEB_APPLIES)
  for (const namespaced of [inner, printed]) {
    t.match(namespaced?.[1], { ok: { label: 'inner', mode: 'enforce' } })
    t.match(namespaced?.slice(2), WEB_APPLIES)
  }
  t.strictSame(parts(stacked?.[1]), [OTHER, WEB])
  t.match(stacked?.slice(2), BOTH_APPLY)
  t.match(mixed?.[0], { ok: { threads: 1 } })
  t.match(mixed?.slice(2), WEB_APPLIES)
})

t.test('a complaining profile denies only what a deny rule names', async (t) => {
  const [changed, ...rest] = child([change('apparmor-test-complain'), ...READ])
  t.match(changed, { ok: { label: 'apparmor-test-complain', mode: 'complain' } })
  t.match(rest, WEB_APPLIES)
})

t.test('no such profile: nothing is changed', async (t) => {
  for (const [call, syscall] of [
    [changeProfile, 'aa_change_profile'],
    [stackProfile, 'aa_stack_profile'],
  ] as const) {
    t.throws(() => call(MISSING, THREAD), {
      name: 'AppArmorError',
      code: 'ENOENT',
      errno: -2,
      syscall,
      profile: MISSING,
      message: new RegExp(`^ENOENT: no such profile, ${syscall} '${MISSING}'\\. Load it \\(`),
    })
  }
  t.strictSame(getcon(), UNCONFINED)
})

t.test('no permission: a confined thread changes only where its profile says so', async (t) => {
  const [first, refused, con, ...rest] = child([
    change(CHANGER),
    change(OTHER),
    CON,
    ...READ,
    stack(OTHER),
    CON,
    change(WEB),
    CON,
    ...READ,
    change(WEB),
    CON,
  ])
  t.match(first, { ok: { label: CHANGER } })
  t.match(refused, { error: { ...refusal('', 'aa_change_profile', OTHER).error, code: DENIED } })
  t.strictSame(con, { ok: { label: CHANGER, mode: 'enforce' } }, 'unchanged')
  t.strictSame(rest.slice(0, 3), OPEN)
  t.match(rest[3]?.error?.code, DENIED)
  t.strictSame(rest[4], { ok: { label: CHANGER, mode: 'enforce' } }, 'unchanged')
  t.match(rest[5], { ok: { label: WEB } })
  t.strictSame(rest[6], { ok: { label: WEB, mode: 'enforce' } })
  t.match(rest.slice(7, 10), WEB_APPLIES)
  t.match(rest[10], { error: { code: DENIED } }, 'not even to where it is')
  t.strictSame(rest[11], { ok: { label: WEB, mode: 'enforce' } })
})

t.test('no_new_privs: confinement can only grow', async (t) => {
  const [first, refused, con, onexec, exec, stacked, ...rest] = child(
    [
      change(CHANGER),
      change(WEB),
      CON,
      ['call', 'changeOnexec', WEB],
      ['call', 'getProcAttr', 'exec'],
      stack(WEB),
      ...READ,
    ],
    { through: ['setpriv', '--no-new-privs'] },
  )
  t.match(first, { ok: { label: CHANGER } }, 'from unconfined all is allowed')
  t.match(refused, refusal('EPERM', 'aa_change_profile', WEB))
  t.match(refused?.error?.message, /no_new_privs is set.*stackProfile/)
  t.strictSame(con, { ok: { label: CHANGER, mode: 'enforce' } }, 'unchanged')
  t.match(onexec, refusal('EPERM', 'aa_change_onexec', WEB))
  t.strictSame(exec, { ok: null })
  t.strictSame(parts(stacked), [CHANGER, WEB])
  t.match(rest, WEB_APPLIES)
})

t.test('an ordinary user', async (t) => {
  const [, , missing, before, changed, con, ...rest] = child([
    CON,
    ['setuid', 65534],
    change(MISSING),
    CON,
    change(WEB),
    CON,
    ...READ,
  ])
  t.match(missing, refusal('ENOENT', 'aa_change_profile', MISSING))
  t.strictSame(before, { ok: UNCONFINED })
  t.ok(changed?.ok)
  // WEB//&unconfined where the kernel restricts unprivileged users
  t.ok(parts(con)?.includes(WEB))
  t.match(rest, WEB_APPLIES)
})

t.test('the longest request that the kernel takes', async (t) => {
  // The kernel makes a directory for each profile, so that a name has at most 255 bytes: a stack, then.
  const lengths = [...Array<number>(16).fill(237), 242]
  const names = lengths.map((length, i) => `apparmor-test-${i}-`.padEnd(length, 'x'))
  const input = names
    .map((name) => `profile ${name} { file, network, unix, signal, deny /**/denied r, }\n`)
    .join('')
  execFileSync('apparmor_parser', ['-r', '-K'], { input })
  t.teardown(() => execFileSync('apparmor_parser', ['-R', '-K'], { input }))

  const longest = names.join('//&')
  t.equal(longest.length, 4082)
  const [tooLong, before, changed, con, ...rest] = child([
    change(`${longest}x`),
    CON,
    change(longest),
    CON,
    ...READ,
  ])
  t.match(tooLong, { error: { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' } })
  t.strictSame(before, { ok: UNCONFINED })
  t.strictSame(parts(changed), names.toSorted())
  t.strictSame(parts(con), names.toSorted())
  t.match(rest, WEB_APPLIES)
  t.throws(() => stackProfile(MISSING.padEnd(4090, 'x'), THREAD), { code: 'ENOENT' })
})

t.test('no file descriptor is left', async (t) => {
  const [before, exhausted, con, changed] = child([CON, ['exhaust'], CON, change(WEB)], {
    through: ['prlimit', '--nofile=64'],
  })
  t.strictSame(before, { ok: UNCONFINED })
  t.match(exhausted, { error: { code: 'EMFILE' } })
  if (hasSelfAttr) {
    t.match([con, changed], [{ ok: UNCONFINED }, { ok: { label: WEB } }])
  } else {
    t.match(con, { error: { name: 'AppArmorError', code: 'EMFILE', syscall: 'aa_getcon' } })
    t.match(changed, refusal('EMFILE', 'aa_change_profile', WEB))
  }
})

t.test('garbage changes nothing', async (t) => {
  t.strictSame(
    callWithGarbage(50, () => {
      const { label } = getcon()
      if (label !== 'unconfined') throw new Error(`the label is ${label}`)
    }),
    [],
  )
  t.equal(getProcAttr('exec'), null)
})
