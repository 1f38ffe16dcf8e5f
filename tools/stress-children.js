// npm run stress:children: many confined and unconfined children, in sequence and at once, from the main
// thread and from Workers; each has to report the label that was asked for.
//
//   node tools/stress-children.js [--children N] [--kernel K]
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildTests } from './build-ts.js'
import { runUnderAppArmor } from './kernel.js'

const PROFILES = ['children', 'launcher'].map((name) => `test/guest/profiles/${name}.profile`)
const TIMEOUT = 4 * 3600

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const { values } = parseArgs({
  options: { children: { type: 'string', default: '2000' }, kernel: { type: 'string' } },
})
if (values.kernel !== undefined) {
  Object.assign(process.env, { APPARMOR_GUEST: 'always', APPARMOR_GUEST_KERNEL: values.kernel })
}

buildTests()

const script = `
  apparmor_parser -r -K ${PROFILES.join(' ')} || exit
  "$@"
  status=$?
  apparmor_parser -R -K ${PROFILES.join(' ')}
  exit $status
`
const command = [process.execPath, 'build/test/child_process/many.kernel.js']
process.exitCode = await runUnderAppArmor(['sh', '-c', script, 'sh', ...command], {
  env: { ...process.env, APPARMOR_CHILDREN: values.children },
  timeout: TIMEOUT,
})
