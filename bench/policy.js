// The claims: parseProfile reads 5 MB/s, and format writes 100,000 rules a second, those that were made by
// hand too. Needs nothing but this package.
//
//   node bench/policy.js
import { edit, format, parseProfile } from 'apparmor/policy'
import { median, report } from './report.js'

const ROUNDS = 7
const LINES = [
  '  /usr/lib/**.so* mr,',
  '  owner @{HOME}/.config/web/** rwk,  # settings',
  '  /etc/hosts r,',
  '  /usr/bin/helper Px -> helper,',
  '  capability net_bind_service,',
  '  network inet stream,',
  '  signal (send, receive) set=(term, kill) peer=web,',
  '',
  '  # the site',
  '  /srv/www/{html,static}/[a-z]*/** r,',
  '  deny /etc/shadow rw,',
  '  dbus send bus=system path=/org/example member=Get peer=(name=org.example),',
]
const COUNT = 4000
const body = LINES.join('\n')
const text = Array.from(
  { length: COUNT / 4 },
  (_, i) => `profile p${i} {\n${`${body}\n`.repeat(4)}}\n`,
).join('')
const rules = COUNT * LINES.length

/** @param {() => unknown} work */
function seconds(work) {
  const start = process.cpuUsage()
  work()
  return process.cpuUsage(start).user / 1e6 // of the processor: other programs do not count
}

const policy = parseProfile(text)
const made = edit(policy, (rule) => (rule.kind === 'file' ? { ...rule, audit: true } : rule))
const times = { parse: [], same: [], anew: [], made: [] }
for (let i = 0; i < ROUNDS; i++) {
  times.parse.push(seconds(() => parseProfile(text)))
  times.same.push(seconds(() => format(policy)))
  times.anew.push(seconds(() => format(policy, { anew: true })))
  times.made.push(seconds(() => format(made)))
}
const mb = text.length / 1e6 / median(times.parse)
report('parseProfile', `${mb.toFixed(1)} MB/s`, 'at least 5 MB/s', mb >= 5)
for (const [name, claim] of [
  ['same', 'format, as it was read'],
  ['anew', 'format, every line anew'],
  ['made', 'format, a third of the rules made by hand'],
]) {
  const rate = rules / median(times[name])
  report(claim, `${Math.round(rate / 1000)}k/s`, 'at least 100k rules/s', rate >= 100_000)
}
