import { execFileSync, spawn, spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { follow, type AuditRecord, type Follow, type LogRecord } from 'apparmor/audit'
import t from 'tap'
import { AUDIT } from '../support/package.ts'

const dir = fs.mkdtempSync(join(tmpdir(), 'apparmor-test-'))
t.teardown(() => fs.rmSync(dir, { recursive: true }))

const BURST = Number(process.env['APPARMOR_TEST_BURST'] ?? 3000)
const CHUNK = 32
const ATTR = '/proc/thread-self/attr/current'

/** Has the kernel write records, which say the pid: requests that are none. */
function provoke(times: number): void {
  for (let i = 0; i < times; i++) {
    try {
      fs.writeFileSync(ATTR, 'test nothing')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
    }
  }
}

const mine = (record: LogRecord): record is AuditRecord =>
  record.event !== 'lost' && record.class === 'attr' && record.pid === process.pid

async function take(log: Follow, count: number): Promise<LogRecord[]> {
  const found: LogRecord[] = []
  while (found.length < count) {
    const { value } = await log.next()
    if (value) found.push(value)
  }
  return found
}

/** What is received and what is said to be lost until `count` are accounted for. */
async function account(
  log: Follow,
  count: number,
): Promise<{ received: number; lost: number; reasons: string[] }> {
  const sum = { received: 0, lost: 0, reasons: [] as string[] }
  while (sum.received + sum.lost < count) {
    const { value } = await log.next()
    if (!value) break
    if (value.event === 'lost') {
      sum.lost += value.count ?? 0
      sum.reasons.push(value.reason)
    } else if (mine(value)) sum.received++
  }
  return sum
}

// Without AppArmor no record would ever come.
t.before(async () => {
  const log = follow({ source: 'kmsg', class: 'attr', signal: AbortSignal.timeout(10_000) })
  const first = log.next()
  provoke(1)
  await first
  await log.return?.()
})

t.test('the ring of the kernel, from now on, filtered', async (t) => {
  provoke(1)
  const log = follow({
    source: 'kmsg',
    class: 'attr',
    pid: process.pid,
    signal: AbortSignal.timeout(60_000),
  })
  t.equal(log.source, null)
  const first = log.next()
  provoke(2)
  t.match(await first, { value: { event: 'denied', operation: 'setprocattr', pid: process.pid } })
  t.equal(log.source, 'kmsg')
  await log.next()
  const third = log.next()
  const early = await Promise.race([
    third,
    new Promise((resolve) => setTimeout(resolve, 500, 'none')),
  ])
  t.equal(early, 'none', 'what was there before is not given, nor anything twice')
  await log.return?.()
  t.match(await third, { done: true })
  t.match(await log.next(), { done: true })
})

t.test('since: also what is there already', async (t) => {
  const since = new Date(Date.now() - 20)
  provoke(3)
  const log = follow({ source: 'kmsg', since, class: 'attr' })
  t.equal((await take(log, 3)).length, 3)
  await log.return?.()
})

// Beyond 64 that wait the kernel drops records before it numbers them, and only now and then says how many.
async function burst(): Promise<void> {
  for (let left = BURST; left > 0; left -= CHUNK) {
    provoke(Math.min(left, CHUNK))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

for (const source of ['kmsg', 'netlink']) {
  t.test(`a burst: received and lost are what was provoked (${source})`, async (t) => {
    const log = follow({ source, signal: AbortSignal.timeout(25_000 + 5 * BURST) })
    const first = log.next()
    provoke(1)
    await first
    const rest = account(log, BURST)
    await burst()
    const { received, lost } = await rest
    t.equal(received + lost, BURST)
    t.comment(`${source}: ${received} received, ${lost} lost`)
    await log.return?.()
  })
}

t.test('a burst in a file that another program writes', async (t) => {
  const path = join(dir, 'kern.log')
  const fd = fs.openSync(path, 'w')
  const copy = `open(my $ring, '<', '/dev/kmsg') or die; sysseek($ring, 0, 2); syswrite(STDOUT, "ready\\n");
    while (sysread($ring, my $line, 8192)) { syswrite(STDOUT, $line) }`
  const writer = spawn('perl', ['-e', copy], { stdio: ['ignore', fd, 'inherit'] })
  t.teardown(() => writer.kill())
  fs.closeSync(fd)
  while (fs.statSync(path).size === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  const log = follow({ source: path, signal: AbortSignal.timeout(25_000 + 5 * BURST) })
  const first = log.next()
  provoke(1)
  await first
  const rest = account(log, BURST)
  await burst()
  const { received, lost } = await rest
  t.equal(received + lost, BURST)
  await log.return?.()
})

t.test('a slow reader is told what the ring has overwritten', async (t) => {
  const log = follow({ source: 'kmsg', class: 'attr', signal: AbortSignal.timeout(25_000) })
  const first = log.next()
  provoke(1)
  await first
  const LIMIT = '/proc/sys/kernel/printk_devkmsg'
  const before = fs.readFileSync(LIMIT, 'utf8')
  t.teardown(() => fs.writeFileSync(LIMIT, before))
  fs.writeFileSync(LIMIT, 'on\n')
  // More than the ring holds, though most of it by programs.
  provoke(100)
  const filler = `${'x'.repeat(900)}\n`
  const fd = fs.openSync('/dev/kmsg', 'w')
  for (let i = 0; i < 30_000; i++) fs.writeSync(fd, filler)
  fs.closeSync(fd)
  provoke(1)
  const { received, lost, reasons } = await account(log, 101)
  t.equal(received + lost, 101)
  t.not(lost, 0)
  t.strictSame([...new Set(reasons)], ['overrun'])
  await log.return?.()
})

t.test('auto finds the source behind all that was in the ring before', async (t) => {
  const fd = fs.openSync('/dev/kmsg', 'w')
  for (let i = 0; i < 30_000; i++) fs.writeSync(fd, '<12>of a program\n')
  fs.closeSync(fd)
  provoke(1)
  const since = new Date(Date.now() - 60_000)
  const log = follow({ since, class: 'attr', signal: AbortSignal.timeout(60_000) })
  t.match(await log.next(), { done: false, value: { class: 'attr' } })
  t.equal(log.source, 'kmsg')
  await log.return?.()
})

t.test("what the kernel's own limit suppresses is told", async (t) => {
  const LIMIT = '/proc/sys/kernel/printk_ratelimit'
  const before = fs.readFileSync(LIMIT, 'utf8')
  t.teardown(() => fs.writeFileSync(LIMIT, before))
  fs.writeFileSync(LIMIT, '2')
  const log = follow({ source: 'kmsg', class: 'attr', signal: AbortSignal.timeout(60_000) })
  const first = log.next()
  provoke(1)
  await first
  provoke(50)
  await new Promise((resolve) => setTimeout(resolve, 2500))
  provoke(1)
  const { received, lost, reasons } = await account(log, 51)
  t.comment(`printk: ${received} received, ${lost} lost: ${reasons.join()}`)
  t.equal(received + lost, 51)
  t.ok(lost >= 30, `${lost}`)
  t.ok(reasons.includes('printk'))
  await log.return?.()
})

t.test('the audit multicast group: all of it, past the limit of the ring', async (t) => {
  const LIMIT = '/proc/sys/kernel/printk_ratelimit'
  const before = fs.readFileSync(LIMIT, 'utf8')
  t.teardown(() => fs.writeFileSync(LIMIT, before))
  fs.writeFileSync(LIMIT, '2')
  const log = follow({ source: 'netlink', class: 'attr', signal: AbortSignal.timeout(60_000) })
  const first = log.next()
  provoke(1)
  t.match(await first, { value: { event: 'denied', operation: 'setprocattr', comm: /./ } })
  t.equal(log.source, 'netlink')
  provoke(50)
  const { received, lost } = await account(log, 50)
  t.strictSame([received, lost], [50, 0])
  await log.return?.()
})

t.test('auto takes the source where a record arrives, and says which', async (t) => {
  const log = follow({ signal: AbortSignal.timeout(60_000), class: 'attr' })
  const first = log.next()
  provoke(1)
  t.match(await first, { value: { class: 'attr' } })
  t.equal(log.source, 'kmsg')
  await log.return?.()
})

t.test('without the right to read it', async (t) => {
  const RESTRICT = '/proc/sys/kernel/dmesg_restrict'
  const before = fs.readFileSync(RESTRICT, 'utf8')
  t.teardown(() => fs.writeFileSync(RESTRICT, before))
  fs.writeFileSync(RESTRICT, '1')
  const program = `import { follow } from ${AUDIT}
    process.setgroups([]); process.setgid(65534); process.setuid(65534)
    for (const source of ['kmsg', 'netlink'])
      await follow({ source }).next().catch((e) => console.log(JSON.stringify({ ...e, message: e.message })))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  const [kmsg, netlink] = stdout.split('\n')
  t.match(kmsg, /ERR_APPARMOR_LOG.*CAP_SYSLOG/, stderr)
  t.match(netlink, /EPERM.*CAP_AUDIT_READ/, stderr)
  t.match(netlink, /ERR_APPARMOR_LOG/)
})

t.test('a signal ends it', async (t) => {
  await t.rejects(follow({ source: 'kmsg', signal: AbortSignal.abort(new Error('why')) }).next(), {
    name: 'AbortError',
    code: 'ABORT_ERR',
    cause: { message: 'why' },
  })
  const stop = new AbortController()
  const log = follow({ source: 'kmsg', class: 'mqueue', signal: stop.signal })
  const next = log.next()
  setTimeout(() => stop.abort(), 50)
  await t.rejects(next, { name: 'AbortError' })
})

t.test('it does not keep the program alive but while one waits', async (t) => {
  const run = (source: string) =>
    spawnSync(
      process.execPath,
      ['--input-type=module', '-e', `import { follow } from ${AUDIT}; ${source}`],
      { timeout: 60_000 },
    )
  const { status } = run(`
    import { writeFileSync } from 'node:fs'
    const log = follow({ source: 'kmsg', class: 'attr' }); const next = log.next()
    try { writeFileSync('${ATTR}', 'test nothing') } catch {}
    await next`)
  t.equal(status, 0)
})

/** Sends a text as often to the audit log, as root of a container with CAP_AUDIT_WRITE can: AUDIT_USER_AVC. */
const send = (text: string, times: number = 1) =>
  execFileSync('perl', [
    '-e',
    `socket(my $s, 16, 3, 9) or die $!; my $t = $ARGV[0] . "\\0";
     for (1 .. $ARGV[1]) {
       send($s, pack('LSSLL', 16 + length $t, 1107, 1, 1, 0) . $t, 0, pack('SSLL', 16, 0, 0, 0)) or die $!
     }`,
    text,
    String(times),
  ])

t.test('what does not fit into the queue of the multicast group is told', async (t) => {
  const log = follow({ source: 'netlink', signal: AbortSignal.timeout(60_000) })
  const first = log.next()
  provoke(1)
  await first
  let provoked = 4200
  provoke(100)
  const path = `/${'x'.repeat(7000)}`
  send(
    `apparmor="DENIED" operation="dbus_signal"  bus="system" path="${path}" mask="send" profile="apparmor-test-large" pid=9`,
    4000,
  )
  provoke(100)
  // A loss at the end shows with the next record.
  const later = setInterval(() => {
    provoke(1)
    provoked++
  }, 500)
  let [received, lost] = [0, 0]
  const reasons = new Set<string>()
  while (received + lost < provoked) {
    const { value } = await log.next()
    if (!value) break
    if (value.event === 'lost') {
      lost += value.count ?? 0
      reasons.add(value.reason)
    } else received++
  }
  clearInterval(later)
  t.comment(`${received} received, ${lost} lost`)
  t.equal(received + lost, provoked)
  t.strictSame([...reasons], ['overrun'])
  await log.return?.()
})

/** AUDIT_SET: how many records may wait. */
const limitBacklog = (count: number) =>
  execFileSync('perl', [
    '-e',
    `socket(my $s, 16, 3, 9) or die $!; my $t = pack('L10', 16, 0, 0, 0, 0, $ARGV[0], 0, 0, 0, 0);
     send($s, pack('LSSLL', 16 + length $t, 1001, 5, 1, 0) . $t, 0, pack('SSLL', 16, 0, 0, 0)) or die $!`,
    String(count),
  ])

for (const source of ['kmsg', 'netlink']) {
  t.test(`what the kernel drops before it gives it a number is told (${source})`, async (t) => {
    const log = follow({ source, signal: AbortSignal.timeout(30_000) })
    const first = log.next()
    provoke(1)
    await first
    limitBacklog(1)
    t.teardown(() => limitBacklog(64))
    const storm = setInterval(() => provoke(300), 100)
    let reason: string | undefined
    while (reason !== 'backlog') {
      const { value } = await log.next()
      if (value?.event === 'lost') ({ reason } = value)
    }
    clearInterval(storm)
    t.equal(reason, 'backlog')
    await log.return?.()
  })
}

/** Has the kernel drop records without a number; tells what `log` makes of all that it was asked for. */
async function drop(log: Follow): Promise<{ provoked: number; sum: number }> {
  let [provoked, sum] = [0, 0]
  const more = (times: number): void => {
    provoke(times)
    provoked += times
  }
  limitBacklog(1)
  let timer = setInterval(() => more(300), 100)
  let dropped = false
  while (!dropped || sum < provoked) {
    const { value } = await log.next()
    if (!value) break
    if (value.event !== 'lost') sum += mine(value) ? 1 : 0
    else sum += value.count ?? 0
    if (dropped || value.event !== 'lost' || value.reason !== 'backlog') continue
    dropped = true
    clearInterval(timer)
    limitBacklog(64)
    // By way of a daemon a loss shows with the next record.
    timer = setInterval(() => more(1), 300)
  }
  clearInterval(timer)
  return { provoked, sum }
}

for (const source of ['kmsg', 'netlink']) {
  t.test(`what the kernel drops without a number is counted (${source})`, async (t) => {
    // What this process provoked before has arrived by then.
    await new Promise((resolve) => setTimeout(resolve, 500))
    const log = follow({ source, signal: AbortSignal.timeout(30_000) })
    const first = log.next()
    provoke(1)
    await first
    const { provoked, sum } = await drop(log)
    t.equal(sum, provoked, `${sum} of ${provoked}`)
    await log.return?.()
  })
}

// What auditd does: AUDIT_SET of its pid, and then the kernel sends it the records.
const DAEMON = `
  socket(my $s, 16, 3, 9) or die $!;
  sub set { my $t = pack('L10', 4, 0, 0, $_[0], 0, 0, 0, 0, 0, 0);
    send($s, pack('LSSLL', 16 + length $t, 1001, 1, 1, 0) . $t, 0, pack('SSLL', 16, 0, 0, 0)) or die $! }
  $SIG{TERM} = sub { set(0); exit };
  set($$);
  syswrite(STDERR, "ready\n");
  while (1) {
    recv($s, my $m, 16384, 0) // next;
    my ($size, $type) = unpack('LS', $m);
    syswrite(STDOUT, "type=$type msg=" . substr($m, 16) . "\n") if $type >= 1100;
  }`

t.test('what the kernel drops before an audit daemon is counted by its log', async (t) => {
  const path = '/var/log/audit/audit.log'
  fs.mkdirSync('/var/log/audit', { recursive: true })
  const fd = fs.openSync(path, 'a')
  const daemon = spawn('perl', ['-e', DAEMON], { stdio: ['ignore', fd, 'pipe'] })
  fs.closeSync(fd)
  const ended = new Promise((resolve) => daemon.once('exit', resolve))
  await new Promise((resolve) => daemon.stderr?.once('data', resolve))
  const log = follow({ source: 'audit', signal: AbortSignal.timeout(30_000) })
  const first = log.next()
  provoke(1)
  t.match(await first, { value: { class: 'attr' } })
  const { provoked, sum } = await drop(log)
  t.equal(sum, provoked, `${sum} of ${provoked}`)
  await log.return?.()
  daemon.kill()
  await ended
  fs.rmSync(path)
})

t.test('since: what was lost before is none of its business', async (t) => {
  limitBacklog(1)
  t.teardown(() => limitBacklog(64))
  const isTold = () =>
    execFileSync('dmesg', { encoding: 'utf8', maxBuffer: 1 << 26 }).includes(
      'backlog limit exceeded',
    )
  for (let i = 0; i < 100 && !isTold(); i++) provoke(300)
  t.ok(isTold())
  limitBacklog(64)
  await new Promise((resolve) => setTimeout(resolve, 1500))
  provoke(1)
  await new Promise((resolve) => setTimeout(resolve, 100))
  const since = new Date()
  await new Promise((resolve) => setTimeout(resolve, 100))
  provoke(1)
  const log = follow({ source: 'kmsg', since, signal: AbortSignal.timeout(30_000) })
  t.match((await log.next()).value, { event: 'denied', class: 'attr', pid: process.pid })
  await log.return?.()
})

t.test('what a program writes to the audit log is none of the kernel’s records', async (t) => {
  const ending = AbortSignal.timeout(60_000)
  const log = follow({ source: 'kmsg', profile: 'apparmor-test-forged', signal: ending })
  const first = log.next()
  const common = 'profile="apparmor-test-forged" pid=9'
  send(
    `apparmor="DENIED" operation="open" class="file" name="/x" ${common} requested_mask="r" denied_mask="r"`,
  )
  send(`apparmor="DENIED" operation="dbus_signal"  bus="system" path="/x" mask="send" ${common}`)
  t.match(await first, { value: { class: 'dbus', path: '/x' } })
  await log.return?.()
})
