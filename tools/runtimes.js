// npm run test:runtimes: confined children under Bun and Deno, in one boot of a guest. Both are npm's packages
// of the programs themselves, kept in the user's cache.
//
//   node tools/runtimes.js [--kernel K]
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildTests } from './build-ts.js'
import { runUnderAppArmor } from './kernel.js'
import { npmPackage } from './npm.js'

const PROGRAMS = /** @type {const} */ ([
  ['@oven/bun-linux-x64', 'bin/bun'],
  ['@deno/linux-x64-glibc', 'deno'],
])
const PROFILES = 'test/guest/profiles/children.profile'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const { values } = parseArgs({ options: { kernel: { type: 'string' } } })
if (values.kernel !== undefined) {
  Object.assign(process.env, { APPARMOR_GUEST: 'always', APPARMOR_GUEST_KERNEL: values.kernel })
}

const [bun, deno] = PROGRAMS.map(([name, file]) => join(npmPackage(name), file))
buildTests()

const script = `
apparmor_parser -r -K ${PROFILES} || exit
export DENO_DIR=/tmp/deno
failed=0
for command; do
  timeout 120 $command build/test/guest/runtime.js || { echo "not ok: $command: status $?"; failed=1; }
done
apparmor_parser -R -K ${PROFILES}
exit $failed`
const commands = [process.execPath, `${bun} run`, `${deno} run --quiet --allow-all`]
process.exitCode = await runUnderAppArmor(['sh', '-c', script, 'sh', ...commands], { timeout: 600 })
