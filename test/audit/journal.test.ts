import { isOwn, keyOf } from '#lib/audit/follow/journal.js'
import t from 'tap'

const BODY =
  'apparmor="DENIED" operation="setprocattr" error=-22 profile="unconfined" pid=9 comm="x"'

const fromRing = (body: string, rest: object) =>
  JSON.stringify({
    MESSAGE: `audit: type=1400 audit(1795780536.947:73): ${body}`,
    _TRANSPORT: 'kernel',
    ...rest,
  })
const fromAudit = (body: string, rest: object) =>
  JSON.stringify({
    _SOURCE_REALTIME_TIMESTAMP: '1795780536947000',
    MESSAGE: `AVC ${body}`,
    ...rest,
    _AUDIT_ID: '73',
  })

t.test('the copies of a record have one key, whatever other fields follow', async (t) => {
  const key = keyOf(fromRing(BODY, {}))
  t.type(key, 'number')
  t.equal(keyOf(fromRing(BODY, { _BOOT_ID: 'b' })), key)
  t.equal(keyOf(fromAudit(BODY, { _TRANSPORT: 'audit' })), key)
})

t.test('two records of one event have two', async (t) => {
  const other = BODY.replace('unconfined', 'web')
  t.not(keyOf(fromAudit(other, {})), keyOf(fromAudit(BODY, {})))
})

t.test('what is no record, or has no number, has none', async (t) => {
  t.equal(keyOf(fromAudit('x', {})), null)
  t.equal(keyOf(JSON.stringify({ MESSAGE: BODY })), null)
  t.equal(keyOf('{'), null)
})

t.test('what D-Bus has started may speak of D-Bus alone', async (t) => {
  t.ok(isOwn(fromRing(BODY, {})))
  t.ok(isOwn(fromAudit(BODY, { _TRANSPORT: 'audit' })))
  const fromUnit = (text: string) => JSON.stringify({ MESSAGE: text, _TRANSPORT: 'stdout' })
  t.notOk(isOwn(fromUnit(BODY)))
  const message = 'apparmor="DENIED" operation="dbus_signal" bus="system" mask="send" label="web"'
  t.ok(isOwn(fromUnit(message)))
})
