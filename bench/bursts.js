// npm run test:bursts: of a burst of denials, what `follow` gives and what it says to be lost is all that was provoked.
// With the real daemon of each source, under a kernel that enforces AppArmor; what programs forge in the journal is not
// given.
//
//   node bench/bursts.js SOURCE [N]        as root, in a guest: kmsg, netlink, audit (auditd), journal (journald)
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { follow } from 'apparmor/audit'

const [, , source = 'kmsg', size = '50000'] = process.argv
const BURST = Number(size)
// Beyond 64 that wait the kernel drops records before it numbers them.
const CHUNK = 32
const TIME_TO_READ = 120_000
const TIME_AT_REST = 3000
// So many do not fit into the queue of the group.
const OVERFLOWS = 30_000
const NOBODY = 65_534
const FORGED =
  'apparmor="DENIED" operation="open" class="file" profile="forged" name="/x" pid=9 comm="x" requested_mask="r" denied_mask="r" fsuid=0 ouid=0'

const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms))

let provoked = 0
/** @param {number} times */
function provoke(times) {
  for (let i = 0; i < times; i++) {
    try {
      writeFileSync('/proc/thread-self/attr/current', 'test nothing')
    } catch {
      provoked++
    }
  }
}

/** @param {string} program @param {readonly string[]} args @param {() => boolean} isReady */
async function daemon(program, args, isReady) {
  const child = spawn(program, args, { stdio: 'inherit' })
  process.once('exit', () => child.kill())
  for (let i = 0; i < 200 && !isReady(); i++) await pause(100)
  if (!isReady()) throw new Error(`${program} does not start`)
  await pause(1000)
}

/** @type {Readonly<Record<string, () => Promise<void>>>} */
const daemons = {
  async audit() {
    mkdirSync('/var/log/audit', { recursive: true })
    mkdirSync('/run/auditd', { recursive: true })
    const config = '/etc/audit/auditd.conf'
    // Rotated several times meanwhile.
    const text = readFileSync(config, 'utf8').replace(/^max_log_file = .*/m, 'max_log_file = 1')
    writeFileSync(config, text)
    await daemon('/sbin/auditd', ['-n'], () => existsSync('/var/log/audit/audit.log'))
  },
  async journal() {
    mkdirSync('/run/systemd/journal', { recursive: true })
    const socket = '/run/systemd/journal/stdout'
    await daemon('/lib/systemd/systemd-journald', [], () => existsSync(socket))
  },
}
await daemons[source]?.()

const log = follow({ source, signal: AbortSignal.timeout(600_000) })
const first = log.next()
await pause(1000)
if (source === 'journal') {
  const { status } = spawnSync('systemd-cat', ['-t', 'dbus-daemon', 'echo', FORGED], {
    uid: NOBODY,
  })
  if (status !== 0) throw new Error(`systemd-cat: ${status}`)
}
writeFileSync('/dev/kmsg', `audit: type=1400 audit(1.1:1): ${FORGED}\n`)
provoke(1)
const sum = { received: 0, lost: 0, forged: 0 }
/** @type {Set<string>} */
const reasons = new Set()

/** @param {import('apparmor/audit').LogRecord | void} value */
function count(value) {
  if (!value) throw new Error('the log has ended')
  if (value.event === 'lost') {
    sum.lost += value.count ?? 0
    reasons.add(value.reason)
  } else if (value.profile === 'forged') sum.forged++
  else if (value.class === 'attr' && value.pid === process.pid) sum.received++
}

count((await first).value)

/** @type {ReturnType<typeof log.next> | null} */
let waiting = null
/** One call at a time, which may be given up. */
function next() {
  return (waiting ??= log.next().finally(() => (waiting = null)))
}

/** @param {string} name @param {() => unknown} burst */
async function account(name, burst) {
  const begin = performance.now()
  Object.assign(sum, { received: 0, lost: 0 })
  reasons.clear()
  provoked = 0
  let end = Infinity
  // A loss at the end shows with the next record.
  let later
  void Promise.resolve(burst()).then(() => {
    end = performance.now() + TIME_TO_READ
    later = setInterval(() => provoke(1), 2000)
  })
  while (end === Infinity || (sum.received + sum.lost < provoked && performance.now() < end)) {
    count((await next()).value)
  }
  clearInterval(later)
  // Nothing is told twice, either.
  for (let last = pause(TIME_AT_REST); ;) {
    const result = await Promise.race([next(), last])
    if (!result) break
    count(result.value)
  }
  const missing = provoked - sum.received - sum.lost
  const seconds = ((performance.now() - begin) / 1000).toFixed(0)
  console.log(
    `${source}, ${name}: ${provoked} provoked, ${sum.received} received, ${sum.lost} lost` +
      `${reasons.size > 0 ? ` (${[...reasons].join(', ')})` : ''}, ${missing} missing; ${seconds} s`,
  )
  return missing
}

const missing = await account('in bursts of 32', async () => {
  for (let left = BURST; left > 0; left -= CHUNK) {
    provoke(Math.min(left, CHUNK))
    await pause(5)
  }
})
const unnumbered = await account('in one', async () => provoke(BURST))
if (source === 'netlink' && BURST >= OVERFLOWS && !reasons.has('overrun'))
  throw new Error('the queue did not overflow')
if (missing !== 0 || unnumbered !== 0 || sum.forged > 0) process.exitCode = 1
process.exit()
