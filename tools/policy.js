// npm run test:policy: whether this package reads what apparmor_parser reads, and refuses what it refuses: thousands of
// mutants of a corpus, given to both. The compilers are the installed one, that of Debian 13 and that of Debian sid.
// Then, compiled by the newest, what `decide` says of the classes that Linux 7.2 mediates and 6.1 does not.
//
//   npm run test:policy [-- COUNT [SEED]]
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { newerParsers } from './apparmor-parsers.js'
import { buildTests } from './build-ts.js'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const [count = '3000', seed = '1'] = process.argv.slice(2)
buildTests()
const parsers = newerParsers()
run(['build/test/policy/agreement.test.js'], {
  APPARMOR_PARSERS: parsers.join(':'),
  APPARMOR_MUTANTS: count,
  APPARMOR_SEED: seed,
})
run(['tools/test.js', '--kernel', '7.2', 'policy/newer_classes'], {
  APPARMOR_PARSER: parsers.at(-1) ?? '',
})

/**
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string>>} variables
 */
function run(args, variables) {
  const env = { ...process.env, ...variables }
  const { status } = spawnSync(process.execPath, args, { env, stdio: 'inherit' })
  process.exitCode ||= status ?? 1
}
