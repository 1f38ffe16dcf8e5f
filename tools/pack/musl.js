// The musl binaries under hosts that are built with musl: Bun, and for x64 Node.js as well. npm has both, Debian
// has musl. They share Debian's libstdc++, which is built for glibc: musl's loader takes the name libc.so.6 for
// its own, and what musl lacks is in musl-glibc.c.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheDirectory } from '../cache.js'
import { unpackPackages } from '../debian.js'
import { npmPackage } from '../npm.js'
import { sysroot } from '../prebuild/fetch.js'
import { QEMU } from './machines.js'
import { run } from './projects.js'

/** @typedef {import('../prebuild/targets.js').Target} Target */

const GLIBC = fileURLToPath(new URL('musl-glibc.c', import.meta.url))

/** By this name libstdc++ for x64 asks for one of glibc's parts. */
const SHIM = 'ld-linux-x86-64.so.2'

/** pnpm's program is Node.js with pnpm inside, and what follows these letters says whether that runs. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:'

const BUN = { x64: '@oven/bun-linux-x64-musl@1.4.5', arm64: '@oven/bun-linux-aarch64-musl@1.4.5' }
const PNPM = '@pnpm/linuxstatic-x64@11.21.0'

const PROGRAM = `
import assert from 'node:assert/strict'
import * as node from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availability, changeProfile, isEnabled } from 'apparmor'
import { spawnSync } from 'apparmor/child_process'

const binaries = readFileSync('/proc/self/maps', 'latin1').match(/[^/]*\\/apparmor\\.\\w+\\.node$/gm)
assert.deepEqual([...new Set(binaries)], [\`linux-\${process.arch}/apparmor.musl.node\`])
assert.equal(createRequire(import.meta.url)('apparmor').isEnabled, isEnabled)

const { enabled, code } = availability()
assert.equal(isEnabled(), enabled)
assert.throws(() => changeProfile(1), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
const missing = 'apparmor-test-missing'
const refused = { name: 'AppArmorError', code: enabled ? 'ENOENT' : code }
assert.throws(() => changeProfile(missing), refused)

const echo = (spawnSync, options) => spawnSync('echo', ['ran'], { ...options, encoding: 'utf8' }).stdout
assert.equal(echo(node.spawnSync), 'ran\\n')
try {
  assert.equal(echo(spawnSync, { profile: missing }), '') // the kernel cannot execute an emulated launcher
} catch (error) {
  assert.equal(error.name, 'AppArmorError')
}
const { bun, node: version } = process.versions
console.log(bun ? \`Bun \${bun}\` : \`Node \${version}\`)
`

/**
 * The commands that run a program with musl, each up to the program's name.
 *
 * @param {string} work a directory to keep files in
 * @param {Target} target
 * @returns {Promise<string[][]>}
 */
export async function muslHosts(work, { arch, debian, triple, gnu }) {
  const tree = await sysroot(debian)
  const musl = join(tree, 'lib', triple)
  mkdirSync(work, { recursive: true })
  const shim = join(work, SHIM)
  const flags = `--target=${triple} -nostdinc -nostdlib -fuse-ld=lld -shared -fPIC -O -Wl,-z,defs`
  const headers = join(tree, 'usr/include', triple)
  const files = ['-isystem', headers, GLIBC, `-L${musl}`, '-lc', '-o', shim]
  run('clang', [...flags.split(' '), ...files], work)
  const cpp = unpackPackages(
    join(cacheDirectory('apparmor-musl'), debian),
    'trixie',
    ['libstdc++6', 'libgcc-s1'],
    { architectures: [debian] },
  )
  const host = (/** @type {string} */ program) => [
    'env',
    'LIBC=musl', // as docs/install.md says it, for what is not Alpine
    ...(arch === process.arch ? [] : [QEMU]),
    join(musl, 'libc.so'), // the loader, too
    '--preload',
    shim,
    '--library-path',
    `${work}:${join(cpp, 'usr/lib', gnu)}`,
    program,
  ]
  const hosts = [host(join(npmPackage(BUN[arch], options(arch)), 'bin/bun'))]
  return arch === 'x64' ? [...hosts, host(nodeOf(work))] : hosts
}

/** @param {string} arch */
const options = (arch) => ['--force', `--cpu=${arch}`, '--libc=musl']

/**
 * @param {string} work
 * @returns {string} the program
 */
function nodeOf(work) {
  const program = readFileSync(join(npmPackage(PNPM, options('x64')), 'pnpm'))
  const place = program.indexOf(`${FUSE}1`)
  if (place < 0) throw new Error(`${PNPM} is no Node.js`)
  program.write('0', place + FUSE.length)
  const node = join(work, 'node')
  writeFileSync(node, program)
  return node
}

/**
 * The installed package under one of them.
 *
 * @param {string} project
 * @param {readonly string[]} host
 * @returns {string} which it is
 */
export function runMusl(project, [command = '', ...args]) {
  writeFileSync(join(project, 'musl.mjs'), PROGRAM)
  return run(command, [...args, 'musl.mjs'], project).trim()
}
