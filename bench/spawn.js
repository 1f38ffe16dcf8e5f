// The claims: a confined child costs at most a tenth more than a plain one of Node's, and at most 0.8
// times what it costs through aa-exec. The three take turns, and the ratio of their medians counts.
//
//   node bench/spawn.js [ROUNDS]    root, under AppArmor
import * as node from 'node:child_process'
import { once } from 'node:events'
import { release } from 'node:os'
import * as ours from 'apparmor/child_process'
import { median, plot, report } from './report.js'

const ROUNDS = Number(process.argv[2] ?? 60)
const PROFILE = 'apparmor-bench-child'

node.execFileSync('apparmor_parser', ['-r', '-K'], {
  input: `abi <abi/3.0>,\nprofile ${PROFILE} { /** rm, }\n`,
})

const stdio = /** @type {const} */ ('ignore')
const confined = { profile: PROFILE, stdio }
const aaExec = ['-p', PROFILE, '--', '/bin/true']

/** @param {{ status: number | null }} result */
const check = ({ status }) => {
  if (status !== 0) throw new Error(`status ${status}`)
}
const wait = async (/** @type {node.ChildProcess} */ child) =>
  check({ status: (await once(child, 'exit'))[0] })

/** @type {Record<string, Record<'ours' | 'node' | 'aaExec', () => unknown>>} */
const CALLS = {
  spawnSync: {
    ours: () => check(ours.spawnSync('/bin/true', confined)),
    node: () => check(node.spawnSync('/bin/true', { stdio })),
    aaExec: () => check(node.spawnSync('aa-exec', aaExec, { stdio })),
  },
  spawn: {
    ours: () => wait(ours.spawn('/bin/true', confined)),
    node: () => wait(node.spawn('/bin/true', { stdio })),
    aaExec: () => wait(node.spawn('aa-exec', aaExec, { stdio })),
  },
}

/** @param {() => unknown} work */
async function time(work) {
  const start = process.hrtime.bigint()
  await work()
  return Number(process.hrtime.bigint() - start) / 1e6
}

const rows = []
for (const [name, { ours, node, aaExec }] of Object.entries(CALLS)) {
  const rounds = []
  for (let i = -3; i < ROUNDS; i++) {
    // Each goes first in turn, so that none always follows the dearest.
    const order = [ours, node, aaExec]
    const times = new Map()
    for (let j = 0; j < 3; j++) {
      const work = order[(i + j + 3) % 3]
      times.set(work, await time(work))
    }
    if (i >= 0) rounds.push({ ours: times.get(ours), node: times.get(node), aa: times.get(aaExec) })
  }
  const ms = (/** @type {number[]} */ all) => `${median(all).toFixed(2)} ms`
  console.log(
    `${name} of /bin/true, Linux ${release()}: confined ${ms(rounds.map((r) => r.ours))}, ` +
      `plain ${ms(rounds.map((r) => r.node))}, aa-exec ${ms(rounds.map((r) => r.aa))}; ` +
      `medians of ${ROUNDS} rounds`,
  )
  const plain = median(rounds.map((r) => r.ours)) / median(rounds.map((r) => r.node))
  const other = median(rounds.map((r) => r.ours)) / median(rounds.map((r) => r.aa))
  rows.push(
    /** @type {const} */ ([
      name,
      {
        'Node’s own, unconfined': median(rounds.map((r) => r.node)),
        'confined by this package': median(rounds.map((r) => r.ours)),
        'confined by aa-exec': median(rounds.map((r) => r.aa)),
      },
    ]),
  )
  report(`confined ${name} to Node’s`, `${plain.toFixed(3)}×`, 'at most 1.10×', plain <= 1.1)
  report(`confined ${name} to aa-exec`, `${other.toFixed(3)}×`, 'at most 0.80×', other <= 0.8)
}
plot({ name: 'children', x: 'call', y: 'ms until /bin/true has ended', rows })
node.execFileSync('apparmor_parser', ['-R'], { input: `profile ${PROFILE} { }\n` })
