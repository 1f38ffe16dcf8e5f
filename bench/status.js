// The claim: status() takes less time than `aa-status --json` as a whole process, and holds the event
// loop for 10 ms at most. Rounds of the two take turns, and the median of the rounds' ratios counts.
// The first call reads four files for each profile; later ones only when the policy has changed. So it
// stands apart, and no claim is made for it.
//
//   node bench/status.js    root, under AppArmor
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { status } from 'apparmor'
import { median, plot, report } from './report.js'

const ROUNDS = 7
const SIZES = [
  { profiles: 50, processes: 50 },
  { profiles: 350, processes: 200 },
  { profiles: 1000, processes: 500 },
]
const NAME = 'apparmor-test-status'
const here = mkdtempSync(join(tmpdir(), 'apparmor-bench-'))

/** @param {'-r' | '-R'} how @param {number} count */
function policy(how, count) {
  const file = join(here, 'policy')
  const profiles = Array.from(
    { length: count },
    (_, i) => `profile ${NAME}-${i} /opt/${NAME}/${i} { file, unix, signal, }\n`,
  )
  writeFileSync(file, profiles.join(''))
  execFileSync('apparmor_parser', [how, '-K', '-O', 'no-expr-simplify', file])
}

/** Half of them confined. @param {number} count */
async function crowd(count) {
  const perl = ['perl', '-e', forking(count / 2)]
  const parents = [perl, ['aa-exec', '-p', `${NAME}-1`, '--', ...perl]].map(
    ([file = '', ...args]) => spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] }),
  )
  for (const parent of parents) await once(parent.stdout, 'data')
  return async () => {
    for (const parent of parents) {
      const gone = once(parent, 'exit')
      parent.stdin.end()
      await gone
    }
  }
}

// A program that forks is quicker than starting as many
const forking = (/** @type {number} */ count) =>
  `for (1 .. ${count}) { my $pid = fork; if ($pid == 0) { sleep 600; exit } push @all, $pid } ` +
  `$| = 1; print "ready\\n"; <STDIN>; kill 'TERM', @all`

async function ours() {
  const start = performance.now()
  await status()
  return performance.now() - start
}

function theirs() {
  const start = performance.now()
  spawnSync('aa-status', ['--json'], { stdio: ['ignore', 'ignore', 'ignore'] })
  return performance.now() - start
}

/** @param {() => Promise<unknown>} work */
async function loopDelay(work) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  for (let round = 0; round < ROUNDS; round++) await work()
  delay.disable()
  return delay
}

const ms = (/** @type {number} */ ns) => (ns / 1e6).toFixed(1)

/** @param {import('node:perf_hooks').IntervalHistogram} delay */
const histogram = (delay) =>
  `median ${ms(delay.percentile(50))} ms, 90 % ${ms(delay.percentile(90))}, ` +
  `99 % ${ms(delay.percentile(99))}, most ${ms(delay.max)}`

const rows = []
try {
  for (const size of SIZES) {
    policy('-r', size.profiles)
    const disperse = await crowd(size.processes)
    const first = await ours()
    theirs()
    const rounds = []
    for (let round = 0; round < ROUNDS; round++)
      rounds.push({ ours: await ours(), theirs: theirs() })
    // Apart, since the other one holds the loop until it has ended.
    const rest = await loopDelay(() => sleep(median(rounds.map((round) => round.ours))))
    const delay = await loopDelay(ours)
    const found = await status()
    const ratio = median(rounds.map((round) => round.ours / round.theirs))
    const firstRatio = first / median(rounds.map((round) => round.theirs))
    console.log(
      `${found.profiles?.length} profiles, ${found.processes.length} processes: ` +
        `status() ${median(rounds.map((r) => r.ours)).toFixed(0)} ms, the first ${first.toFixed(0)} ms ` +
        `(${firstRatio.toFixed(2)}× aa-status), ` +
        `aa-status ${median(rounds.map((r) => r.theirs)).toFixed(0)} ms; medians of ${ROUNDS} rounds\n` +
        `the event loop meanwhile: ${histogram(delay)}\n` +
        `                  at rest: ${histogram(rest)}`,
    )
    rows.push(
      /** @type {const} */ ([
        size.profiles,
        {
          'aa-status --json': median(rounds.map((r) => r.theirs)),
          'status(), first call': first,
          'status(), later calls': median(rounds.map((r) => r.ours)),
        },
      ]),
    )
    report(
      `status() to aa-status, ${size.profiles} profiles`,
      `${ratio.toFixed(2)}×`,
      'below 1×',
      ratio < 1,
    )
    report(
      `longest hold of the event loop, ${size.profiles} profiles`,
      `${ms(delay.max)} ms`,
      `at most 10 ms; at rest ${ms(rest.max)} ms`,
      delay.max <= 1e7,
    )
    await disperse()
    policy('-R', size.profiles)
  }
  plot({ name: 'status', x: 'loaded profiles', y: 'ms', rows })
} finally {
  rmSync(here, { recursive: true })
}
