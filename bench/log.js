// The claim: `apparmor log` over a log of 100 MB takes at most twice as long as a loop over records() of the same file,
// in a process of its own, too. The two take turns; the median of the rounds' ratios counts.
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, report } from './report.js'

const ROUNDS = 3
const SIZE = 100 << 20
const here = mkdtempSync(join(tmpdir(), 'apparmor-bench-'))
const log = join(here, 'log')
const LOOP = `
import { records } from 'apparmor/audit'
let count = 0
for await (const record of records(${JSON.stringify(log)})) count++
`

/** A harvest over and over, with a serial number of its own for each line. */
function write() {
  const lines = readFileSync('test/audit/fixtures/6.1.log', 'latin1').trimEnd().split('\n')
  const fd = openSync(log, 'w')
  let serial = 0
  for (let size = 0; size < SIZE;) {
    const text = lines.map((line) => line.replace(/:\d+\):/, `:${++serial}):`)).join('\n')
    size += writeSync(fd, `${text}\n`, null, 'latin1')
  }
  closeSync(fd)
}

/** @param {readonly string[]} args */
function time(args) {
  const start = performance.now()
  const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error(`node ${args[0]} ended with ${status}`)
  return performance.now() - start
}

try {
  write()
  const rounds = Array.from({ length: ROUNDS }, () => ({
    loop: time(['--input-type=module', '--eval', LOOP]),
    command: time(['dist/cli.js', 'log', '--file', log]),
  }))
  const seconds = (/** @type {number} */ ms) => (ms / 1000).toFixed(1)
  console.log(
    `records() ${seconds(median(rounds.map((r) => r.loop)))} s, ` +
      `apparmor log ${seconds(median(rounds.map((r) => r.command)))} s; medians of ${ROUNDS} rounds`,
  )
  const ratio = median(rounds.map((r) => r.command / r.loop))
  report('apparmor log to records(), 100 MB', `${ratio.toFixed(2)}×`, 'at most 2×', ratio <= 2)
} finally {
  rmSync(here, { recursive: true })
}
