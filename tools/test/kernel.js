// Runs kernel tests where it is started, as root: in a guest, or on a machine that has AppArmor.
//
//   node tools/test/kernel.js [--clean | --bare] FILE…
//
// Loads the profiles of the tests first; --bare does without. --clean is for a kernel that others use:
// it refuses when profiles of the tests are there already, and removes them all at the end; with no
// FILE it only removes them. Writes one line of JSON for each file: what run-file.js calls Ended.
import { execFileSync } from 'node:child_process'
import { accessSync, constants, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { nameOf, runFile } from './run-file.js'

const PROFILES = 'test/guest/profiles'
const INTERFACE = '/sys/kernel/security/apparmor'
const LOADED = `${INTERFACE}/policy/profiles`
const NAMESPACES = `${INTERFACE}/policy/namespaces`
const PREFIX = 'apparmor-test-'
const FILE_TIMEOUT = 600

const { values, positionals } = parseArgs({
  options: { bare: { type: 'boolean' }, clean: { type: 'boolean' } },
  allowPositionals: true,
})

function checkAccess() {
  try {
    accessSync(join(INTERFACE, '.replace'), constants.W_OK)
  } catch (error) {
    throw new Error('this kernel does not let us load AppArmor policy', { cause: error })
  }
}

function load() {
  const files = readdirSync(PROFILES).filter((file) => file.endsWith('.profile'))
  const paths = files.map((file) => join(PROFILES, file))
  execFileSync('apparmor_parser', ['-r', '-K', ...paths], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

/** The names of the tests' profiles that the kernel has; not every name is UTF-8, nor one line. */
function ours() {
  return readdirSync(LOADED, 'latin1')
    .map((profile) => nameIn(Buffer.from(join(LOADED, profile, 'name'), 'latin1')))
    .filter((name) => name.includes(PREFIX))
}

/** @param {Buffer} file */
function nameIn(file) {
  try {
    return readFileSync(file, 'latin1').slice(0, -1)
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return '' // removed meanwhile
    throw error
  }
}

function refuseOthers() {
  const others = ours()
  if (others.length === 0) return
  throw new Error(
    `${others.length} profiles of the tests are in this kernel already: another run is under way, or ` +
      'one was killed; `node tools/test/kernel.js --clean` removes them',
  )
}

function clean() {
  for (const name of ours()) {
    try {
      writeFileSync(join(INTERFACE, '.remove'), name, 'latin1')
    } catch (error) {
      const { code } = /** @type {NodeJS.ErrnoException} */ (error)
      if (code !== 'ENOENT') throw error // its own test, which ends at this moment, has removed it
    }
  }
  for (const name of readdirSync(NAMESPACES)) {
    if (name.startsWith(PREFIX)) rmdirSync(join(NAMESPACES, name))
  }
}

if (!values.bare) checkAccess()
if (values.clean) {
  if (positionals.length > 0) refuseOthers()
  process.on('exit', clean)
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
}
if (!values.bare && positionals.length > 0) load()
for (const file of positionals) {
  const ended = await runFile(nameOf(file), [process.execPath, file], FILE_TIMEOUT)
  process.stdout.write(`${JSON.stringify(ended)}\n`)
}
