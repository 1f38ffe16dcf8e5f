// npm run test:journal: `follow` with a real systemd-journald, which this starts, under a kernel that enforces AppArmor.
// What an unprivileged program forges is not received; of a burst, what is received and what is said to be lost is all.
//
//   node bench/journal.js [N]        as root, in a guest, with Debian's package systemd
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { follow } from 'apparmor/audit'

const JOURNALD = '/lib/systemd/systemd-journald'
const SOCKET = '/run/systemd/journal/stdout'
const NOBODY = 65_534
const FORGED =
  'apparmor="DENIED" operation="open" class="file" profile="forged" name="/x" pid=9 comm="x" requested_mask="r" denied_mask="r" fsuid=0 ouid=0'

const burst = Number(process.argv[2] ?? 3000)
const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** @param {number} times */
function provoke(times) {
  for (let i = 0; i < times; i++) {
    try {
      writeFileSync('/proc/thread-self/attr/current', 'test nothing')
    } catch {
      // it is refused, and written down
    }
  }
}

mkdirSync('/run/systemd/journal', { recursive: true })
const journald = spawn(JOURNALD, { stdio: 'inherit' })
process.once('exit', () => journald.kill())
for (let i = 0; i < 100 && !existsSync(SOCKET); i++) await pause(100)
await pause(1000)

const log = follow({ source: 'journal', signal: AbortSignal.timeout(240_000) })
const first = log.next()
await pause(2000)
const { status } = spawnSync('systemd-cat', ['-t', 'dbus-daemon', 'echo', FORGED], { uid: NOBODY })
if (status !== 0) throw new Error(`systemd-cat: ${status}`)
writeFileSync('/dev/kmsg', `audit: type=1400 audit(1.1:1): ${FORGED}\n`)
provoke(1)
const seen = [(await first).value]
const begin = performance.now()
provoke(burst)
const later = setInterval(() => provoke(1), 6000) // a loss at the end shows with the next record
const sum = { received: 0, lost: 0, forged: 0 }
/** @type {Set<string>} */
const reasons = new Set()
while (sum.received + sum.lost < burst) {
  const { value } = await log.next()
  if (!value) break
  seen.push(value)
  if (value.event === 'lost') {
    sum.lost += value.count ?? 0
    reasons.add(value.reason)
  } else if (value.class === 'attr' && value.pid === process.pid) sum.received++
}
clearInterval(later)
for (const one of seen) if (one && one.event !== 'lost' && one.profile === 'forged') sum.forged++
const seconds = ((performance.now() - begin) / 1000).toFixed(0)
console.log(
  `journal: ${burst} provoked, ${sum.received} received, ${sum.lost} lost (${[...reasons].join(', ')}), ${sum.forged} forged; ${seconds} s`,
)
await log.return?.()
if (sum.forged > 0 || sum.received + sum.lost < burst) process.exitCode = 1
process.exit()
