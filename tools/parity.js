// npm run test:parity: what differs between confined children and Node's own, under several versions of Node.js,
// in one boot of a guest.
//
//   node tools/parity.js [--kernel K] [--only TEXT] [VERSION…]
//
// The versions come from npm. --only chooses the cases that have TEXT in their names.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildTests } from './build-ts.js'
import { runWithProfiles } from './kernel.js'
import { nodeProgram } from './node-program.js'

const VERSIONS = ['20', '22', '24', '26']
const PROGRAM = 'build/test/guest/parity.js'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const { values, positionals } = parseArgs({
  options: { kernel: { type: 'string' }, only: { type: 'string', default: '' } },
  allowPositionals: true,
})
const programs = (positionals.length > 0 ? positionals : VERSIONS).map(nodeProgram)
buildTests()
const { kernel, only } = values
const commands = programs.map((node) => [node, PROGRAM, only])
process.exitCode = await runWithProfiles(['children'], commands, { kernel, timeout: 3600 })
