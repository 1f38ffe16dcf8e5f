// npm run test:bursts: bench/bursts.js for each source, each in a guest of its own: a daemon takes the records from others.
//
//   node tools/bursts.js [N]
import { fileURLToPath } from 'node:url'
import { runGuest } from './guest/guest.js'

const SOURCES = ['kmsg', 'netlink', 'audit', 'journal']

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
for (const source of SOURCES) {
  const command = [process.execPath, 'bench/bursts.js', source, ...process.argv.slice(2)]
  const { status, failure } = await runGuest(command, { timeout: 900 })
  if (failure !== null) console.error(`${source}: ${failure}`)
  if (status !== 0) process.exitCode = 1
}
