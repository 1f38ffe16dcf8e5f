// npm run test:parsers: what lint says of compilers, held against each of them: the installed apparmor_parser, that of
// Debian 13 and that of Debian sid.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildTests } from './build-ts.js'
import { cacheDirectory } from './cache.js'
import { unpackPackages } from './debian.js'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const PACKAGES = ['apparmor', 'libapparmor1', 'libc6', 'libgcc-s1', 'libstdc++6', 'libzstd1']
const LIBRARIES = 'usr/lib/x86_64-linux-gnu'

/**
 * @param {string} suite of Debian
 * @returns {string} a program that runs its apparmor_parser with its libraries
 */
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

buildTests()
for (const parser of [undefined, parserOf('trixie'), parserOf('sid')]) {
  const env = { ...process.env }
  delete env.APPARMOR_PARSER
  if (parser !== undefined) env.APPARMOR_PARSER = parser
  const { status, stdout } = spawnSync(process.execPath, ['build/test/policy/lint/lint.test.js'], {
    env,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  })
  const [version = ''] = /apparmor_parser [\d.]+/.exec(stdout) ?? []
  const [counts = ''] = /^# (?=\{ total).*$/m.exec(stdout) ?? []
  console.log(`${version} ${counts}`)
  if (status === 0) continue
  process.exitCode = 1
  console.log(stdout)
}
