import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import * as ours from 'apparmor/child_process'
import t, { type Test } from 'tap'
import { CHILD_PROCESS } from '../support/package.ts'

t.setTimeout(120_000)

const MISSING = 'apparmor-test-missing'
const descriptors = () => readdirSync('/proc/self/fd').length

async function staysAt(t: Test, before: number): Promise<void> {
  for (let i = 0; i < 300 && descriptors() > before; i++) await sleep(10)
  t.ok(descriptors() <= before, `${descriptors()} descriptors, as the ${before} before`)
}

t.test('a Worker that is terminated while it starts children leaves no descriptor', async (t) => {
  const source = `
    import { parentPort } from 'node:worker_threads'
    import { spawn, spawnSync } from ${CHILD_PROCESS}
    parentPort.postMessage('ready')
    for (;;) {
      for (const start of [spawn, spawnSync]) {
        try { start('true', { profile: '${MISSING}', stdio: 'ignore' }) } catch {}
      }
    }`
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`)
  const run = async (delay: number) => {
    const worker = new Worker(url)
    await new Promise((resolve) => worker.once('message', resolve))
    await sleep(delay)
    await worker.terminate()
  }
  await run(5) // what is loaded once is loaded now
  const before = descriptors()
  for (let i = 0; i < 40; i++) await run(i % 8)
  await staysAt(t, before)
})

t.test('nor does a call for which the stack does not suffice', async (t) => {
  const start = (): void => {
    try {
      ours.spawn('true', { profile: MISSING, stdio: 'ignore' })
    } catch {
      // refused, or no stack
    }
  }
  // On the way back from the stack's end each call has a little more of it.
  let left = 60
  const descend = (): void => {
    try {
      descend()
    } finally {
      if (left-- > 0) start()
    }
  }
  for (let i = 0; i < 20; i++) start() // what is compiled once is compiled now
  const before = descriptors()
  t.throws(descend, RangeError)
  t.ok(left < 0)
  await staysAt(t, before)
})
