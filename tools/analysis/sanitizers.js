// AddressSanitizer, UndefinedBehaviorSanitizer and LeakSanitizer over the core's C++ tests and over the
// addon in Node, and valgrind over the addon where it is installed: npm run check:sanitizers
//
// The addon is built with them in build/sanitized/. Node itself is not, so their run-time libraries come in
// by LD_PRELOAD. test/guest/everything.js is what runs: on this machine, and with --guest in a guest with
// AppArmor (kernel 7.2: the address space of older ones has no room for the sanitizer's).
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildTests } from '../build-ts.js'
import { runGuest } from '../guest/guest.js'
import { buildCoreTests, sanitizers } from '../test/core.js'

const WORK = resolve('build/sanitized')
const PLACE = join(WORK, 'node_modules/apparmor')
const HEADERS = 'node_modules/node-addon-api'
const SOURCES = ['src', HEADERS, 'binding.gyp', 'package.json', 'dist', 'tools']
const FLAGS = '-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g'
const PROGRAM = join(WORK, 'test/guest/everything.js')

const { values } = parseArgs({ options: { guest: { type: 'boolean' } } })
let failed = 0

/** @param {string} text */
const isOurs = (text) => /direct leak/i.test(text) && text.includes('apparmor.node')

/**
 * @param {string} what
 * @param {number | null} status
 * @param {string} said
 */
function conclude(what, status, said) {
  if (status !== 0) failed++
  console.log(`${status === 0 ? '✓' : '✗'} ${what}: ${said.trim().split('\n').at(-1)}`)
  if (status !== 0) process.stderr.write(said)
}

if (sanitizers(process.env.CXX || 'c++').length === 0)
  throw new Error('the compiler has no sanitizers')
rmSync('build/core-tests', { force: true }) // it may be one from before there were any
const core = await buildCoreTests()
if (core === null) throw new Error('the C++ tests do not compile')
const ran = spawnSync(core, { encoding: 'utf8' })
conclude('C++ tests, sanitized', ran.status, ran.stderr + ran.stdout)

buildTests()
rmSync(WORK, { recursive: true, force: true })
mkdirSync(PLACE, { recursive: true })
for (const source of SOURCES) cpSync(source, join(PLACE, source), { recursive: true })
cpSync('build/test', join(WORK, 'test'), { recursive: true })
writeFileSync(join(WORK, 'package.json'), '{ "name": "user", "type": "module" }\n')
const build = spawnSync(process.execPath, ['tools/build-native.js'], {
  cwd: PLACE,
  env: { ...process.env, CXXFLAGS: FLAGS, LDFLAGS: FLAGS },
  stdio: ['ignore', 2, 2],
})
if (build.status !== 0) throw new Error('the addon does not compile with sanitizers')

const library = (/** @type {string} */ name) =>
  execFileSync('c++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim()
const env = {
  ...process.env,
  ...options(),
  LD_PRELOAD: `${library('libasan.so')} ${library('libubsan.so')}`,
}

function options() {
  return {
    ASAN_OPTIONS: 'detect_leaks=1:exitcode=99',
    UBSAN_OPTIONS: 'print_stacktrace=1',
    LSAN_OPTIONS: 'exitcode=0',
  }
}

const node = spawnSync(process.execPath, [PROGRAM], { encoding: 'utf8', env, maxBuffer: 1 << 28 })
// Node leaves memory of OpenSSL's behind when it ends; what the addon allocated has it in the stack.
const leaks = node.stderr.split(/^(?=(?:Ind|D)irect leak)/m).filter(isOurs)
conclude(
  'the addon in Node, sanitized',
  leaks.length > 0 ? 1 : node.status,
  node.status === 0 ? leaks.join('') + node.stdout : node.stderr,
)

if (values.guest) {
  // Leaks are looked for by a tracer, which user-mode Linux does not let finish.
  const { status, failure } = await runGuest([process.execPath, PROGRAM], {
    env: { ...env, ASAN_OPTIONS: 'detect_leaks=0:exitcode=99' },
    kernel: '7.2',
    timeout: 600,
  })
  conclude('the same under AppArmor', status, failure ?? `status ${status}`)
}

if (existsSync('/usr/bin/valgrind')) {
  const args = ['--error-exitcode=99', '--quiet', process.execPath, '--jitless']
  const plain = PROGRAM.replace('build/sanitized/', 'build/')
  const { status, stderr, stdout } = spawnSync('valgrind', [...args, plain], { encoding: 'utf8' })
  conclude('the addon under valgrind', status, stderr + stdout)
} else {
  console.log('! valgrind is not installed: not run')
}
process.exitCode = failed === 0 ? 0 : 1
