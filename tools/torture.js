// npm run torture: bench/torture.js under a kernel that enforces AppArmor, with a build of now.
//
//   node tools/torture.js [--seconds N] [--seed N] [--kernel K]
//
// --kernel chooses the guest's kernel; `smp` is the one with two CPUs.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runUnderAppArmor } from './kernel.js'

const PROFILES = 'test/guest/profiles/torture.profile'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    kernel: { type: 'string' },
  },
})
const { seconds, seed, kernel } = values
if (kernel !== undefined) {
  Object.assign(process.env, { APPARMOR_GUEST: 'always', APPARMOR_GUEST_KERNEL: kernel })
}
const args = [`--seconds=${seconds}`, ...(seed === undefined ? [] : [`--seed=${seed}`])]
const script = `
  apparmor_parser -r -K ${PROFILES} || exit
  "$@"
  status=$?
  apparmor_parser -R -K ${PROFILES}
  exit $status
`
process.exitCode = await runUnderAppArmor(
  ['sh', '-c', script, 'sh', process.execPath, 'bench/torture.js', ...args],
  { timeout: Number(seconds) + 600 },
)
