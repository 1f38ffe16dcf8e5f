// The claim: a process under load changes its profile thousands of times, and no change misses a thread
// or makes anything else fail. Goes to and fro between two profiles, each of which denies one file.
//
//   node bench/stress.js [--seed N] [--changes N] [--minutes N]
//
// As root, under AppArmor; tools/stress.js starts it. The seed decides what is started before each change.
// Ends with status 1 when anything was wrong.
import { spawn, spawnSync } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Agent, createServer, get } from 'node:http'
import { availableParallelism, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { gunzip, gzip } from 'node:zlib'
import { changeProfile, getThreadCons } from 'apparmor'

const PREFIX = 'apparmor-test-stress-'
const LOST = 60_000 // milliseconds after which nobody waits for an operation any more

/** The name of the profile after that many changes. */
const nameAfter = (/** @type {number} */ changes) => (changes % 2 ? 'a' : 'b')

/**
 * Was a reading of the file that one profile denies what it must be? The answer is certain only when no
 * change came between; else either is right.
 *
 * @param {{ code?: string } | null} error
 * @param {string} denying
 * @param {string} before the profile when it was started
 * @param {boolean} certain
 */
function checkReading(error, denying, before, certain) {
  if (error && error.code !== 'EACCES') throw error
  if (certain && (error !== null) !== (denying === before)) {
    throw new Error(`under ${before}, what ${denying} denies was ${error ? 'denied' : 'read'}`)
  }
}

// ---- a Worker: reads, sleeps, starts a child, and ends or is ended ------------------------------------

/** @param {{ directory: string, changes: Int32Array, naps: number, child: boolean }} task */
async function work({ directory, changes, naps, child }) {
  let certain = 0
  for (let nap = 0; nap < naps; nap++) {
    for (const denying of ['a', 'b']) {
      const before = Atomics.load(changes, 0)
      /** @type {any} */
      let error = null
      try {
        readFileSync(join(directory, `denied-by-${denying}`))
      } catch (caught) {
        error = caught
      }
      // An odd number: a change was under way.
      const still = before % 2 === 0 && Atomics.load(changes, 0) === before
      if (still) certain++
      checkReading(error, denying, nameAfter(before / 2), still)
    }
    if ((await readFile(join(directory, 'allowed'), 'utf8')) !== 'allowed') {
      throw new Error('other content')
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
  }
  if (child) {
    const { stdout } = spawnSync('cat', ['/proc/self/attr/current'], { encoding: 'utf8' })
    if (!stdout.startsWith(PREFIX)) throw new Error(`a Worker's child ran as ${stdout}`)
  }
  parentPort?.postMessage(certain)
}

// ---- the main thread ----------------------------------------------------------------------------------

/** A small generator of numbers from 0 to 1 (mulberry32): the same ones for the same seed. */
function generator(/** @type {number} */ seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: String(Date.now() % 1e9) },
      changes: { type: 'string', default: '10000' },
      minutes: { type: 'string', default: 'Infinity' },
    },
  })
  const seed = Number(values.seed)
  const total = Number(values.changes)
  const limit = Number(values.minutes) * 60_000
  const random = generator(seed)
  const upTo = (/** @type {number} */ most) => Math.floor(random() * most)

  const directory = mkdtempSync(join(tmpdir(), 'apparmor-stress-'))
  for (const name of ['allowed', 'denied-by-a', 'denied-by-b']) {
    writeFileSync(join(directory, name), name)
  }
  const server = createServer((request, response) => void response.end(request.url))
  server.keepAliveTimeout = 0 // a connection closed for being idle may be in use again just then
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const agent = new Agent({ keepAlive: true })

  // Twice the number of changes that are done, and one more while one is under way.
  const changes = new Int32Array(new SharedArrayBuffer(4))
  const done = () => changes[0] / 2

  let certain = 0
  let lastTick = 0

  async function readDenied(denying = random() < 0.5 ? 'a' : 'b') {
    const before = done()
    const error = await readFile(join(directory, `denied-by-${denying}`)).then(
      () => null,
      (caught) => caught,
    )
    if (done() === before) certain++
    checkReading(error, denying, nameAfter(before), done() === before)
  }

  /**
   * What may be started before a change: how likely, how many at once, and what it is.
   *
   * @type {Record<string, [share: number, atOnce: number, run: () => Promise<unknown>]>}
   */
  const load = {
    'file read': [
      1,
      8,
      async () => {
        const content = await readFile(join(directory, 'allowed'), 'utf8')
        if (content !== 'allowed') throw new Error('other content')
      },
    ],
    'file denied by one profile': [1, 8, readDenied],
    timer: [
      1,
      50,
      async () => {
        const delay = upTo(50)
        const start = performance.now()
        await sleep(delay)
        const end = performance.now()
        if (end - start < delay - 1) throw new Error(`${delay} ms took ${end - start} ms`)
        if (end < lastTick) throw new Error('the time went back')
        lastTick = end
      },
    ],
    'HTTP request': [
      0.1,
      4,
      async () => {
        const path = `/${upTo(1e9)}`
        const [response] = await once(get({ port, path, agent }), 'response')
        if ((await text(response)) !== path) throw new Error('another response')
      },
    ],
    'name looked up': [0.05, 2, () => lookup('localhost')],
    'buffer compressed': [
      0.05,
      2,
      async () => {
        const plain = Buffer.alloc(1 + upTo(50_000), `${random()}`)
        const packed = await promisify(gzip)(plain)
        if (!plain.equals(await promisify(gunzip)(packed))) throw new Error('other content')
      },
    ],
    child: [
      0.02,
      2,
      async () => {
        const expected = `${PREFIX}${nameAfter(done())} (enforce)\n`
        const label = await text(spawn('cat', ['/proc/self/attr/current']).stdout)
        if (label !== expected) throw new Error(`a child ran as ${label}, not ${expected}`)
      },
    ],
    Worker: [
      0.01,
      3,
      async () => {
        const task = { directory, changes, naps: 1 + upTo(20), child: random() < 0.1 }
        const worker = new Worker(new URL(import.meta.url), { workerData: task })
        worker.on('message', (/** @type {number} */ count) => (certain += count))
        const ended = once(worker, 'exit') // rejects with the Worker's own error
        if (random() < 0.3) setTimeout(() => worker.terminate(), upTo(300))
        await ended
      },
    ],
    setuid: [
      0.02,
      1,
      async () => {
        const { getuid, setuid } = process
        setuid?.(getuid?.() ?? 0)
      },
    ],
  }

  /** @type {Map<string, number>} */
  const counts = new Map(Object.keys(load).map((kind) => [kind, 0]))
  /** @type {Map<string, Set<Promise<void>>>} */
  const running = new Map(Object.keys(load).map((kind) => [kind, new Set()]))
  let errors = 0
  const fail = (/** @type {string} */ what, /** @type {unknown} */ error) => {
    if (++errors <= 20) console.log(`  ${what}: ${/** @type {Error} */ (error).stack ?? error}`)
  }

  function startLoad() {
    for (const [kind, [share, atOnce, run]] of Object.entries(load)) {
      const these = running.get(kind) ?? new Set()
      if (random() >= share || these.size >= atOnce) continue
      const operation = run().then(
        () => void counts.set(kind, (counts.get(kind) ?? 0) + 1),
        (error) => fail(kind, error),
      )
      these.add(operation)
      void operation.finally(() => these.delete(operation))
    }
  }

  /** @type {number[]} */
  const times = []
  let threads = 0
  let fewest = Infinity
  let most = 0
  let failed = 0
  let missed = 0

  function change() {
    const profile = PREFIX + nameAfter(done() + 1)
    Atomics.add(changes, 0, 1)
    const start = performance.now()
    const report = changeProfile(profile)
    times.push(performance.now() - start)
    Atomics.add(changes, 0, 1)
    threads += report.threads
    fewest = Math.min(fewest, report.threads)
    most = Math.max(most, report.threads)
    for (const { tid, name, label } of getThreadCons()) {
      if (label === profile) continue
      missed++
      console.log(`  missed: thread ${tid} (${name}) runs as ${label}`)
    }
  }

  console.log(
    `seed ${seed}: ${total} changes on Linux ${release()}, ` +
      `${availableParallelism()} CPU, Node ${process.version}`,
  )
  const start = performance.now()
  const seconds = () => ((performance.now() - start) / 1000).toFixed(0)
  const goesOn = () => missed + failed === 0 && performance.now() - start < limit
  for (let i = 1; i <= total && goesOn(); i++) {
    try {
      change()
    } catch (error) {
      Atomics.and(changes, 0, ~1)
      failed++
      fail('change', error)
    }
    startLoad()
    // Every thread of the pool has to answer under the new profile before the next change.
    if (i % 10 === 0)
      await Promise.all(['a', 'b', 'a', 'b'].map(readDenied)).catch((error) => fail('file', error))
    else await turn()
    if (i % 500 === 0 || i === total) {
      console.log(`  ${i} changes, ${seconds()} s: ${missed} threads missed, ${errors} errors`)
    }
  }

  const all = [...running.values()].flatMap((these) => [...these])
  await Promise.race([Promise.all(all), sleep(LOST, undefined, { ref: false })])
  for (const [kind, these] of running) {
    if (these.size > 0) fail(kind, `${these.size} never ended`)
  }
  agent.destroy()
  server.close()
  rmSync(directory, { recursive: true })

  times.sort((a, b) => a - b)
  const at = (/** @type {number} */ part) =>
    `${times[Math.floor(times.length * part)].toFixed(1)} ms`
  console.log(`${times.length} changes of ${fewest} to ${most} threads in ${seconds()} s`)
  console.log(`  threads changed ${threads}, threads missed ${missed}`)
  console.log(`  changes refused ${failed}, errors in the load ${errors - failed}`)
  console.log(`  a change: median ${at(0.5)}, 99th percentile ${at(0.99)}, longest ${at(1 - 1e-9)}`)
  console.log(`  load: ${[...counts].map(([kind, count]) => `${kind} ${count}`).join(', ')}`)
  console.log(`  readings with a certain answer, all right: ${certain}`)
  return missed === 0 && errors === 0 && times.length > 0
}

if (isMainThread) process.exitCode = (await main()) ? 0 : 1
else await work(workerData)
