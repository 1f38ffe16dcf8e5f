// The claims: parseRecord() is at least as fast as a C loop over libapparmor's parse_record, and records() reads a log
// at no less than half the speed of cutting it into lines.
//
//   node bench/audit.js PEER [MEGABYTES]    PEER being bench/audit.c, built; any machine
import { execFileSync } from 'node:child_process'
import { createReadStream, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseRecord, records } from 'apparmor/audit'
import { median, report } from './report.js'

const [, , peer = '', megabytes = '64'] = process.argv
const ROUNDS = 9
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
const ns = (/** @type {number[]} */ numbers) => `${median(numbers).toFixed(0)} ns`
console.log(
  `parseRecord() ${ns(rounds.map((r) => r.ours))}, parse_record in C ${ns(rounds.map((r) => r.c))} a line; ` +
    `medians of ${ROUNDS} rounds`,
)
const ratio = median(rounds.map((r) => r.ours / r.c))
report(
  'parseRecord() to parse_record in a C loop',
  `${ratio.toFixed(2)}×`,
  'at most 1.00×',
  ratio <= 1,
)

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

const split = await seconds(createInterface({ input: createReadStream(log), crlfDelay: Infinity }))
const before = process.memoryUsage().rss
const read = await seconds(records(log))
const grown = (process.memoryUsage().rss - before) / 1e6
console.log(
  `${megabytes} MB, ${read.count} records: records() ${read.took.toFixed(1)} s, readline ${split.took.toFixed(1)} s; ` +
    `memory grew by ${grown.toFixed(0)} MB`,
)
const speed = split.took / read.took
report(
  'records() to cutting into lines by readline',
  `${(100 * speed).toFixed(0)} %`,
  'at least 50 %',
  speed >= 0.5,
)
