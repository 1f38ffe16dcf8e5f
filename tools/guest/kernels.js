#!/usr/bin/env node
import { execFileSync } from 'node:child_process'
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheDirectory } from '../cache.js'
import { downloadPackages, hasDebianKeys } from '../debian.js'
import { PROGRAM as QEMU, makeInitramfs } from './qemu.js'

const PROGRAM = '/usr/bin/linux.uml'
const MODULES = '/usr/lib/uml/modules'

/** Debian's releases, by the kernel in their package user-mode-linux. */
const SUITES = /** @type {Record<string, string>} */ ({
  6.1: 'bookworm',
  6.12: 'trixie',
  7.2: 'sid',
})

/** The kernel for a machine with two processors, and the suite that it comes from. */
const SMP = 'smp'
const SMP_SUITE = 'bookworm'

/** Something for the user to put right: the message says how. */
export class GuestError extends Error {}

/**
 * @typedef {UserModeKernel | EmulatedKernel} Kernel
 */

/**
 * @typedef {object} EmulatedKernel runs in QEMU
 * @property {string} image
 * @property {string} initramfs
 */

/**
 * @typedef {object} UserModeKernel
 * @property {string} program
 * @property {string} modules a directory with one directory of modules for each release
 * @property {string} root the directory to start it in: its interpreter may be a relative path
 * @property {string | null} libraries the C library it needs, when that is not the host's
 */

/**
 * @param {string} [name] a version, or the path of a program; default: the installed one
 * @returns {Kernel}
 */
export function findKernel(name) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new GuestError(
      `the guest runs on x86-64 Linux only, and this is ${process.platform} on ${process.arch}`,
    )
  }
  if (name === undefined) {
    if (isExecutable(PROGRAM)) return installedKernel(PROGRAM, MODULES)
    throw new GuestError(
      'no user-mode kernel: on Debian or Ubuntu, `sudo apt-get install user-mode-linux`',
    )
  }
  if (name.includes('/')) {
    const program = resolve(name)
    if (!isExecutable(program)) throw new GuestError(`no kernel at ${program}`)
    return installedKernel(program, join(dirname(program), '../lib/uml/modules'))
  }
  if (name === SMP && existsSync(join(cache(), SMP))) return emulatedKernel()
  if (existsSync(join(cache(), name, 'linux.uml'))) return fetchedKernel(name)
  if (releasesIn(MODULES).some((release) => release.startsWith(`${name}.`))) {
    return installedKernel(PROGRAM, MODULES)
  }
  if (!known().includes(name)) {
    throw new GuestError(`no kernel ${name}: ${known().join(', ')}, or a path`)
  }
  const script = fileURLToPath(import.meta.url)
  throw new GuestError(`kernel ${name} is not here: fetch it with \`node ${script} ${name}\``)
}

/**
 * @param {string} program
 * @param {string} modules
 */
function installedKernel(program, modules) {
  return { program, modules, root: '/', libraries: null }
}

/** @param {string} name */
function fetchedKernel(name) {
  const root = join(cache(), name)
  return {
    program: join(root, 'linux.uml'),
    modules: join(root, 'modules'),
    root,
    libraries: join(root, 'glibc'),
  }
}

/** @returns {EmulatedKernel} */
function emulatedKernel() {
  if (!isExecutable(QEMU)) {
    throw new GuestError(
      `no ${QEMU}: on Debian or Ubuntu, \`sudo apt-get install qemu-system-x86\``,
    )
  }
  const root = join(cache(), SMP)
  return { image: join(root, 'linux'), initramfs: join(root, 'initramfs.gz') }
}

const known = () => [...Object.keys(SUITES), SMP]

const cache = () => cacheDirectory('apparmor-guest')

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** @param {string} modules */
function releasesIn(modules) {
  return existsSync(modules) ? readdirSync(modules) : []
}

/**
 * Does a fetch in a directory that is there for this only, and then not any more.
 *
 * @template T
 * @param {(work: string) => T} fetch
 */
function inWork(fetch) {
  mkdirSync(cache(), { recursive: true })
  const work = mkdtempSync(join(cache(), 'fetch-'))
  try {
    return fetch(work)
  } finally {
    rmSync(work, { recursive: true })
  }
}

/**
 * Makes what was fetched the kernel of that name.
 *
 * @param {string} kernel a directory
 * @param {string} name
 */
function keep(kernel, name) {
  rmSync(join(cache(), name), { recursive: true, force: true })
  renameSync(kernel, join(cache(), name))
}

/**
 * @param {string} work where the packages are
 * @returns the directory with their files
 */
function unpack(work) {
  const tree = join(work, 'tree')
  for (const file of debs(work)) execFileSync('dpkg-deb', ['-x', join(work, file), tree])
  return tree
}

/** @param {string} work */
const debs = (work) => readdirSync(work).filter((name) => name.endsWith('.deb'))

/** Fetches the stock kernel, and makes what it starts with. */
function fetchEmulatedKernel() {
  return inWork((work) => {
    downloadPackages(work, SMP_SUITE, ['linux-image-amd64', 'busybox-static'])
    const [meta = ''] = debs(work).filter((name) => name.startsWith('linux-image-amd64'))
    const depends = execFileSync('dpkg-deb', ['-f', join(work, meta), 'Depends'], {
      encoding: 'utf8',
    })
    downloadPackages(work, SMP_SUITE, [/linux-image-\S+/.exec(depends)?.[0] ?? depends])
    const tree = unpack(work)
    const [release] = releasesIn(join(tree, 'lib/modules'))
    if (!release) throw new Error(`${SMP_SUITE}'s ${depends} has no modules`)

    const kernel = join(work, 'kernel')
    mkdirSync(kernel)
    copyFileSync(join(tree, `boot/vmlinuz-${release}`), join(kernel, 'linux'))
    writeFileSync(
      join(kernel, 'initramfs.gz'),
      makeInitramfs(join(tree, 'lib/modules', release), join(tree, 'bin/busybox')),
    )
    keep(kernel, SMP)
    return SMP
  })
}

/**
 * Fetches a kernel from Debian, with the C library it was built for, into the user's cache. Needs
 * no privilege.
 *
 * @param {string} suite
 * @returns {string} its version
 */
function fetchKernel(suite) {
  return inWork((work) => {
    downloadPackages(work, suite, ['user-mode-linux', 'libc6'])
    const tree = unpack(work)
    const [release] = releasesIn(join(tree, MODULES))
    if (!release) throw new Error(`${suite}'s user-mode-linux has no modules`)

    const kernel = join(work, 'kernel')
    const overlayfs = join('modules', release, 'kernel/fs/overlayfs')
    mkdirSync(join(kernel, 'glibc'), { recursive: true })
    mkdirSync(join(kernel, overlayfs), { recursive: true })
    copyFileSync(join(tree, PROGRAM), join(kernel, 'linux.uml'))
    copyFileSync(
      join(tree, '/usr/lib/uml', overlayfs, 'overlay.ko'),
      join(kernel, overlayfs, 'overlay.ko'),
    )
    for (const library of ['ld-linux-x86-64.so.2', 'libc.so.6']) {
      const directory = join(tree, suite === 'bookworm' ? 'lib' : 'usr/lib', 'x86_64-linux-gnu')
      copyFileSync(join(directory, library), join(kernel, 'glibc', library))
    }
    setInterpreter(join(kernel, 'linux.uml'), 'glibc/ld-linux-x86-64.so.2')

    const version = release.split('.').slice(0, 2).join('.')
    keep(kernel, version)
    return version
  })
}

/**
 * Makes a program start with another dynamic linker. Rewritten in place: a tool that moves segments
 * breaks a kernel, and so does starting it through the linker, because it executes itself again.
 *
 * @param {string} program
 * @param {string} interpreter
 */
function setInterpreter(program, interpreter) {
  const PT_INTERP = 3
  const elf = readFileSync(program)
  const headers = Number(elf.readBigUInt64LE(32))
  const headerSize = elf.readUInt16LE(54)
  const end = headers + headerSize * elf.readUInt16LE(56)
  for (let header = headers; header < end; header += headerSize) {
    if (elf.readUInt32LE(header) !== PT_INTERP) continue
    const offset = Number(elf.readBigUInt64LE(header + 8))
    const size = Number(elf.readBigUInt64LE(header + 32))
    if (interpreter.length >= size) throw new RangeError(`longer than ${size - 1}: ${interpreter}`)
    elf.fill(0, offset, offset + size).write(interpreter, offset)
    writeFileSync(program, elf)
    return
  }
  throw new Error(`no interpreter in ${program}`)
}

/** @param {readonly string[]} versions */
function main(versions) {
  if (versions.length === 0 || versions.some((version) => !known().includes(version))) {
    const names = Object.entries(SUITES).map(([version, suite]) => `${version} (${suite})`)
    process.stderr.write(
      `Usage: node tools/guest/kernels.js VERSION...\n\n` +
        `Fetches kernels from Debian into ${cache()}: user-mode ones, ${names.join(', ')}, and\n` +
        `${SMP} (${SMP_SUITE}'s stock kernel, for a machine with two processors in QEMU).\n`,
    )
    return 1
  }
  if (!hasDebianKeys()) {
    process.stderr.write(
      'kernels: no keys to check with: sudo apt-get install debian-archive-keyring\n',
    )
    return 1
  }
  let status = 0
  for (const version of versions) {
    const suite = SUITES[version] ?? SMP_SUITE
    if (existsSync(join(cache(), version))) {
      process.stdout.write(`${version}: there\n`)
      continue
    }
    const what = version === SMP ? 'linux-image-amd64 (70 MB)' : 'user-mode-linux (40 MB)'
    process.stdout.write(`${version}: fetching Debian ${suite}'s ${what}\n`)
    const fetched = version === SMP ? fetchEmulatedKernel() : fetchKernel(suite)
    process.stdout.write(`${fetched}: in ${join(cache(), fetched)}\n`)
    if (fetched !== version) {
      process.stderr.write(`kernels: ${suite} no longer has ${version}; use --kernel ${fetched}\n`)
      status = 1
    }
  }
  return status
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = main(process.argv.slice(2))
}
