// Runs a small test of the process-wide change under other versions of Node.js, in one boot of a guest.
//
//   node tools/nodes.js [VERSION…]
//
// The versions come from npm.
import { fileURLToPath } from 'node:url'
import { buildTests } from './build-ts.js'
import { runWithProfiles } from './kernel.js'
import { nodeProgram } from './node-program.js'

const VERSIONS = ['18', '20', '22', '24', '26']
const PROGRAM = 'build/test/guest/broadcast.js'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const wanted = process.argv.slice(2)
const programs = (wanted.length > 0 ? wanted : VERSIONS).map(nodeProgram)
buildTests()
const commands = programs.map((node) => [node, PROGRAM])
process.exitCode = await runWithProfiles(['process'], commands, { timeout: 900 })
