// Calls every function of the package many times, here and in Workers, for tools/analysis/sanitizers.js.
import { writeSync } from 'node:fs'
import { once } from 'node:events'
import { isMainThread, Worker } from 'node:worker_threads'
import * as apparmor from 'apparmor'
import { spawnSync } from 'apparmor/child_process'
import { CALLS, callExample } from '../support/calls.ts'

const ROUNDS = 40
// These replace the process, or begin something that only a profile lets end.
const LEFT_OUT = ['reexec', 'changeOnexec', 'stackOnexec']

let calls = 0
const attempt = async (call: () => unknown): Promise<void> => {
  calls++
  try {
    await call()
  } catch {
    // refused, as it has to be
  }
}

for (let round = 0; round < ROUNDS; round++) {
  for (const name of Object.keys(CALLS).filter((name) => !LEFT_OUT.includes(name))) {
    await attempt(() => callExample(apparmor, name))
  }
  for (const name of ['\u{1f600}', '\udcff', 'x'.repeat(5000), '', 'a\nb']) {
    await attempt(() => apparmor.changeProfile(name))
    await attempt(() => apparmor.canChangeHat(name))
  }
  attempt(() => apparmor.getTaskCon(1))
  attempt(() => apparmor.getThreadCons(process.ppid))
}
await attempt(() => spawnSync('true', [], { profile: 'apparmor-test-missing' }))
if (isMainThread) {
  for (let i = 0; i < 3; i++) await once(new Worker(new URL(import.meta.url)), 'exit')
  writeSync(1, `${calls} calls, and as many in each of 3 Workers\n`)
}
