// npm run torture: bench/torture.js under a kernel that enforces AppArmor, with a build of now.
//
//   node tools/torture.js [--seconds N] [--seed N] [--kernel K]
//
// --kernel chooses the guest's kernel; `smp` is the one with two CPUs.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runWithProfiles } from './kernel.js'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    kernel: { type: 'string' },
  },
})
const { seconds, seed, kernel } = values
const args = [`--seconds=${seconds}`, ...(seed === undefined ? [] : [`--seed=${seed}`])]
process.exitCode = await runWithProfiles(
  ['torture'],
  [[process.execPath, 'bench/torture.js', ...args]],
  { kernel, timeout: Number(seconds) + 600 },
)
