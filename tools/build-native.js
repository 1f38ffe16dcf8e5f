#!/usr/bin/env node
// Builds from source, in this package's own directory: the addon, linked with the system's libapparmor,
// and the launcher of confined children. An installed package has this as the command apparmor-build.
import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildLauncher } from './build-launcher.js'

const root = fileURLToPath(new URL('..', import.meta.url))

const HELP = `
apparmor: it could not be built here. What a build needs:
  Debian, Ubuntu  apt install g++ make python3 pkg-config libapparmor-dev
  Fedora          dnf install gcc-c++ make python3 pkgconf libapparmor-devel
  openSUSE        zypper install gcc-c++ make python3 pkgconf libapparmor-devel
  Arch            pacman -S base-devel python apparmor
  Alpine          apk add g++ make python3 pkgconf libapparmor-dev
and Node's headers: without a network, npm_config_nodedir names a directory that has include/node.
`

/**
 * The command that runs node-gyp: the one that npm names to what it runs, else a dependency, else the
 * one inside the npm that came with Node, else npm's registry.
 *
 * @returns {string[]}
 */
function nodeGyp() {
  const inside = 'node_modules/node-gyp/bin/node-gyp.js'
  const program = [
    process.env.npm_config_node_gyp,
    resolved('node-gyp/bin/node-gyp.js'),
    join(prefix, 'lib/node_modules/npm', inside),
  ].find((file) => file !== undefined && existsSync(file))
  if (program) return [process.execPath, program]
  return ['npm', 'exec', '--yes', '--package=node-gyp@12', '--', 'node-gyp']
}

const prefix = resolve(dirname(realpathSync(process.execPath)), '..')

/** @param {string} file of a dependency */
function resolved(file) {
  try {
    return createRequire(import.meta.url).resolve(file)
  } catch {
    return undefined // an installed package has none
  }
}

/** Node's headers are often installed beside it; then nothing needs to be downloaded. */
function nodedir() {
  if (process.env.npm_config_nodedir) return []
  return existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : []
}

/** @returns {boolean} whether it was built */
export function buildNative() {
  const [command = '', ...args] = [
    ...nodeGyp(),
    'configure',
    'build',
    '--loglevel=error',
    ...nodedir(),
  ]
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (error) console.error(`apparmor: ${command}: ${error.message}`)
  if (status !== 0) return false
  try {
    buildLauncher() // after node-gyp, which may empty the directory
    return true
  } catch (error) {
    console.error(`apparmor: ${/** @type {Error} */ (error).message}`)
    return false
  }
}

/** @returns {number} the exit status */
function main() {
  if (process.platform !== 'linux') {
    console.log(`apparmor: nothing is built on ${process.platform}: AppArmor exists on Linux only`)
    return 0
  }
  if (!buildNative()) {
    process.stderr.write(HELP)
    return 1
  }
  console.log(`apparmor: built ${join(root, 'build/Release/apparmor.node')}`)
  return 0
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = main()
}
