// The claim: whatever is mixed, the package never says of a thread or a child that it is confined when it is not,
// never crashes, and does not grow. Attacks of many kinds in random combination, against what the kernel says.
//
//   node bench/torture.js [--seconds N] [--seed N]
//
// As root, under AppArmor; tools/torture.js starts it. A session is a process that goes through some twenty steps, and the seed
// of a session decides all of them: `--session SEED` runs one again. Meanwhile the profiles are loaded again and
// again. Ends with status 1 when anything was wrong.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { release } from 'node:os'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runInNewContext } from 'node:vm'
import { isMainThread, Worker } from 'node:worker_threads'
import * as apparmor from 'apparmor'
import * as children from 'apparmor/child_process'

const { AppArmorError, changeProfile, stackProfile, withHat } = apparmor
const SELF = fileURLToPath(import.meta.url)
const PROFILES = 'test/guest/profiles/torture.profile'
const PREFIX = 'apparmor-test-torture-'
const NAMES = ['a', 'b'].map((name) => PREFIX + name)
const CHILD = `${PREFIX}child`
const STEPS = 20
const GROWTH = 64 * 1024 * 1024
const LIMIT = 120_000 // milliseconds for a session

// ---- chance -----------------------------------------------------------------------------------------

/** A small generator of numbers from 0 to 1 (mulberry32): the same ones for the same seed. */
function generator(/** @type {number} */ seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

let chance = generator(1)
const below = (/** @type {number} */ limit) => Math.floor(chance() * limit)
/** @template T @param {readonly T[]} list @returns {T} */
const oneOf = (list) => /** @type {T} */ (list[below(list.length)])

const PIECES = [':', '/', '//', '&', '//&', ' ', '\udca0', 'a', '=', 'ns', ...NAMES, 'unconfined']
const anyName = () =>
  chance() < 0.4 ? oneOf(NAMES) : Array.from({ length: below(6) }, () => oneOf(PIECES)).join('')

// ---- what the kernel says ---------------------------------------------------------------------------

let proc = '/proc'
const readLabel = (/** @type {string} */ path) =>
  readFileSync(path, 'latin1').replace(/ \([a-z]+\)\n$|\n$/, '')

/** The labels of all threads, each once. */
function labels() {
  const found = new Set()
  for (const tid of readdirSync(`${proc}/${process.pid}/task`)) {
    try {
      found.add(readLabel(`${proc}/${process.pid}/task/${tid}/attr/current`))
    } catch (error) {
      if (!['ENOENT', 'ESRCH', 'EINVAL'].includes(/** @type {any} */ (error).code)) throw error
    }
  }
  return [...found]
}

/** @param {boolean} holds @param {string} claim */
function check(holds, claim) {
  if (!holds) throw new Error(`wrong: ${claim}`)
}

/** What a call gave, or the error that it threw, which has to be a designed one. */
function attempt(/** @type {() => any} */ call) {
  try {
    return { value: call() }
  } catch (error) {
    const { code } = /** @type {any} */ (error)
    check(
      error instanceof AppArmorError || typeof code === 'string',
      `an error without code: ${error}`,
    )
    return { error }
  }
}

const asksForUnconfined = (/** @type {string} */ name) =>
  /(^|[:& /\udca0])unconfined($|[& /\udca0])/.test(name)

// ---- the steps --------------------------------------------------------------------------------------

/** @type {Set<Worker>} */
const workers = new Set()
const WORKS = [
  'setInterval(() => {}, 1000)',
  'for (;;);',
  'require("node:fs/promises").readFile("/etc/hostname")',
  'const { Worker } = require("node:worker_threads"); new Worker("0", { eval: true })',
]

function startWorker() {
  const worker = new Worker(oneOf(WORKS), { eval: true })
  workers.add(worker)
  worker.on('error', () => {}).on('exit', () => workers.delete(worker))
}

/** @param {number} left how many descriptors to leave free */
function withFewDescriptors(left, /** @type {() => void} */ act) {
  const open = []
  try {
    while (open.length < 100_000) open.push(openSync('/dev/null', 'r'))
  } catch {
    // none is left
  }
  try {
    for (const fd of open.splice(0, left)) closeSync(fd)
    act()
  } finally {
    for (const fd of open) closeSync(fd)
  }
}

/** @param {(act: () => void) => void} within what is true while it is asked */
function change(within = (act) => act()) {
  const name = anyName()
  const stack = chance() < 0.2
  const before = labels()
  const call = stack ? stackProfile : changeProfile
  /** @type {any} */
  let { value, error } = {}
  within(
    () => ({ value, error } = attempt(() => call(name, { onPartial: 'throw', timeout: 20_000 }))),
  )
  const after = labels()
  if (value) {
    const claim = `${call.name}(${JSON.stringify(name)}) says ${value.label}, the kernel ${after}, before ${before}`
    check(after.length === 1 && after[0] === value.label, claim)
    check(value.label !== 'unconfined' || asksForUnconfined(name), claim)
  } else if (error.code !== 'ERR_APPARMOR_PARTIAL') {
    check(
      String(after) === String(before),
      `${name}: ${error.code}, and the labels changed: ${before} → ${after}`,
    )
  } else check(false, `${name}: ${error.message}`)
}

function changeWithPollution() {
  const prototype = /** @type {any} */ (Object.prototype)
  prototype.scope = 'thread'
  prototype.onPartial = 'throw'
  try {
    change()
  } finally {
    delete prototype.scope
    delete prototype.onPartial
  }
}

function child() {
  const name = chance() < 0.5 ? CHILD : anyName()
  const options = { profile: name, encoding: /** @type {const} */ ('utf8') }
  const stdio = oneOf(['pipe', ['ignore', 'pipe', 'ignore'], ['pipe', 'pipe', 'inherit', 'pipe']])
  const { value } = attempt(() =>
    children.spawnSync(
      'cat',
      ['/proc/self/attr/current'],
      /** @type {any} */ ({ ...options, stdio }),
    ),
  )
  const said = value?.stdout?.trim().replace(/ \([a-z]+\)$/, '')
  if (!said) return
  const claim = `a child under ${JSON.stringify(name)} ran as ${said}`
  check(said !== 'unconfined' || asksForUnconfined(name), claim)
  if (name === CHILD) check(said === CHILD, claim)
}

/** Into the hat, and out of it in one of several ways. */
function hat() {
  const before = labels()
  const ways = [
    () => withHat('hat', () => labels()),
    () =>
      withHat('hat', () => {
        throw Object.assign(new Error(), { code: 'OWN' })
      }),
    () => withHat('hat', () => withHat(['none', 'hat'], () => 1)),
    () => withHat('hat', () => Promise.resolve()),
    () => withHat('none', () => 1),
    () => runInNewContext('withHat("hat", () => { for (;;); })', { withHat }, { timeout: 20 }),
    () =>
      runInNewContext(
        'withHat("hat", () => withHat("hat", () => { for (;;); }))',
        { withHat },
        { timeout: 20 },
      ),
    () => withFewDescriptors(5, () => withHat('hat', () => 1)),
  ]
  attempt(oneOf(ways))
  const after = labels()
  check(String(after) === String(before), `a hat was not left: ${before} → ${after}`)
}

const STEPS_OF = {
  change: () => change(),
  changeWithPollution,
  changeWithFew: () => change((act) => withFewDescriptors(below(14), act)),
  child,
  childWithFew: () => withFewDescriptors(below(20), child),
  hat,
  hatAgain: hat,
  workers: async () => {
    for (let i = below(3); i >= 0; i--) startWorker()
    if (chance() < 0.5) await sleep(below(100))
    change()
  },
  terminate: async () => {
    const ending = [...workers].map((worker) => worker.terminate())
    change()
    await Promise.all(ending)
  },
  async children() {
    const child = attempt(() =>
      children.spawn('sleep', ['5'], { profile: CHILD, stdio: 'ignore' }),
    ).value
    if (!child) return
    child.on('error', () => {})
    if (child.pid !== undefined && chance() < 0.8) {
      const label = readLabel(`${proc}/${child.pid}/attr/current`)
      check(label === CHILD, `a running child is ${label}`)
    }
    child.kill('SIGKILL')
    if (child.pid !== undefined) await once(child, 'close')
  },
  async looks() {
    await Promise.allSettled([apparmor.status(), apparmor.processes({ pid: process.pid })])
    attempt(() => apparmor.getThreadCons())
  },
}

const POLL = /\[eventpoll\]$/

function links(/** @type {string} */ directory) {
  return readdirSync(directory).flatMap((name) => {
    try {
      return [readlinkSync(`${directory}/${name}`)]
    } catch {
      return [] // the listing's own descriptor
    }
  })
}

async function session(/** @type {number} */ seed) {
  chance = generator(seed)
  if (chance() < 0.7) attempt(() => changeProfile(oneOf(NAMES)))
  /** @type {string[]} */
  const done = []
  // Not the polls: Node's own spawnSync loses one when it finds no more than three free descriptors.
  const open = () => links(`${proc}/${process.pid}/fd`).filter((link) => !POLL.test(link)).length
  // Node looks into /proc for it.
  const memory = () =>
    Number(readFileSync(`${proc}/${process.pid}/statm`, 'latin1').split(' ')[1]) * 4096
  let start = { descriptors: 0, memory: Infinity }
  try {
    for (let i = 0; i < STEPS; i++) {
      const name = oneOf(Object.keys(STEPS_OF))
      done.push(name)
      await STEPS_OF[/** @type {keyof typeof STEPS_OF} */ (name)]()
      if (i === STEPS / 2) {
        await Promise.all([...workers].map((worker) => worker.terminate()))
        start = { descriptors: open(), memory: memory() }
      }
    }
    await Promise.all([...workers].map((worker) => worker.terminate()))
    await sleep(20)
    check(
      open() <= start.descriptors + 2,
      `descriptors grew from ${start.descriptors} to ${open()}`,
    )
    check(memory() < start.memory + GROWTH, 'memory grew')
    process.exit(0)
  } catch (error) {
    console.log(`${done.join(' ')}: ${error instanceof Error ? error.message : error}`)
    process.exit(1)
  }
}

// ---- the run ----------------------------------------------------------------------------------------

// The session keeps the true /proc under another name.
const FALSE_PROC = `
  mount -t tmpfs none /mnt && mkdir /mnt/proc && mount --rbind /proc /mnt/proc && mount -t tmpfs none /proc
  test "$1" = empty || { mkdir -p /proc/self/task/1 /proc/thread-self/attr /proc/self/attr && : >/proc/self/attr/current; }
  shift
  exec "$@"`

/** @returns {string[]} */
function commandOf(/** @type {number} */ seed) {
  const node = [process.execPath, SELF, `--session=${seed}`]
  const [first, second] = [generator(seed ^ 0x5eed)(), generator(seed ^ 0xfeed)()]
  if (first < 0.15) {
    return [
      'unshare',
      '-m',
      'sh',
      '-c',
      FALSE_PROC,
      'sh',
      second < 0.5 ? 'empty' : 'false',
      ...node,
      '--proc=/mnt/proc',
    ]
  }
  return ['prlimit', `--nofile=${second < 0.5 ? 96 : 512}`, ...node]
}

async function runSession(/** @type {number} */ seed) {
  const [file = '', ...args] = commandOf(seed)
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT,
    killSignal: 'SIGKILL',
  })
  const said = Promise.all([text(child.stdout), text(child.stderr)])
  const [status, signal] = await once(child, 'close')
  const [stdout, stderr] = await said
  if (status === 0) return true
  console.log(`session ${seed}: ${signal ?? `status ${status}`}: ${stdout}${stderr.slice(-2000)}`)
  return false
}

async function reload(/** @type {{ go: boolean }} */ state) {
  let times = 0
  while (state.go) {
    await once(spawn('apparmor_parser', ['-r', '-K', PROFILES], { stdio: 'ignore' }), 'close')
    times++
    await sleep(200)
  }
  return times
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    session: { type: 'string' },
    proc: { type: 'string', default: '/proc' },
  },
})

if (isMainThread && values.session !== undefined) {
  proc = values.proc
  await session(Number(values.session))
} else {
  const first = Number(values.seed)
  const end = performance.now() + Number(values.seconds) * 1000
  const state = { go: true }
  const reloads = reload(state)
  let [sessions, failures] = [0, 0]
  console.log(`Linux ${release()}, seed ${first}`)
  while (performance.now() < end) {
    if (!(await runSession(first + sessions))) failures++
    sessions++
  }
  state.go = false
  console.log(
    `${sessions} sessions of ${STEPS} steps, ${await reloads} reloads: ${failures} failed`,
  )
  process.exitCode = failures === 0 ? 0 : 1
}
