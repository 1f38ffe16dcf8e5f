import { changeOnexec, getcon, getProcAttr, stackOnexec } from 'apparmor'
import t from 'tap'
import { MISSING } from '../support/calls.ts'
import { child, type Outcome, type Step } from '../support/child.ts'
import { makeFiles } from '../support/files.ts'

const WEB = 'apparmor-test-web'
const OTHER = 'apparmor-test-other'
const CHANGER = 'apparmor-test-changer'
const UNCONFINED = { label: 'unconfined', mode: null }

const { denied, allowed } = makeFiles(t)

const CON: Step = ['call', 'getcon']
const EXEC: Step = ['call', 'getProcAttr', 'exec']
// its label and both files, each if it may be read
const REPORT: Step = ['spawn', 'cat', '/proc/self/attr/current', denied, allowed]

const CONFINED = { ok: { status: 1, stderr: /denied: Permission denied/ } }

const stdout = (outcome: Outcome | undefined) => (outcome?.ok as { stdout: string }).stdout

t.test('changeOnexec: the child is confined, and not this process', async (t) => {
  const [set, exec, con, own, first, second, replaced, third] = child([
    ['call', 'changeOnexec', WEB],
    EXEC,
    CON,
    ['read', denied],
    REPORT,
    REPORT,
    ['call', 'changeOnexec', OTHER],
    REPORT,
  ])
  t.strictSame(set, { ok: null })
  t.strictSame(exec, { ok: { label: WEB, mode: 'enforce' } }, 'it reads back')
  t.strictSame(con, { ok: UNCONFINED }, 'the label is what it was')
  t.strictSame(own, { ok: 'denied' }, 'and no rule applies')
  t.match(first, CONFINED)
  t.equal(stdout(first), `${WEB} (enforce)\nallowed`)
  t.match(second, CONFINED, 'it stays on the thread')
  t.equal(stdout(second), `${WEB} (enforce)\nallowed`)
  t.strictSame(replaced, { ok: null })
  t.equal(stdout(third), `${OTHER} (enforce)\ndenied`, 'until it is replaced')
})

t.test('stackOnexec: the child has this profile in addition', async (t) => {
  const [set, exec, con, spawned] = child([['call', 'stackOnexec', WEB], EXEC, CON, REPORT])
  t.strictSame(set, { ok: null })
  t.match(exec, { ok: { label: WEB } })
  t.strictSame(con, { ok: UNCONFINED })
  t.match(spawned, CONFINED)
  const [label = '', content] = stdout(spawned).split('\n')
  t.strictSame(label.replace(/ \(.*/, '').split('//&').sort(), [WEB, 'unconfined'])
  t.equal(content, 'allowed')
})

t.test('it is a matter of the calling thread', async (t) => {
  const [worker, exec, main] = child([
    ['worker', [['call', 'changeOnexec', WEB], EXEC, REPORT]],
    EXEC,
    REPORT,
  ])
  const [, inside, spawned] = worker?.ok as readonly Outcome[]
  t.match(inside, { ok: { label: WEB } })
  t.match(spawned, CONFINED)
  t.strictSame(exec, { ok: null })
  t.equal(stdout(main), 'unconfined\ndeniedallowed')
})

t.test('no such profile: nothing is set', async (t) => {
  for (const [call, syscall] of [
    [changeOnexec, 'aa_change_onexec'],
    [stackOnexec, 'aa_stack_onexec'],
  ] as const) {
    t.throws(() => call(MISSING), {
      name: 'AppArmorError',
      code: 'ENOENT',
      errno: -2,
      syscall,
      profile: MISSING,
      message: new RegExp(`^ENOENT: no such profile, ${syscall} '${MISSING}'\\. `),
    })
  }
  t.equal(getProcAttr('exec'), null)
  t.strictSame(getcon(), UNCONFINED)
})

t.test('no permission: nothing is set', async (t) => {
  const [changed, refused, exec, con, permitted, after, spawned] = child([
    ['call', 'changeProfile', CHANGER, { scope: 'thread' }],
    ['call', 'changeOnexec', OTHER],
    EXEC,
    CON,
    ['call', 'changeOnexec', WEB],
    EXEC,
    REPORT,
  ])
  t.match(changed, { ok: { label: CHANGER } })
  t.match(refused, { error: { syscall: 'aa_change_onexec', code: /^(EACCES|ENOENT)$/ } })
  t.strictSame(exec, { ok: null })
  t.strictSame(con, { ok: { label: CHANGER, mode: 'enforce' } })
  t.strictSame(permitted, { ok: null }, 'what the profile permits can be set')
  t.match(after, { ok: { label: WEB } })
  t.match(spawned, CONFINED)
})
