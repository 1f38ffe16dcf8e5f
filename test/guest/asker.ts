// A Worker that makes asynchronous calls over and over, and does not wait for their results.
import { processes, profiles } from 'apparmor'
import { setImmediate as turn } from 'node:timers/promises'

const ignore = (): void => {}
for (;;) {
  for (let i = 0; i < 20; i++) {
    processes({ pid: process.pid }).then(ignore, ignore)
    profiles().then(ignore, ignore)
  }
  await turn()
}
