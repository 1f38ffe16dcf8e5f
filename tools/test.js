// Builds everything and runs the tests; the last line on stdout is "N passed, N failed".
//
//   node tools/test.js [--off] [--engines] [--peers] [--kernel K] [FILE…]
//
// test/**/*.test.ts and the C++ tests run here; test/**/*.kernel.ts as root under a kernel that enforces
// AppArmor, and test/**/*.off.ts under one that was started with apparmor=0: one boot of a guest each.
// FILE (a name or the beginning of one, with its folder or without) runs these alone. --kernel chooses the guest's kernel.
// APPARMOR_GUEST (tools/kernel.js) can have the kernel tests run on this machine's own kernel.
//
// --engines runs test/**/*.engine.ts alone, also under such a kernel, and test/**/*.engine_off.ts under one without
// AppArmor: they need container engines (tools/setup --engines).
//
// --peers runs test/**/*.peer.ts alone, in a guest with programs that ours are held against (tools/peers.js).
//
// --off demands that each kernel test fails without AppArmor: one that passes there proves nothing.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildLauncher } from './build-launcher.js'
import { buildNative } from './build-native.js'
import { buildTests, buildTs } from './build-ts.js'
import { cacheDirectory } from './cache.js'
import { unpackPackages } from './debian.js'
import { runGuest } from './guest/guest.js'
import { chooseKernel } from './kernel.js'
import { nodeProgram } from './node-program.js'
import { withPeers } from './peers.js'
import { buildCoreTests } from './test/core.js'
import { fail, report, reportOff, say, total } from './test/report.js'
import { nameOf, runFile, SAVED } from './test/run-file.js'

const BUILT = 'build/test'
const FILE_TIMEOUT = 600
const GUEST_TIMEOUT = 3600
const JOBS = 2
// For nodes.kernel; Dockerfile.test fetches them, too. The whole table is npm run test:matrix.
const OTHER_NODES = ['24']

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const { values, positionals } = parseArgs({
  options: {
    off: { type: 'boolean' },
    engines: { type: 'boolean' },
    peers: { type: 'boolean' },
    kernel: { type: 'string' },
  },
  allowPositionals: true,
})

const stop = new AbortController()
/** The kernel tests on this machine's own kernel, which remove their profiles when they are stopped. */
let direct = Promise.resolve(/** @type {unknown[]} */ ([]))
for (const [signal, status] of /** @type {const} */ ([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])) {
  process.once(signal, async () => {
    stop.abort()
    await direct
    fail('tests', `stopped by ${signal}`)
    conclude()
    process.exit(status)
  })
}

function conclude() {
  say(`${total.passed} passed, ${total.failed} failed`)
}

async function build() {
  for (const directory of [BUILT, SAVED]) rmSync(directory, { recursive: true, force: true })
  if (!buildNative()) throw new Error('the addon could not be built')
  buildLauncher()
  if (!(await buildTs())) throw new Error('tsc found errors')
  buildTests()
}

/** The names of the files of a kind that were asked for: of `test`, `kernel`, `engine`, `peer` and `off`. */
function select(/** @type {string} */ kind) {
  const names = readdirSync(BUILT, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(`.${kind}.js`))
    .map((file) => nameOf(join(BUILT, file)))
  return names.filter(wanted).sort()
}

function wanted(/** @type {string} */ name) {
  const asked = positionals.map((file) => file.replace(/^test\//, '').replace(/\.[jt]s$/, ''))
  const names = [name, basename(name)]
  return asked.length === 0 || asked.some((part) => names.some((known) => known.startsWith(part)))
}

/** @param {string} name */
async function runHost(name) {
  report(await runFile(name, [process.execPath, join(BUILT, `${name}.js`)], FILE_TIMEOUT))
}

async function runCore() {
  const program = await buildCoreTests()
  if (program === null) fail('core', 'the C++ tests do not compile')
  else report(await runFile('core', [program], FILE_TIMEOUT))
}

/**
 * @param {readonly string[]} names
 * @param {'host' | 'guest' | 'off'} where
 */
async function runKernel(names, where) {
  const left = new Set(names)
  const stdout = lines((line) => {
    if (!line.startsWith('{')) return say(line)
    const ended = /** @type {import('./test/run-file.js').Ended} */ (JSON.parse(line))
    left.delete(ended.name)
    if (values.off) reportOff(ended)
    else report(ended)
  })
  const flags = where === 'off' ? ['--bare'] : where === 'host' ? ['--clean'] : []
  const files = names.map((name) => join(BUILT, `${name}.js`))
  const peers = values.peers ? withPeers() : []
  const command = [...peers, process.execPath, 'tools/test/kernel.js', ...flags, ...files]
  const problem = await (where === 'host'
    ? runDirectly(command, stdout)
    : boot(command, stdout, where))
  for (const name of left) fail(name, `did not run: ${problem}`)
  if (problem !== null && left.size === 0) fail('kernel tests', problem)
}

const ending = (/** @type {number} */ status) =>
  status === 0 ? null : `the kernel tests ended with status ${status}`

/**
 * @param {string[]} command
 * @param {Writable} stdout
 */
async function runDirectly([file = '', ...args], stdout) {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  child.stdout.pipe(stdout)
  stop.signal.addEventListener('abort', () => child.kill())
  direct = once(child, 'close')
  const [status] = await direct
  return ending(/** @type {number} */ (status))
}

/**
 * @param {string[]} command
 * @param {Writable} stdout
 * @param {'guest' | 'off'} where
 */
async function boot(command, stdout, where) {
  const { kernel } = values
  const append = where === 'off' ? ['apparmor=0'] : []
  const options = { kernel, append, stdout, timeout: GUEST_TIMEOUT, signal: stop.signal }
  try {
    const { status, failure } = await runGuest(command, options)
    return failure ?? ending(status)
  } catch (error) {
    return /** @type {Error} */ (error).message
  }
}

/** @param {(line: string) => void} onLine */
function lines(onLine) {
  let rest = ''
  return new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      const complete = (rest + chunk).split('\n')
      rest = complete.pop() ?? ''
      complete.forEach(onLine)
      done()
    },
  })
}

function fetchNodes() {
  try {
    process.env.APPARMOR_TEST_NODES = OTHER_NODES.map(nodeProgram).join(':')
  } catch (error) {
    say(`! no other Node.js: ${/** @type {Error} */ (error).message}`)
  }
}

function fetchQuadlet() {
  const place = unpackPackages(join(cacheDirectory('apparmor-engines'), 'podman'), 'trixie', [
    'podman',
  ])
  process.env.APPARMOR_TEST_QUADLET = join(place, 'usr/libexec/podman/quadlet')
}

/**
 * The work to do, the longest first.
 *
 * @returns {(() => Promise<void>)[]}
 */
function plan() {
  const kernel = select(values.engines ? 'engine' : 'kernel')
  if (kernel.includes('nodes.kernel')) fetchNodes()
  if (kernel.includes('quadlet.engine')) fetchQuadlet()
  if (values.off) return kernel.length > 0 ? [() => runKernel(kernel, 'off')] : []
  if (values.peers) return [() => runKernel(select('peer'), 'guest')]
  const off = select(values.engines ? 'engine_off' : 'off')
  const guest = process.env.APPARMOR_GUEST !== 'never'
  if (!guest && off.length > 0) say(`! not run without a guest: ${off.join(', ')}`)
  const booted = [
    ...(kernel.length > 0 ? [() => runKernel(kernel, chooseKernel())] : []),
    ...(guest && off.length > 0 ? [() => runKernel(off, 'off')] : []),
  ]
  if (values.engines) return booted
  return [
    ...booted,
    ...(wanted('core') ? [runCore] : []),
    ...select('test').map((name) => () => runHost(name)),
  ]
}

/** @param {() => Promise<void>} job */
async function attempt(job) {
  try {
    await job()
  } catch (error) {
    fail('tests', /** @type {Error} */ (error).message)
  }
}

try {
  await build()
  const jobs = plan()
  if (jobs.length === 0) throw new Error(`no such test: ${positionals.join(' ')}`)
  const work = async () => {
    for (let job = jobs.shift(); job; job = jobs.shift()) await attempt(job)
  }
  await Promise.all(Array.from({ length: JOBS }, work))
} catch (error) {
  fail('tests', /** @type {Error} */ (error).message)
}
conclude()
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1
