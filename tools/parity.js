// npm run test:parity: what differs between confined children and Node's own, under several versions of Node.js,
// in one boot of a guest.
//
//   node tools/parity.js [--kernel K] [--only TEXT] [VERSION…]
//
// The versions come from npm. --only chooses the cases that have TEXT in their names.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runUnderAppArmor } from './kernel.js'
import { nodeProgram } from './node-program.js'

const VERSIONS = ['20', '22', '24', '26']
const PROGRAM = 'build/test/guest/parity.js'
const PROFILES = 'test/guest/profiles/children.profile'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const { values, positionals } = parseArgs({
  options: { kernel: { type: 'string' }, only: { type: 'string', default: '' } },
  allowPositionals: true,
})
if (values.kernel !== undefined) {
  Object.assign(process.env, { APPARMOR_GUEST: 'always', APPARMOR_GUEST_KERNEL: values.kernel })
}
const programs = (positionals.length > 0 ? positionals : VERSIONS).map(nodeProgram)
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'test/tsconfig.json'], {
  stdio: ['ignore', 2, 2],
})
const script = `
apparmor_parser -r -K ${PROFILES} || exit
only=$1
shift
failed=0
for node; do "$node" ${PROGRAM} "$only" || failed=1; done
apparmor_parser -R -K ${PROFILES}
exit $failed`
const command = ['sh', '-c', script, 'sh', values.only, ...programs]
process.exitCode = await runUnderAppArmor(command, { timeout: 3600 })
