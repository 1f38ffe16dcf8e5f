// The claims: parseRecord() is at least as fast as a C loop over libapparmor's parse_record, and ten times as fast as its
// Python binding; records() reads a log at no less than half the speed of cutting it into lines, in memory that does not
// grow with it.
//
//   node bench/audit.js PEER [MEGABYTES]    PEER being bench/audit.c, built; any machine
import { execFileSync } from 'node:child_process'
import { createReadStream, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseRecord, records } from 'apparmor/audit'
import { median, report } from './report.js'

const [, , peer = '', megabytes = '1000'] = process.argv
const ROUNDS = 15
const REPEATS = 40

const dir = mkdtempSync(join(tmpdir(), 'apparmor-bench-'))
process.on('exit', () => rmSync(dir, { recursive: true }))

// Of Linux 6.1: libapparmor before 4.0 takes none of a newer kernel's. As auditd writes them.
const harvest = readFileSync(new URL('../test/audit/fixtures/6.1.log', import.meta.url), 'latin1')
const lines = harvest
  .split('\n')
  .map((line) => /audit: type=1400 (audit\(.*apparmor="[DA].*)$/.exec(line)?.[1])
  .filter((body) => body !== undefined && body.length < 600)
  .map((body) => `type=AVC msg=${body}`)

// What an audit daemon's log has beside each of them.
const companions = ['1300', '1327'].map((number) => {
  const body = new RegExp(`audit: type=${number} (audit\\(.*)$`, 'm').exec(harvest)?.[1]
  return `type=${number === '1300' ? 'SYSCALL' : 'PROCTITLE'} msg=${body}`
})

/**
 * @param {string} name
 * @param {number} bytes
 * @param {readonly string[]} lines
 */
function write(name, bytes, lines) {
  const file = join(dir, name)
  const block = `${lines.join('\n')}\n`
  const fd = openSync(file, 'w')
  for (let written = 0; written < bytes; written += block.length) writeSync(fd, block)
  return file
}

const small = write('lines', 1, lines)
const c = () =>
  Number(execFileSync(peer, [small, String(REPEATS)], { encoding: 'utf8' }).split(' ')[0])

function ours() {
  let best = Infinity
  for (let round = 0; round < REPEATS; round++) {
    const start = process.hrtime.bigint()
    for (const line of lines) if (parseRecord(line) === null) throw new Error(line)
    best = Math.min(best, Number(process.hrtime.bigint() - start) / lines.length)
  }
  return best
}

ours()
const rounds = Array.from({ length: ROUNDS }, () => ({ ours: ours(), c: c() }))
// The fastest round of each: what disturbs only adds to a time.
const mine = Math.min(...rounds.map((round) => round.ours))
const peers = Math.min(...rounds.map((round) => round.c))
console.log(
  `parseRecord() ${mine.toFixed(0)} ns, parse_record in C ${peers.toFixed(0)} ns a line; fastest of ${ROUNDS} rounds`,
)
const ratio = mine / peers
report(
  'parseRecord() to parse_record in a C loop',
  `${ratio.toFixed(2)}×`,
  'at most 1.00×',
  ratio <= 1,
)

// Debian's package python3-libapparmor, which belongs to Debian's own Python.
const [call = NaN, read = NaN] = python()
console.log(`parse_record in Python ${call} ns a line, ${read} ns with its fields`)
for (const [what, took] of /** @type {const} */ ([
  ['a call', call],
  ['a call and its fields', read],
])) {
  const times = took / mine
  report(
    `the Python binding, ${what}, to parseRecord()`,
    `${times.toFixed(1)}×`,
    'at least 10×',
    times >= 10,
  )
}

function python() {
  const program = fileURLToPath(new URL('audit.py', import.meta.url))
  try {
    const options = /** @type {const} */ ({ encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return execFileSync('/usr/bin/python3', [program, small, String(REPEATS)], options)
      .split(' ')
      .map(Number)
  } catch {
    return [] // not installed
  }
}

const log = write(
  'log',
  Number(megabytes) * 1e6,
  lines.flatMap((line) => [line, ...companions]),
)

/** @param {AsyncIterable<unknown>} source */
async function seconds(source) {
  const start = performance.now()
  let count = 0
  for await (const item of source) if (item) count++
  return { took: (performance.now() - start) / 1000, count }
}

const peak = () => process.resourceUsage().maxRSS / 1e3
const turns = []
let grown = 0
for (let turn = 0; turn < 3; turn++) {
  const split = await seconds(
    createInterface({ input: createReadStream(log), crlfDelay: Infinity }),
  )
  const before = peak()
  const read = await seconds(records(log))
  grown = Math.max(grown, peak() - before)
  turns.push({ split, read, speed: split.took / read.took })
}
for (const { split, read } of turns) {
  console.log(
    `${megabytes} MB, ${read.count} records of ${split.count} lines: records() ${read.took.toFixed(1)} s, ` +
      `readline ${split.took.toFixed(1)} s`,
  )
}
const speed = median(turns.map((turn) => turn.speed))
report(
  'records() to cutting into lines by readline',
  `${(100 * speed).toFixed(0)} %`,
  'at least 50 %',
  speed >= 0.5,
)
report(
  `memory that records() takes for ${megabytes} MB more than readline`,
  `${grown.toFixed(0)} MB`,
  'at most 64 MB',
  grown <= 64,
)
