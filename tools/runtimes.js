// npm run test:runtimes: confined children under Bun and Deno, in one boot of a guest. Both are npm's packages
// of the programs themselves, kept in the user's cache.
//
//   node tools/runtimes.js [--kernel K]
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildTests } from './build-ts.js'
import { runWithProfiles } from './kernel.js'
import { npmPackage } from './npm.js'

const PROGRAMS = /** @type {const} */ ([
  ['@oven/bun-linux-x64', 'bin/bun'],
  ['@deno/linux-x64-glibc', 'deno'],
])

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const { values } = parseArgs({ options: { kernel: { type: 'string' } } })

const [bun, deno] = PROGRAMS.map(([name, file]) => join(npmPackage(name), file))
buildTests()

const runtimes = [[process.execPath], [bun, 'run'], [deno, 'run', '--quiet', '--allow-all']]
const limits = ['env', 'DENO_DIR=/tmp/deno', 'timeout', '120']
const commands = runtimes.map((runtime) => [...limits, ...runtime, 'build/test/guest/runtime.js'])
process.exitCode = await runWithProfiles(['children'], commands, {
  kernel: values.kernel,
  timeout: 600,
})
