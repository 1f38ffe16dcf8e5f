// The main thread of this program never loads the addon.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import t from 'tap'

const start = (calls: number): Worker =>
  new Worker(new URL('./guest/caller.js', import.meta.url), { workerData: calls })

const startAsking = (): Worker => new Worker(new URL('./guest/asker.js', import.meta.url))

const isMapped = (): boolean => readFileSync('/proc/self/maps', 'utf8').includes('/apparmor.node')

const spawns = (): boolean => execFileSync('echo', ['works'], { encoding: 'utf8' }) === 'works\n'

t.test('a Worker loads, uses and leaves the addon', async (t) => {
  t.notOk(isMapped())
  const worker = start(100)
  const [calls] = await once(worker, 'message')
  t.equal(calls, 100)
  t.strictSame(await once(worker, 'exit'), [0])
  t.ok(isMapped(), 'a signal handler in it may outlive the last Worker')
  t.ok(spawns())
})

t.test('many Workers at once', async (t) => {
  const workers = Array.from({ length: 16 }, () => start(200))
  const messages = await Promise.all(workers.map((worker) => once(worker, 'message')))
  t.strictSame(messages, Array(16).fill([200]))
  await Promise.all(workers.map((worker) => worker.terminate()))
  t.ok(spawns())
})

t.test('a Worker ends in the middle of calls', async (t) => {
  for (let i = 0; i < 30; i++) {
    const workers = [start(Infinity), start(Infinity)]
    await Promise.all(workers.map((worker) => once(worker, 'online')))
    await sleep(i % 3 === 0 ? i : 60)
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  t.ok(spawns(), 'and the process lives on')
})

t.test('a Worker ends while the calls that it made run on', async (t) => {
  for (let i = 0; i < 15; i++) {
    const workers = [startAsking(), startAsking()]
    await Promise.all(workers.map((worker) => once(worker, 'online')))
    await sleep(i % 3 === 0 ? i : 60)
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  t.ok(spawns(), 'and the process lives on')
})
