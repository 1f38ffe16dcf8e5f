import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const PROGRAM = 'build/core-tests'
const FLAGS = [
  '-std=c++20',
  '-fno-exceptions',
  '-fno-rtti',
  '-g',
  '-Wall',
  '-Wextra',
  '-D_GNU_SOURCE',
]
const SANITIZE = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all']

/**
 * Builds the C++ tests of src/core, test/native/*.cc: one program without Node that prints TAP. With
 * sanitizers where the compiler has them.
 *
 * @returns {Promise<string | null>} the program; `null` when it does not compile
 */
export async function buildCoreTests() {
  const compiler = process.env.CXX || 'c++'
  const sources = ['src/core', 'test/native'].flatMap((directory) =>
    readdirSync(directory)
      .filter((file) => file.endsWith('.cc'))
      .map((file) => join(directory, file)),
  )
  mkdirSync('build', { recursive: true })
  const sanitize = canSanitize(compiler) ? SANITIZE : []
  const args = [...FLAGS, ...sanitize, '-Isrc', '-o', PROGRAM, ...sources, '-lapparmor', '-pthread']
  const [status] = await once(spawn(compiler, args, { stdio: ['ignore', 2, 2] }), 'close')
  return status === 0 ? PROGRAM : null
}

/** @param {string} compiler */
function canSanitize(compiler) {
  const program = 'build/sanitized'
  writeFileSync(`${program}.cc`, 'int main() {}\n')
  const { status } = spawnSync(compiler, [...SANITIZE, '-o', program, `${program}.cc`])
  return status === 0
}
