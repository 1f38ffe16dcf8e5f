import { lost, serialOf, Serials } from '#lib/audit/loss.js'
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

t.test('the serial number of a line', async (t) => {
  t.equal(serialOf('type=EOE msg=audit(1795690704.769:34): '), 34)
  t.equal(serialOf('5,1,1,-;audit: type=1300 audit(1795690704.769:34): arch=1'), 34)
  t.equal(serialOf('type=DAEMON_START msg=audit(1795690704.769:34): op=start'), undefined)
  t.equal(serialOf('audit: rate limit exceeded'), undefined)
})
