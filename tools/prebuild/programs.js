// The programs that make the binaries, and what to install when one is missing.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { hasDebianKeys } from '../debian.js'

/** By the Debian package that has them. */
const PROGRAMS = {
  clang: ['clang', 'clang++'],
  lld: ['ld.lld'],
  llvm: ['llvm-ar', 'llvm-objcopy'],
  binutils: ['readelf'],
  make: ['make'],
  'pkg-config': ['pkg-config'],
  python3: ['python3'],
  apt: ['apt-get'],
  dpkg: ['dpkg-deb'],
  tar: ['tar'],
}

/** Throws when something is missing: what, and how it is installed. */
export function checkPrograms() {
  const missing = Object.entries(PROGRAMS).filter(([, names]) => !names.every(isInstalled))
  const packages = missing.map(([name]) => name)
  if (!hasDebianKeys()) packages.push('debian-archive-keyring')
  if (packages.length === 0) return
  throw new Error(`the prebuilt binaries are made on Debian 12, with what is missing here:
  apt-get install --no-install-recommends ${packages.join(' ')}`)
}

/** @param {string} name */
function isInstalled(name) {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string> }} [options]
 * @returns {Promise<string>} what it wrote to stdout
 */
export async function run(command, args, options = {}) {
  const env = { ...process.env, LC_ALL: 'C', SOURCE_DATE_EPOCH: '0', ...options.env }
  const child = spawn(command, args, { ...options, env, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text))
  const [status, signal] = await once(child, 'close')
  if (status !== 0) throw new Error(`${command} ended with ${signal ?? `status ${status}`}`)
  return output
}
