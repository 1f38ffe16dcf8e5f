// A Worker that calls every function of the package over and over, and then says how often.
import * as apparmor from 'apparmor'
import { parentPort, workerData } from 'node:worker_threads'
import { ASYNC, CALLS } from '../support/calls.ts'

const calls = Object.entries(CALLS).filter(([name]) => !ASYNC.includes(name))
const limit = workerData as number
for (let i = 0; i < limit; i++) {
  const [name, args] = calls[i % calls.length] as [keyof typeof apparmor, readonly unknown[]]
  try {
    ;(apparmor[name] as (...args: readonly unknown[]) => unknown)(...args)
  } catch (error) {
    if (!(error instanceof apparmor.AppArmorError)) throw error
  }
}
parentPort?.postMessage(limit)
