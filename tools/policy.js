// npm run test:policy: whether this package reads what apparmor_parser reads, and refuses what it refuses: thousands of
// mutants of a corpus, given to both. The compilers are the installed one, that of Debian 13 and that of Debian sid.
//
//   npm run test:policy [-- COUNT [SEED]]
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { newerParsers } from './apparmor-parsers.js'
import { buildTests } from './build-ts.js'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const [count = '3000', seed = '1'] = process.argv.slice(2)
buildTests()
const { status } = spawnSync(process.execPath, ['build/test/policy/agreement.test.js'], {
  env: {
    ...process.env,
    APPARMOR_PARSERS: newerParsers().join(':'),
    APPARMOR_MUTANTS: count,
    APPARMOR_SEED: seed,
  },
  stdio: 'inherit',
})
process.exitCode = status ?? 1
