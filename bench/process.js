// The claims: a change of a process with eleven threads costs at most three times what eleven writes of
// the attribute cost in C, and grows with the number of threads, not faster; withHat costs at most one and
// a half times the two calls of aa_change_hat in C. Rounds take turns, and the median of the rounds'
// ratios counts.
//
//   node bench/process.js PEER    PEER being bench/process.c, built; root, under AppArmor
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { changeProfile, withHat } from 'apparmor'
import { median, plot, report } from './report.js'

const PROFILES = ['apparmor-bench-a', 'apparmor-bench-b']
const ROUNDS = 15
const CHANGES = 20
const HATS = 200
const SELF = fileURLToPath(import.meta.url)

// Each may become the other, and itself, which the kernel asks a rule for too.
const policy = (/** @type {string} */ name) => `
profile ${name} {
  file,
  unix,
  signal (send, receive) peer=@{profile_name},
  change_profile -> apparmor-bench-*,
  ^hat {
    file,
  }
}`

let turn = 0
let threads = 0

/** Nanoseconds. */
function time(/** @type {number} */ count, /** @type {() => unknown} */ work) {
  const start = process.hrtime.bigint()
  for (let i = 0; i < count; i++) work()
  return Number(process.hrtime.bigint() - start) / count
}

function change() {
  threads = changeProfile(PROFILES[turn++ % 2]).threads
}

const ms = (/** @type {number[]} */ ns) => `${(median(ns) / 1e6).toFixed(2)} ms`

/** @param {string} peer */
async function compare(peer) {
  const c = (/** @type {(string | number)[]} */ ...args) =>
    Number(execFileSync(peer, args.map(String), { encoding: 'utf8' }))
  await readFile(SELF) // starts the pool
  change()
  console.log(`Linux ${release()}; medians of ${ROUNDS} rounds`)

  const changes = Array.from({ length: ROUNDS }, () => ({
    ours: (time(CHANGES, change) / threads) * 11,
    c: c('change', CHANGES, ...PROFILES),
  }))
  console.log(
    `a change of ${threads} threads: ${ms(changes.map((r) => r.ours))} for eleven of them, ` +
      `eleven writes in C ${ms(changes.map((r) => r.c))}`,
  )
  const nothing = () => {}
  const hats = Array.from({ length: ROUNDS }, () => ({
    ours: time(HATS, () => withHat('hat', nothing)),
    c: c('hat', HATS, 'hat'),
  }))
  console.log(
    `withHat: ${ms(hats.map((r) => r.ours))}, aa_change_hat twice in C ${ms(hats.map((r) => r.c))}`,
  )

  const toC = median(changes.map((r) => r.ours / r.c))
  report('a change to as many writes in C', `${toC.toFixed(2)}×`, 'at most 3×', toC <= 3)
  const hatToC = median(hats.map((r) => r.ours / r.c))
  report(
    'withHat to aa_change_hat twice in C',
    `${hatToC.toFixed(2)}×`,
    'at most 1.5×',
    hatToC <= 1.5,
  )
}

/** What a change costs when libuv's pool has that many threads: a process of its own each. */
function scale() {
  const rows = []
  const costs = [4, 100, 250, 500, 750, 1000].map((size) => {
    const env = { ...process.env, UV_THREADPOOL_SIZE: String(size) }
    const output = execFileSync(process.execPath, [SELF], { encoding: 'utf8', env })
    const [threads, ns] = output.split(' ').map(Number)
    const each = ns / threads
    rows.push(/** @type {const} */ ([threads, { changeProfile: ns / 1e6 }]))
    console.log(
      `${String(threads).padStart(5)} threads: ${(ns / 1e6).toFixed(2).padStart(7)} ms, ` +
        `${(each / 1e3).toFixed(1)} µs each`,
    )
    return each
  })
  plot({ name: 'threads', x: 'threads', y: 'ms for one change of all threads', rows })
  const growth = costs[costs.length - 1] / costs[0]
  report(
    'a thread of the most to one of the fewest',
    `${growth.toFixed(2)}×`,
    'at most 1.5×',
    growth <= 1.5,
  )
}

const [, , peer] = process.argv
if (peer) {
  execFileSync('apparmor_parser', ['-r', '-K'], {
    input: `abi <abi/3.0>,\n${PROFILES.map(policy).join('')}`,
  })
  scale() // before this process is confined
  await compare(peer)
} else {
  await readFile(SELF)
  change()
  const times = Array.from({ length: 7 }, () => time(1, change))
  console.log(threads, median(times))
}
