import { queryDbus, queryFile, type FilePermission } from 'apparmor'
import t from 'tap'

const LABEL = 'apparmor-test-query'

t.test('wrong arguments are found before the kernel is asked', async (t) => {
  const value = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' }
  for (const permissions of ['', 'q', 'rq', [], ['reed' as FilePermission]]) {
    t.throws(() => queryFile(LABEL, '/', permissions), value)
  }
  t.throws(() => queryFile(LABEL, 'relative', 'r'), value)
  t.throws(() => queryFile(LABEL, '/', 4 as unknown as string), { code: 'ERR_INVALID_ARG_TYPE' })
  t.throws(() => queryDbus(LABEL, { access: 'read' as 'send', bus: 'x', peerLabel: 'x' }), value)
})
