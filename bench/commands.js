// The claims: with 1,000 profiles `apparmor status` takes at most 100 ms more than aa-status and Node's own start
// together, and `apparmor exec` at most 1.15 times as long as aa-exec and Node's own start together. All take turns;
// the medians of the rounds count.
//
//   node bench/commands.js    root, under AppArmor
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, report } from './report.js'

const ROUNDS = 11
const COUNT = 1000
const NAME = 'apparmor-test-commands'
const here = mkdtempSync(join(tmpdir(), 'apparmor-bench-'))
const policy = join(here, 'policy')

/** @param {'-r' | '-R'} how */
const put = (how) => execFileSync('apparmor_parser', [how, '-K', '-O', 'no-expr-simplify', policy])

/** @param {readonly string[]} command */
function time([file = '', ...args]) {
  const start = performance.now()
  const { status, error } = spawnSync(file, args, { stdio: 'ignore' })
  if (error || status !== 0)
    throw new Error(`${file} ${args[0]} ended with ${status}`, { cause: error })
  return performance.now() - start
}

/** @param {Readonly<Record<string, readonly string[]>>} commands */
function medians(commands) {
  const names = Object.keys(commands)
  const times = Object.fromEntries(names.map((name) => [name, /** @type {number[]} */ ([])]))
  for (let round = -1; round < ROUNDS; round++) {
    for (const name of names) {
      const taken = time(commands[name])
      if (round >= 0) times[name]?.push(taken)
    }
  }
  const found = Object.fromEntries(names.map((name) => [name, median(times[name] ?? [])]))
  console.log(names.map((name) => `${name} ${found[name]?.toFixed(0)} ms`).join(', '))
  return found
}

const node = [process.execPath, '--input-type=module', '--eval', '']
const ours = (/** @type {readonly string[]} */ ...args) => [
  process.execPath,
  'dist/cli.js',
  ...args,
]

writeFileSync(
  policy,
  Array.from(
    { length: COUNT },
    (_, i) => `profile ${NAME}-${i} /opt/${NAME}/${i} { file, unix, signal, }\n`,
  ).join(''),
)
try {
  put('-r')
  const status = medians({ node, 'aa-status': ['aa-status'], 'apparmor status': ours('status') })
  const over = status['apparmor status'] - status['aa-status'] - status.node
  report(
    `apparmor status of ${COUNT} profiles over aa-status and Node`,
    `${over.toFixed(0)} ms`,
    'at most 100 ms',
    over <= 100,
  )
  const target = ['-p', `${NAME}-1`, '--', '/bin/true']
  const exec = medians({
    node,
    'aa-exec': ['aa-exec', ...target],
    'apparmor exec': ours('exec', ...target),
  })
  const ratio = exec['apparmor exec'] / (exec['aa-exec'] + exec.node)
  report(
    'apparmor exec to aa-exec and Node',
    `${ratio.toFixed(2)}×`,
    'at most 1.15×',
    ratio <= 1.15,
  )
} finally {
  put('-R')
  rmSync(here, { recursive: true })
}
