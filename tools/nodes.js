// Runs a small test of the process-wide change, and the policy template for Node.js, under other versions of
// Node.js, in one boot of a guest.
//
//   node tools/nodes.js [VERSION…]
//
// The versions come from npm.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildTests } from './build-ts.js'
import { runUnderAppArmor } from './kernel.js'
import { npmPackage } from './npm.js'
import { nodeProgram } from './node-program.js'

const VERSIONS = ['18', '20', '22', '24', '26']
const PROGRAM = 'build/test/guest/broadcast.js'
// For the versions from 20 on, run by this Node.js.
const TEMPLATES = 'build/test/guest/templates.js'
const FIRST_WITH_TEMPLATE = 20
const PROFILES = 'test/guest/profiles/process.profile'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const wanted = process.argv.slice(2)
const versions = wanted.length > 0 ? wanted : VERSIONS
const programs = versions.map(nodeProgram)
const templated = programs.filter(
  (_, i) => Number.parseInt(versions[i] ?? '') >= FIRST_WITH_TEMPLATE,
)
const npm = join(npmPackage('npm@11'), 'bin/npm-cli.js')
const steps = [
  ...programs.map((node) => [node, PROGRAM]),
  ...templated.map((node) => [process.execPath, TEMPLATES, node, npm]),
]
/** @param {readonly string[]} words */
const line = (words) => words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
buildTests()
const script = `
apparmor_parser -r -K ${PROFILES} || exit
failed=0
${steps.map((words) => `${line(words)} || { echo "not ok: status $?: ${words.at(-1)}"; failed=1; }`).join('\n')}
apparmor_parser -R -K ${PROFILES}
exit $failed`
process.exitCode = await runUnderAppArmor(['sh', '-c', script], { timeout: 1800 })
