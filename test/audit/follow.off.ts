import { follow } from 'apparmor/audit'
import t from 'tap'

t.test('auto says of each source why it is none', async (t) => {
  await t.rejects(follow({ signal: AbortSignal.timeout(60_000) }).next(), {
    name: 'AppArmorError',
    code: 'ERR_APPARMOR_NO_LOG',
    message: /the probe was not refused|audit: .*ENOENT.*kmsg: no record/s,
  })
})
