// Runs a small test of the process-wide change under other versions of Node.js, in one boot of a guest.
//
//   node tools/nodes.js [VERSION…]
//
// The versions come from npm.
import { fileURLToPath } from 'node:url'
import { buildTests } from './build-ts.js'
import { runUnderAppArmor } from './kernel.js'
import { nodeProgram } from './node-program.js'

const VERSIONS = ['18', '20', '22', '24', '26']
const PROGRAM = 'build/test/guest/broadcast.js'
const PROFILES = 'test/guest/profiles/process.profile'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const wanted = process.argv.slice(2)
const programs = (wanted.length > 0 ? wanted : VERSIONS).map(nodeProgram)
buildTests()
const script = `
apparmor_parser -r -K ${PROFILES} || exit
failed=0
for node; do "$node" ${PROGRAM} || { echo "not ok: $node: status $?"; failed=1; }; done
apparmor_parser -R -K ${PROFILES}
exit $failed`
process.exitCode = await runUnderAppArmor(['sh', '-c', script, 'sh', ...programs], { timeout: 900 })
