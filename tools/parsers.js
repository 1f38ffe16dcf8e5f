// npm run test:parsers: what is said of compilers, held against each that Debian has: the installed apparmor_parser, that
// of Debian 13 and that of Debian sid. It prints a line for each: what `lint` says that it makes of policy, and what its
// messages become. A version that is not there, or that says something else, fails.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { newerParsers } from './apparmor-parsers.js'
import { buildTests } from './build-ts.js'

const TESTS = ['lint/lint', 'compile/messages']

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

buildTests()
const seen = new Set()
for (const parser of [undefined, ...newerParsers()]) {
  const env = { ...process.env }
  delete env.APPARMOR_PARSER
  if (parser !== undefined) env.APPARMOR_PARSER = parser
  const runs = TESTS.map((name) => ({ name, ...run(name, env) }))
  const [version = `no version of ${parser ?? 'the installed parser'}`] = runs.map(
    ({ version }) => version,
  )
  console.log(
    `apparmor_parser ${version}: ${runs.map(({ name, counts }) => `${name} ${counts}`).join(', ')}`,
  )
  const failed = runs.filter(({ status, counts }) => status !== 0 || counts === undefined)
  for (const { output } of failed) console.log(output)
  if (failed.length > 0 || seen.has(version)) process.exitCode = 1
  if (seen.has(version)) console.log(`${version} twice: ${parser} is not the version it is for`)
  seen.add(version)
}

/**
 * @param {string} name of a test
 * @param {NodeJS.ProcessEnv} env
 */
function run(name, env) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [`build/test/policy/${name}.test.js`],
    { env, encoding: 'utf8', maxBuffer: 64 << 20 },
  )
  return {
    status,
    version: /^# apparmor_parser ([\d.]+)/m.exec(stdout)?.[1],
    counts: /^# (?=\{ total).*$/m.exec(stdout)?.[0].slice(2),
    output: stdout + stderr,
  }
}
