import { lost, LossReader, Serials, stampOf } from '#lib/audit/loss.js'
import t from 'tap'

const counts = (serials: Serials, all = true) =>
  serials.settle(all).map(({ reason, count }) => [reason, count])

t.test('numbers that never come are lost', async (t) => {
  const serials = new Serials()
  for (const serial of [5, 5, 6, 10, 11, 13]) serials.see(serial)
  t.strictSame(counts(serials, false), [])
  t.strictSame(counts(serials), [['gap', 4]])
  t.strictSame(counts(serials), [])
})

t.test('numbers that come late are not', async (t) => {
  const serials = new Serials()
  for (const serial of [1, 3, 2, 9, 5, 4, 8, 7]) serials.see(serial)
  t.strictSame(counts(serials), [['gap', 1]])
})

t.test('a gap is told without an end of the log, once it is old', async (t) => {
  const serials = new Serials()
  serials.see(1)
  for (let serial = 5; serial < 400; serial++) serials.see(serial)
  t.strictSame(counts(serials, false), [['gap', 3]])
})

t.test('what the kernel says names the cause, and counts nothing twice', async (t) => {
  const serials = new Serials()
  serials.see(1)
  serials.note(lost('printk', 3, 'raw'))
  serials.see(5)
  t.strictSame(counts(serials), [['printk', 3]])
  serials.note(lost('printk', 3))
  t.strictSame(counts(serials), [], 'the next number has to tell')
  serials.see(6)
  t.strictSame(counts(serials), [['printk', 3]], 'nor is it forgotten when no number is missing')
  serials.note(lost('overrun', 3))
  serials.see(7)
  t.strictSame(counts(serials), [], 'lines that were overwritten may have been others')
})

t.test('a log that breaks off names the cause of the gap there, and of no other', async (t) => {
  const serials = new Serials()
  for (const serial of [1, 3]) serials.see(serial)
  serials.breakOff('rotation')
  for (const serial of [10, 12]) serials.see(serial)
  serials.breakOff('rotation')
  serials.see(13)
  t.strictSame(counts(serials), [
    ['gap', 2],
    ['rotation', 6],
  ])
  t.equal(serials.missing, 2)
})

t.test('another boot begins anew', async (t) => {
  const serials = new Serials()
  for (const serial of [500_000, 3, 5]) serials.see(serial)
  t.strictSame(counts(serials), [['gap', 1]])
})

t.test('many gaps take little memory', async (t) => {
  const serials = new Serials()
  let told = 0
  for (let serial = 1; serial < 20_000; serial += 2) {
    serials.see(serial)
    for (const { count } of serials.settle(false)) told += count ?? 0
  }
  for (const { count } of serials.settle(true)) told += count ?? 0
  t.equal(told, 9999)
})

t.test('the serial number and the time of a line', async (t) => {
  const stamp = { time: 1795690704769, serial: 34 }
  t.strictSame(stampOf('type=EOE msg=audit(1795690704.769:34): '), stamp)
  t.strictSame(stampOf('5,1,1,-;audit: type=1300 audit(1795690704.769:34): arch=1'), stamp)
  t.equal(stampOf('type=DAEMON_START msg=audit(1795690704.769:34): op=start'), undefined)
  t.equal(stampOf('audit: rate limit exceeded'), undefined)
})

t.test('the journal has the number in its text or in a field', async (t) => {
  const stamp = { time: 1795690704769, serial: 34 }
  const json = (fields: Record<string, string>) => stampOf(JSON.stringify(fields))
  const kernel = { _TRANSPORT: 'kernel' }
  const text = 'audit: type=1400 audit(1795690704.769:34): apparmor="D'
  t.strictSame(json({ MESSAGE: text, ...kernel }), stamp)
  t.equal(json({ MESSAGE: text }), undefined, 'not from a program')
  const fields = { _AUDIT_ID: '34', _SOURCE_REALTIME_TIMESTAMP: '1795690704769000' }
  t.strictSame(json({ MESSAGE: 'SYSCALL arch=c000003e', ...fields }), stamp)
  const forged = { MESSAGE: "USER_AVC pid=1 msg='x type=1 audit(1.000:4000000000): '" }
  t.strictSame(json({ ...forged, ...fields }), stamp)
  t.equal(json({ MESSAGE: 'x', _AUDIT_ID: '34' }), undefined)
})

const TOTAL = (count: number) =>
  `audit: audit_lost=${count} audit_rate_limit=0 audit_backlog_limit=64`
const BACKLOG = 'audit: backlog limit exceeded'

const told = (lines: readonly string[]) => {
  const reader = new LossReader()
  return lines.map((line) => reader.read(line)).flatMap((loss) => (loss ? [loss.count] : []))
}

t.test("the journal's lines tell of losses, too", async (t) => {
  const journal = (text: string) => JSON.stringify({ _TRANSPORT: 'kernel', MESSAGE: text })
  t.strictSame(told([TOTAL(1), BACKLOG, TOTAL(5), BACKLOG].map(journal)), [null, 4])
  t.strictSame(told([JSON.stringify({ MESSAGE: BACKLOG })]), [], 'not those of a program')
})

t.test('a loss is counted once, though not each message gets through', async (t) => {
  t.strictSame(told([TOTAL(1), BACKLOG, TOTAL(5), TOTAL(9), BACKLOG]), [null, 8])
  t.strictSame(told([TOTAL(1), BACKLOG, TOTAL(5), BACKLOG, BACKLOG]), [null, 4, null])
})

t.test('where the count holds numbered records it counts no others', async (t) => {
  const overflow = 'audit: kauditd hold queue overflow'
  t.strictSame(told([TOTAL(1), BACKLOG, TOTAL(3), overflow, TOTAL(5), BACKLOG]), [null, null])
})
