// Runs a small test of the process-wide change, and the policy template for Node.js, under other versions of
// Node.js, in one boot of a guest.
//
//   node tools/nodes.js [VERSION…]
//
// The versions come from npm.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildTests } from './build-ts.js'
import { runWithProfiles } from './kernel.js'
import { nodeProgram } from './node-program.js'
import { npmPackage } from './npm.js'

const VERSIONS = ['18', '20', '22', '24', '26']
const PROGRAM = 'build/test/guest/broadcast.js'
// For the versions from 20 on, run by this Node.js.
const TEMPLATES = 'build/test/guest/templates.js'
const FIRST_WITH_TEMPLATE = 20

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const wanted = process.argv.slice(2)
const versions = wanted.length > 0 ? wanted : VERSIONS
const templated = versions.filter((version) => Number.parseInt(version) >= FIRST_WITH_TEMPLATE)
const npm = join(npmPackage('npm@11'), 'bin/npm-cli.js')
buildTests()
const commands = [
  ...versions.map((version) => [nodeProgram(version), PROGRAM]),
  ...templated.map((version) => [process.execPath, TEMPLATES, nodeProgram(version), npm]),
]
process.exitCode = await runWithProfiles(['process'], commands, { timeout: 1800 })
