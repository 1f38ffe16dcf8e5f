import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Where the TAP of each file is saved, as NAME.tap, and what it wrote to stderr, as NAME.err. */
export const SAVED = 'build/tap'

/**
 * @typedef {object} Ended
 * @property {string} name
 * @property {number | null} status
 * @property {string | null} signal
 * @property {boolean} timedOut
 * @property {number} ms
 */

/** @type {Set<number>} */
const running = new Set()
process.on('exit', () => running.forEach(kill))

/**
 * @param {string} file
 * @returns {string} `confine/process.kernel` for `build/test/confine/process.kernel.js`
 */
export const nameOf = (file) => file.replace(/^(.*\/)?test\//, '').replace(/\.[^./]*$/, '')

/**
 * Runs a program that prints TAP, not through tap: that would load code of its own into every child,
 * which a confined one may not read.
 *
 * @param {string} name
 * @param {readonly [string, ...string[]]} command
 * @param {number} timeout in seconds
 * @returns {Promise<Ended>}
 */
export async function runFile(name, [command, ...args], timeout) {
  mkdirSync(dirname(join(SAVED, name)), { recursive: true })
  const out = openSync(join(SAVED, `${name}.tap`), 'w')
  const err = openSync(join(SAVED, `${name}.err`), 'w')
  const start = performance.now()
  // a group of its own, so that a timeout reaches what it started
  const child = spawn(command, args, {
    stdio: ['ignore', out, err],
    detached: true,
    env: { ...process.env, TAP: '1', TAP_TIMEOUT: String(timeout) },
  })
  const { pid } = child
  if (pid) running.add(pid)
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    if (pid) kill(pid)
  }, timeout * 1000)
  const [status, signal] = await once(child, 'exit')
  clearTimeout(timer)
  if (pid) {
    kill(pid)
    running.delete(pid)
  }
  for (const file of [out, err]) {
    fsyncSync(file) // a guest's files reach the host when they are written back
    closeSync(file)
  }
  return { name, status, signal, timedOut, ms: Math.round(performance.now() - start) }
}

/** @param {number} pid */
function kill(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // the whole group has ended
  }
}
