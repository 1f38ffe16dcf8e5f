// npm run test:runtimes: confined children under Bun and Deno, in one boot of a guest. Both are npm's packages
// of the programs themselves, kept in the user's cache.
//
//   node tools/runtimes.js [--kernel K]
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { cacheDirectory } from './cache.js'
import { runUnderAppArmor } from './kernel.js'

const PACKAGES = { '@oven/bun-linux-x64': 'bin/bun', '@deno/linux-x64-glibc': 'deno' }
const PROFILES = 'test/guest/profiles/children.profile'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const { values } = parseArgs({ options: { kernel: { type: 'string' } } })
if (values.kernel !== undefined) {
  Object.assign(process.env, { APPARMOR_GUEST: 'always', APPARMOR_GUEST_KERNEL: values.kernel })
}

const cache = cacheDirectory('apparmor-runtimes')
mkdirSync(cache, { recursive: true })
const programs = Object.entries(PACKAGES).map(([name, file]) => {
  const program = join(cache, 'node_modules', name, file)
  if (!existsSync(program)) {
    const options = ['--prefix', cache, '--no-audit', '--no-fund', '--ignore-scripts']
    execFileSync('npm', ['install', ...options, name], { stdio: ['ignore', 2, 2] })
  }
  return program
})
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'test/tsconfig.json'], {
  stdio: ['ignore', 2, 2],
})

const script = `
apparmor_parser -r -K ${PROFILES} || exit
export DENO_DIR=/tmp/deno
failed=0
for command; do
  timeout 120 $command build/test/guest/runtime.js || { echo "not ok: $command: status $?"; failed=1; }
done
apparmor_parser -R -K ${PROFILES}
exit $failed`
const [bun, deno] = programs
const commands = [process.execPath, `${bun} run`, `${deno} run --quiet --allow-all`]
process.exitCode = await runUnderAppArmor(['sh', '-c', script, 'sh', ...commands], { timeout: 600 })
