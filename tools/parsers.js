// npm run test:parsers: what lint says of compilers, held against each of them: the installed apparmor_parser, that of
// Debian 13 and that of Debian sid.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { newerParsers } from './apparmor-parsers.js'
import { buildTests } from './build-ts.js'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

buildTests()
for (const parser of [undefined, ...newerParsers()]) {
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
