// A Worker that calls every function of the package over and over, and then says how often.
import * as apparmor from 'apparmor'
import { parentPort, workerData } from 'node:worker_threads'
import { ASYNC, callExample, CALLS } from '../support/calls.ts'

const names = Object.keys(CALLS).filter((name) => !ASYNC.includes(name))
const limit = workerData as number
for (let i = 0; i < limit; i++) {
  try {
    callExample(apparmor, names[i % names.length] as string)
  } catch (error) {
    if (!('code' in (error as Error))) throw error
  }
}
parentPort?.postMessage(limit)
