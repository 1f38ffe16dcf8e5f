// Builds the launcher: one C file, no libc, so that a compiler and a linker are all it takes.
//
//   node tools/build-launcher.js [--arch x64|arm64] [--out DIR]
//
// The result is DIR/linux-ARCH/apparmor-launcher, DIR being build/launcher unless given. The same
// compiler makes the same bytes. The compiler is $CC, else the first that is installed.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))

const TRIPLES = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }

// One segment, readable and executable, nothing to relocate: the fewest page faults.
const FLAGS = `
  -std=gnu11 -Wall -Wextra -Werror -nostdlib -static -ffreestanding -fno-builtin -fno-pie
  -fno-stack-protector -fno-asynchronous-unwind-tables -fno-ident -s
  -Wl,-z,noexecstack,-z,noseparate-code,-z,norelro,--build-id=none
`
  .trim()
  .split(/\s+/)

/**
 * @param {'x64' | 'arm64'} arch
 * @param {string | undefined} wish
 * @returns {[command: string, ...flags: string[]]}
 */
function compilerFor(arch, wish) {
  const cross = arch !== process.arch
  const candidates = [cross ? `${TRIPLES[arch]}-gcc` : 'gcc', 'clang']
  for (const command of wish ? [wish] : candidates) {
    const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' })
    if (status !== 0) continue
    const flags = arch === 'x64' ? ['-fcf-protection=none'] : []
    if (!stdout.includes('clang')) return [command, '-Os', ...flags]
    // for the same bytes wherever it is built, this machine is named as well
    flags.push(`--target=${TRIPLES[arch]}`)
    if (cross || wish) flags.push('-fuse-ld=lld', '-Wl,--no-rosegment')
    return [command, '-Oz', ...flags]
  }
  throw new Error(`no compiler for the launcher (${arch}): set CC, or install gcc`)
}

/**
 * @param {{ arch?: string, out?: string, compiler?: string | undefined }} [options]
 * @returns {string} the path of the launcher
 */
export function buildLauncher({
  arch = process.arch,
  out = join(root, 'build/launcher'),
  compiler: wish = process.env.CC,
} = {}) {
  if (arch !== 'x64' && arch !== 'arm64') throw new Error(`the launcher does not know ${arch}`)
  const [compiler, ...flags] = compilerFor(arch, wish)
  const file = join(resolve(out), `linux-${arch}`, 'apparmor-launcher')
  mkdirSync(dirname(file), { recursive: true })
  const source = join(root, 'src/launcher/launcher.c')
  const args = [...FLAGS, ...flags, source, '-o', `${file}.new`]
  const { status, error } = spawnSync(compiler, args, { stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) throw new Error(`${compiler} ended with status ${status}`)
  writeFileSync(`${file}.new`, withoutSections(readFileSync(`${file}.new`)))
  chmodSync(`${file}.new`, 0o755)
  renameSync(`${file}.new`, file)
  return file
}

/**
 * A program for 64-bit ELF machines without what comes after its segments: the kernel reads no sections.
 *
 * @param {Buffer} elf
 */
function withoutSections(elf) {
  const [at, size, count] = [elf.readUInt32LE(0x20), elf.readUInt16LE(0x36), elf.readUInt16LE(0x38)]
  const ends = Array.from({ length: count }, (_, i) => {
    const segment = at + i * size
    return elf.readUInt32LE(segment + 0x08) + elf.readUInt32LE(segment + 0x20)
  })
  elf.fill(0, 0x28, 0x30) // where the table of sections is
  elf.fill(0, 0x3a, 0x40) // how large it is
  return elf.subarray(0, Math.max(...ends))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { arch: { type: 'string' }, out: { type: 'string' } } })
  console.log(buildLauncher(values))
}
