// Compilers of policy beside the installed one: those of Debian 13 and of Debian sid.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory } from './cache.js'
import { unpackPackages } from './debian.js'

const PACKAGES = ['apparmor', 'libapparmor1', 'libc6', 'libgcc-s1', 'libstdc++6', 'libzstd1']
const LIBRARIES = 'usr/lib/x86_64-linux-gnu'
const SUITES = ['trixie', 'sid']

/** @returns {readonly string[]} programs that run an apparmor_parser with its libraries, the older one first */
export const newerParsers = () => SUITES.map(parserOf)

/** @param {string} suite of Debian */
function parserOf(suite) {
  const root = unpackPackages(join(cacheDirectory('apparmor-parsers'), suite), suite, PACKAGES)
  const libraries = join(root, LIBRARIES)
  const loader = join(libraries, 'ld-linux-x86-64.so.2')
  const program = join(process.cwd(), 'build/parsers', suite)
  mkdirSync('build/parsers', { recursive: true })
  const command = `exec ${loader} --library-path ${libraries} ${root}/usr/sbin/apparmor_parser "$@"`
  writeFileSync(program, `#!/bin/sh\n${command}\n`)
  chmodSync(program, 0o755)
  return program
}
