import { appendFileSync } from 'node:fs'
import { basename } from 'node:path'

/** @param {readonly number[]} numbers */
export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * One line for one claim.
 *
 * @param {string} claim
 * @param {string} figure
 * @param {string} limit
 * @param {boolean} holds
 */
export function report(claim, figure, limit, holds) {
  console.log(`${holds ? 'holds' : 'FAILS'}  ${claim.padEnd(52)} ${figure.padStart(8)}  (${limit})`)
  note({ claim, figure, limit, holds })
}

/**
 * Numbers for a plot: one row for each place on the x axis, one value in it for each line or bar.
 *
 * @param {{ name: string, x: string, y: string, rows: readonly (readonly [number | string, Record<string, number>])[] }} series
 *   a name for the file, and what the axes show
 */
export function plot(series) {
  note({ plot: series })
}

// For tools/docs/benchmarks.js. A guest shares the directory that the file is in.
function note(/** @type {object} */ fact) {
  const file = process.env.APPARMOR_BENCH_RESULTS
  if (file === undefined) return
  const bench = basename(process.argv[1] ?? '', '.js')
  appendFileSync(file, `${JSON.stringify({ bench, ...fact })}\n`)
}
