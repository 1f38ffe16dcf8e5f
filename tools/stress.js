// npm run stress: bench/stress.js under a kernel that enforces AppArmor, with a build of now.
//
//   node tools/stress.js [--seed N] [--changes N] [--minutes N] [--kernel K | --smp]
//
// Ends after that many changes (10,000) or minutes. --kernel chooses the guest's kernel; --smp is short for the one with two CPUs, where threads really run
// at the same time.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runWithProfiles } from './kernel.js'

const TIMEOUT = 4 * 3600

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    changes: { type: 'string' },
    minutes: { type: 'string' },
    kernel: { type: 'string' },
    smp: { type: 'boolean' },
  },
})
const kernel = values.smp ? 'smp' : values.kernel

const { seed, changes, minutes } = values
const args = Object.entries({ seed, changes, minutes }).flatMap(([name, value]) =>
  value === undefined ? [] : [`--${name}=${value}`],
)
process.exitCode = await runWithProfiles(
  ['stress'],
  [[process.execPath, 'bench/stress.js', ...args]],
  { kernel, timeout: TIMEOUT },
)
