import { watch } from 'apparmor'
import t from 'tap'

t.test('wrong arguments', async (t) => {
  t.throws(() => watch({ signal: 1 as unknown as AbortSignal }), { code: 'ERR_INVALID_ARG_TYPE' })
  t.throws(() => watch({ namespace: '' }), { code: 'ERR_INVALID_ARG_VALUE' })
  t.throws(() => watch({ ref: 1 as unknown as boolean }), { code: 'ERR_INVALID_ARG_TYPE' })
})
