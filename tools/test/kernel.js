// Runs kernel tests where it is started, as root: in a guest, or on a machine that has AppArmor.
//
//   node tools/test/kernel.js [--clean | --bare] FILE…
//
// Loads the profiles of the tests first; --clean removes them at the end, --bare does without. Writes
// one line of JSON for each file: what run-file.js calls Ended.
import { execFileSync } from 'node:child_process'
import { accessSync, constants, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { nameOf, runFile } from './run-file.js'

const PROFILES = 'test/guest/profiles'
const INTERFACE = '/sys/kernel/security/apparmor'
const NAMESPACES = `${INTERFACE}/policy/namespaces`
const PREFIX = 'apparmor-test-'
const FILE_TIMEOUT = 600

const { values, positionals } = parseArgs({
  options: { bare: { type: 'boolean' }, clean: { type: 'boolean' } },
  allowPositionals: true,
})

/** @param {'-r' | '-R'} how */
function parser(how) {
  const files = readdirSync(PROFILES).filter((file) => file.endsWith('.profile'))
  const paths = files.map((file) => join(PROFILES, file))
  execFileSync('apparmor_parser', [how, '-K', ...paths], { stdio: ['ignore', 'ignore', 'inherit'] })
}

function load() {
  try {
    accessSync(join(INTERFACE, '.replace'), constants.W_OK)
  } catch (error) {
    throw new Error('this kernel does not let us load AppArmor policy', { cause: error })
  }
  parser('-r')
}

function clean() {
  parser('-R')
  for (const name of readdirSync(NAMESPACES)) {
    if (name.startsWith(PREFIX)) rmdirSync(join(NAMESPACES, name))
  }
}

if (!values.bare) load()
try {
  for (const file of positionals) {
    const ended = await runFile(nameOf(file), [process.execPath, file], FILE_TIMEOUT)
    process.stdout.write(`${JSON.stringify(ended)}\n`)
  }
} finally {
  if (values.clean) clean()
}
