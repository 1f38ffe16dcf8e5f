// npm run stress: bench/stress.js under a kernel that enforces AppArmor, with a build of now.
//
//   node tools/stress.js [--seed N] [--changes N] [--minutes N] [--kernel K | --smp]
//
// Ends after that many changes (10,000) or minutes. --kernel chooses the guest's kernel; --smp is short for the one with two CPUs, where threads really run
// at the same time.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runUnderAppArmor } from './kernel.js'

const PROFILES = 'test/guest/profiles/stress.profile'
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
if (kernel !== undefined) {
  Object.assign(process.env, { APPARMOR_GUEST: 'always', APPARMOR_GUEST_KERNEL: kernel })
}

const { seed, changes, minutes } = values
const args = Object.entries({ seed, changes, minutes }).flatMap(([name, value]) =>
  value === undefined ? [] : [`--${name}=${value}`],
)
// The stress cannot remove the profiles that it runs under itself.
const script = `
  apparmor_parser -r -K ${PROFILES} || exit
  "$@"
  status=$?
  apparmor_parser -R -K ${PROFILES}
  exit $status
`
process.exitCode = await runUnderAppArmor(
  ['sh', '-c', script, 'sh', process.execPath, 'bench/stress.js', ...args],
  { timeout: TIMEOUT },
)
