// Builds from source: the addon against the system's libapparmor, build/Release/apparmor.node, and the
// launcher of confined children.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildLauncher } from './build-launcher.js'

const root = fileURLToPath(new URL('..', import.meta.url))

/** npm brings a node-gyp of its own and names it to install scripts; a checkout has one as a dependency. */
function nodeGyp() {
  if (process.env.npm_config_node_gyp) return process.env.npm_config_node_gyp
  return createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js')
}

/** Node's headers are often installed beside it; then nothing needs to be downloaded. */
function nodedir() {
  if (process.env.npm_config_nodedir) return []
  const prefix = resolve(dirname(process.execPath), '..')
  return existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : []
}

/** @returns {boolean} whether it was built */
export function buildNative() {
  const args = [nodeGyp(), 'configure', 'build', '--silent', ...nodedir()]
  if (spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status !== 0) return false
  try {
    buildLauncher() // after node-gyp, which may empty the directory
    return true
  } catch (error) {
    console.error(`apparmor: ${/** @type {Error} */ (error).message}`)
    return false
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = buildNative() ? 0 : 1
