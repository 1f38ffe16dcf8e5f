import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const PROGRAM = 'build/core-tests'
const FLAGS =
  '-std=c++20 -fno-exceptions -fno-rtti -g -Wall -Wextra -Wno-unused-parameter -D_GNU_SOURCE'
const SANITIZE = '-fsanitize=address,undefined -fno-sanitize-recover=all'

/**
 * Builds the C++ tests of src/core, test/native/*.cc: one program without Node that prints TAP. With
 * sanitizers where the compiler has them and their programs run, which they do not in a user-mode kernel.
 *
 * @returns {Promise<string | null>} the program; `null` when it does not compile
 */
export async function buildCoreTests() {
  const files = ['src/core', 'src/core/direct', 'test/native'].flatMap((directory) =>
    readdirSync(directory)
      .filter((file) => /\.(cc|h)$/.test(file))
      .map((file) => join(directory, file)),
  )
  if (isNewer(PROGRAM, files)) return PROGRAM
  const compiler = process.env.CXX || 'c++'
  const flags = [...FLAGS.split(' '), ...sanitizers(compiler), '-Isrc']
  const sources = files.filter((file) => file.endsWith('.cc'))
  const args = [...flags, '-o', PROGRAM, ...sources, '-lapparmor', '-pthread']
  const [status] = await once(spawn(compiler, args, { stdio: ['ignore', 2, 2] }), 'close')
  return status === 0 ? PROGRAM : null
}

/**
 * @param {string} program
 * @param {string[]} files
 */
function isNewer(program, files) {
  const built = statSync(program, { throwIfNoEntry: false })?.mtimeMs ?? 0
  return files.every((file) => statSync(file).mtimeMs < built)
}

/**
 * @param {string} compiler
 * @returns {string[]} its flags; none where they are of no use
 */
export function sanitizers(compiler) {
  mkdirSync('build', { recursive: true })
  const program = 'build/sanitizers-probe'
  writeFileSync(`${program}.cc`, 'int main() {}\n')
  const flags = SANITIZE.split(' ')
  const { status } = spawnSync(compiler, [...flags, '-o', program, `${program}.cc`])
  return status === 0 && spawnSync(program).status === 0 ? flags : []
}
