// libFuzzer over the parsers of src/core, one program for each file of test/native/fuzz/, with
// AddressSanitizer and UndefinedBehaviorSanitizer: npm run check:fuzz [-- SECONDS]
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { need } from './programs.js'

const DIRECTORY = 'test/native/fuzz'
const WORK = 'build/fuzz'
const FLAGS =
  '-std=c++20 -fno-exceptions -fno-rtti -g -O1 -D_GNU_SOURCE -Isrc -fno-sanitize-recover=all'.split(
    ' ',
  )

mkdirSync(WORK, { recursive: true })
const probe = join(WORK, 'probe.cc')
writeFileSync(
  probe,
  'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }',
)
const sanitize = (/** @type {string} */ fuzzer) => `-fsanitize=${fuzzer},address,undefined`
need('clang++', 'clang')
need('clang++', 'libclang-rt-14-dev', [sanitize('fuzzer'), probe, '-o', join(WORK, 'probe')])

/** @param {readonly string[]} args */
function compile(...args) {
  const { status } = spawnSync('clang++', [...FLAGS, ...args], { stdio: 'inherit' })
  if (status !== 0) throw new Error('does not compile')
}

const seconds = Number(process.argv[2] ?? 20)
const core = readdirSync('src/core', { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.cc'),
)
const objects = core.map((file) => {
  const object = join(WORK, `${basename(file)}.o`)
  compile(sanitize('fuzzer-no-link'), '-c', join('src/core', file), '-o', object)
  return object
})
for (const file of readdirSync(DIRECTORY)) {
  const name = basename(file, '.cc')
  const program = join(WORK, name)
  compile(sanitize('fuzzer'), join(DIRECTORY, file), ...objects, '-lapparmor', '-o', program)
  const corpus = join(WORK, `${name}.corpus`)
  mkdirSync(corpus, { recursive: true })
  const options = [`-max_total_time=${seconds}`, '-max_len=8192', `-artifact_prefix=${WORK}/`]
  const { status, stderr } = spawnSync(program, [...options, corpus], { encoding: 'utf8' })
  if (status !== 0) {
    process.stderr.write(stderr)
    process.exit(1)
  }
  const runs = /Done (\d+) runs/.exec(stderr)?.[1]
  console.log(`${name}: ${runs} runs in ${seconds} s, no finding`)
}
