// The claim: `apparmor status` takes at most 60 ms more than Node's own start. The two take turns; the difference
// of their medians counts.
import { spawnSync } from 'node:child_process'
import { median, report } from './report.js'

const ROUNDS = 41

/** @param {readonly string[]} args */
function start(args) {
  const begin = performance.now()
  const { signal } = spawnSync(process.execPath, args, { stdio: 'ignore' })
  if (signal) throw new Error(`ended by ${signal}`)
  return performance.now() - begin
}

const EMPTY = ['--input-type=module', '--eval', '']
const STATUS = ['dist/cli.js', 'status']
start(EMPTY)
start(STATUS)
const rounds = Array.from({ length: ROUNDS }, () => ({
  empty: start(EMPTY),
  status: start(STATUS),
}))
const without = median(rounds.map((round) => round.empty))
const added = median(rounds.map((round) => round.status)) - without
console.log(`an empty program ${without.toFixed(1)} ms; medians of ${ROUNDS} starts of each`)
report('what apparmor status adds', `${added.toFixed(1)} ms`, 'at most 60 ms', added <= 60)
