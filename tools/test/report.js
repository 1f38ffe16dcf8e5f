import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { SAVED } from './run-file.js'
import { readTap } from './tap.js'

/**
 * @typedef {import('./run-file.js').Ended} Ended
 * @typedef {import('./tap.js').Point} Point
 */

export const total = { passed: 0, failed: 0 }

const colour = process.stdout.isTTY && !process.env.NO_COLOR
const paint = (/** @type {number} */ code) => (/** @type {string} */ text) =>
  colour ? `\x1b[${code}m${text}\x1b[0m` : text
const [red, green, dim] = [paint(31), paint(32), paint(2)]
const indent = (/** @type {string} */ text) => text.replace(/^(?=.)/gm, '    ')
const title = (/** @type {Point} */ { path }) => path.join(' › ')

export const say = (/** @type {string} */ text) => void process.stdout.write(`${text}\n`)

/**
 * Counts and prints what a file has reported.
 *
 * @param {Ended} ended
 */
export function report({ name, status, signal, timedOut, ms }) {
  const { passed, failures, skipped, broken } = readTap(saved(name, 'tap'))
  const problems = failures.map(describe)
  // The TAP alone is not believed: a process may crash when all its tests are done.
  if (timedOut || signal) problems.push(timedOut ? 'timed out' : `killed by ${signal}`)
  else if (broken) problems.push(broken)
  else if (status !== 0 && failures.length === 0) problems.push(`exit status ${status}`)

  const counts = `${passed} passed${problems.length > 0 ? `, ${problems.length} failed` : ''}`
  say(`${mark(problems.length === 0)} ${name}: ${counts} ${dim(`(${(ms / 1000).toFixed(1)} s)`)}`)
  for (const point of skipped) say(dim(`    skipped: ${title(point)}: ${point.skip}`))
  for (const problem of problems) say(indent(problem))
  if (problems.length > 0) sayErrors(name)
  total.passed += passed
  total.failed += problems.length
}

/**
 * The same for a kernel test that ran without AppArmor, where each of its tests has to fail.
 *
 * @param {Ended} ended
 */
export function reportOff({ name }) {
  const { top } = readTap(saved(name, 'tap'))
  if (top.length === 0) {
    fail(name, 'no test ran')
    sayErrors(name)
  }
  for (const point of top) {
    const what = `${name} › ${title(point)}`
    if (point.skip) {
      say(dim(`- ${what}: skipped: ${point.skip}`))
    } else {
      say(`${mark(!point.ok)} ${what}: ${point.ok ? 'passes' : 'fails'} without AppArmor`)
      total[point.ok ? 'failed' : 'passed']++
    }
  }
}

/**
 * A file that could not run.
 *
 * @param {string} name
 * @param {string} why
 */
export function fail(name, why) {
  say(`${mark(false)} ${name}: ${why}`)
  total.failed++
}

const mark = (/** @type {boolean} */ ok) => (ok ? green('✓') : red('✗'))

/** @param {string} name */
function sayErrors(name) {
  const errors = saved(name, 'err').trimEnd()
  if (errors) say(indent(`${dim('on stderr:')}\n${cut(errors, 30)}`))
}

/**
 * @param {string} name
 * @param {'tap' | 'err'} kind
 */
function saved(name, kind) {
  try {
    return readFileSync(join(SAVED, `${name}.${kind}`), 'utf8')
  } catch {
    return ''
  }
}

/**
 * @param {string} text
 * @param {number} lines
 */
function cut(text, lines) {
  const all = text.trimEnd().split('\n')
  const left = all.slice(0, lines).map((line) => line.slice(0, 200))
  return all.length > lines ? [...left, '…'].join('\n') : left.join('\n')
}

/** @param {Point} point */
function describe(point) {
  const { diff, stack, at, source: _, ...rest } = /** @type {Record<string, any>} */ (point.diag)
  const details = diff ?? (Object.keys(rest).length > 0 && inspect(rest, { depth: 6 }))
  const where = stack ?? (at && `${at.fileName}:${at.lineNumber}`)
  return [red(title(point)), details && cut(details, 50), where && dim(where.trimEnd())]
    .filter(Boolean)
    .join('\n')
}
