import { records } from 'apparmor/audit'
import t from 'tap'

const line = (pid: number) =>
  `type=AVC msg=audit(1795690704.769:${pid}): apparmor="DENIED" operation="open" class="file" profile="web" name="/x" pid=${pid} comm="c" requested_mask="r" denied_mask="r" fsuid=0 ouid=0\n`

/** A source that tells when it was ended. */
function source(batches: readonly string[], failure?: Error) {
  const state = { closed: false }
  async function* items() {
    try {
      for (const batch of batches) yield Buffer.from(batch)
      if (failure) throw failure
    } finally {
      state.closed = true
    }
  }
  return { state, items: items() }
}

const pidOf = ({ value }: any) => value?.pid

t.test('calls at the same time are answered in their order', async (t) => {
  const { items } = source([line(1) + line(2), 'nothing\n', line(3), line(4) + line(5)])
  const log = records(items)
  const first = await Promise.all([log.next(), log.next(), log.next()])
  t.strictSame(first.map(pidOf), [1, 2, 3])
  const rest = await Promise.all([log.next(), log.next(), log.next(), log.next()])
  t.strictSame(rest.map(pidOf), [4, 5, undefined, undefined])
  t.match(rest[3], { done: true })
})

t.test('an error comes after the records before it, and once', async (t) => {
  const { items } = source([line(1)], new Error('disk'))
  const log = records(items)
  t.equal(pidOf(await log.next()), 1)
  await t.rejects(log.next(), { message: 'disk' })
  t.match(await log.next(), { done: true })
})

t.test('a loop that is left ends the source', async (t) => {
  const { items, state } = source([line(1) + line(2), line(3)])
  for await (const record of records(items)) {
    t.match(record, { pid: 1 })
    break
  }
  t.equal(state.closed, true)
  const other = source([line(1) + line(2), line(3)])
  const log = records(other.items)
  await log.next()
  await t.rejects(log.throw(new Error('why')), { message: 'why' })
  t.equal(other.state.closed, true)
  t.match(await log.next(), { done: true })
})

t.test('a line of another daemon’s record is none, whatever it says', async (t) => {
  const others = ['SYSCALL', 'PROCTITLE', 'PATH', 'CWD', 'DAEMON_START', 'EXECVE']
  const text = others.map((type) => line(1).replace('type=AVC', `type=${type}`)).join('')
  const { items } = source([text + line(2)])
  t.strictSame(pidOf(await records(items).next()), 2)
})
