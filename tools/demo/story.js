// What `npm run demo` runs, as root of a kernel that enforces AppArmor. Every answer is the kernel's.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppArmorError, availability, changeProfile, findMountpoint, getcon } from 'apparmor'
import { KernelLog } from './kernel-log.js'
import { paint } from './paint.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const PROFILE = 'docker-profile-test'
const PROFILE_FILE = `tools/demo/${PROFILE}.profile`

/** @param {string} title */
function chapter(title) {
  console.log(`\n${paint.bold(title)}`)
}

/** @param {string} path of a file of the project, shown before it runs */
function show(path) {
  const lines = readFileSync(join(root, path), 'utf8').trimEnd().split('\n')
  for (const line of lines) console.log(line && paint.cyan(`  ${line}`))
}

/** Runs a command, its output among ours. */
function run(file, ...args) {
  const { error, status } = spawnSync(file, args, { cwd: root, stdio: ['ignore', 1, 1] })
  if (error) throw error
  if (status !== 0) throw new Error(`${file} ended with status ${status}`)
}

function loadedProfiles() {
  const text = readFileSync(join(findMountpoint(), 'profiles'), 'utf8')
  return text.split('\n').filter(Boolean)
}

function sayProfiles() {
  const profiles = loadedProfiles()
  const shown = profiles.length > 5 ? profiles.filter((line) => line.startsWith(PROFILE)) : profiles
  const names = shown.length === 0 ? '' : `: ${paint.green(shown.join(', '))}`
  console.log(`profiles in the kernel: ${profiles.length}${names}`)
}

function whatIsThere() {
  chapter('1. What is enabled')
  const found = availability()
  if (!found.enabled) throw new Error(found.reason)
  console.log(`Linux ${release()}, AppArmor enabled, policy at ${found.mountpoint}`)
  console.log(`this process runs ${paint.green(getcon().label)}`)
  sayProfiles()
}

function loadProfile() {
  chapter('2. A profile: everything a container may do, but "ls" is audited and "top" denied')
  const rules = readFileSync(join(root, PROFILE_FILE), 'utf8').match(/^ .*bin.(ls|top) .*$/gm)
  for (const rule of rules ?? []) console.log(paint.cyan(rule))
  console.log(paint.dim(`$ apparmor_parser --replace ${PROFILE_FILE}`))
  run('apparmor_parser', '--replace', '--skip-cache', PROFILE_FILE)
  sayProfiles()
  console.log('Nothing runs under it yet, so top works:')
  run('bash', '-c', 'top -b -n 1 | head -n 1')
}

/** @param {KernelLog} log */
function nextProgram(log) {
  chapter('3. A Node program puts the next program it executes under the profile')
  show('tools/demo/container.js')
  log.skip()
  const script = 'PS4="# "; set -x; cat /proc/self/attr/current; ls -d /etc; top -b -n 1'
  run(process.execPath, 'tools/demo/container.js', '-c', script)
  const records = log.records().filter((record) => record.includes(`profile="${PROFILE}"`))
  console.log(paint.dim('the kernel’s log of it:'))
  for (const record of records) console.log(paint.yellow(record))
  if (records.length === 0) console.log('nothing here: is auditd running? Then: ausearch -m AVC')
}

function thisProgram() {
  const program = 'tools/demo/itself.js'
  chapter('4. A Node program puts itself under the profile')
  show(program)
  console.log(paint.dim(`$ node ${program} thread`))
  run(process.execPath, program, 'thread')
  console.log(paint.red('One thread is not the program: others go on unconfined, and do its I/O.'))
  console.log(paint.dim(`$ node ${program} process`))
  run(process.execPath, program, 'process')
}

function missingProfile() {
  chapter('5. A profile that does not exist')
  console.log(paint.cyan("  changeProfile('no-such-profile')"))
  try {
    changeProfile('no-such-profile')
  } catch (error) {
    if (!(error instanceof AppArmorError)) throw error
    console.log(paint.red(String(error)))
    const { code, errno, syscall, profile } = error
    console.log({ code, errno, syscall, profile })
  }
  console.log(`this process still runs ${paint.green(getcon().label)}`)
}

function removeProfile() {
  spawnSync('apparmor_parser', ['--remove', PROFILE_FILE], { cwd: root, stdio: 'ignore' })
}

try {
  const log = new KernelLog()
  whatIsThere()
  const wasLoaded = loadedProfiles().some((line) => line.startsWith(`${PROFILE} (`))
  try {
    loadProfile()
    nextProgram(log)
    thisProgram()
    missingProfile()
  } finally {
    if (!wasLoaded) removeProfile()
  }
} catch (error) {
  console.error(`demo: ${error.message}`)
  process.exitCode = 1
}
