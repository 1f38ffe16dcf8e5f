import { Parser } from 'tap-parser'

/**
 * @typedef {object} Point
 * @property {readonly string[]} path the names of the tests around it, and its own
 * @property {boolean} ok
 * @property {string | true | undefined} skip
 * @property {Record<string, unknown>} diag
 *
 * @typedef {object} Report
 * @property {number} passed assertions, those of subtests included
 * @property {Point[]} failures
 * @property {Point[]} skipped
 * @property {Point[]} top the top-level points, subtests as a whole
 * @property {string | null} broken why the TAP is not to be trusted: no plan, cut off, bailed out
 */

/**
 * Reads a file's whole TAP.
 *
 * @param {string} text
 * @returns {Report}
 */
export function readTap(text) {
  /** @type {Report} */
  const report = { passed: 0, failures: [], skipped: [], top: [], broken: null }
  const root = new Parser()
  watch(root, [], report)
  root.on('complete', ({ ok, bailout, failures }) => {
    if (bailout) report.broken = `bailed out: ${bailout}`
    else if (!ok && report.failures.length === 0) {
      report.broken = failures[0]?.tapError ?? 'the TAP is not well-formed'
    }
  })
  root.end(text)
  return report
}

/**
 * @param {Parser} parser
 * @param {readonly string[]} path
 * @param {Report} report
 */
function watch(parser, path, report) {
  // A subtest is followed by a point that sums it up; the subtest's own points have been counted.
  /** @type {number | null} */
  let failedBefore = null
  parser.on('child', (child) => {
    failedBefore = report.failures.length
    watch(child, [...path, child.name], report)
  })
  parser.on('assert', ({ name, ok, skip, diag }) => {
    const point = { path: [...path, name], ok, skip: skip || undefined, diag: diag ?? {} }
    if (path.length === 0) report.top.push(point)
    const explained = failedBefore !== null && (ok || report.failures.length > failedBefore)
    failedBefore = null
    if (explained) return
    if (skip) report.skipped.push(point)
    else if (ok) report.passed++
    else report.failures.push(point)
  })
}
