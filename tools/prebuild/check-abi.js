// Holds the prebuilt binaries to what the documentation promises of them; prints what is broken.
//
//   npm run check:abi [-- DIR]
//
// DIR is prebuilds unless given. Needs readelf, Debian's binutils.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readElf } from './elf.js'
import { nameOf, TARGETS } from './targets.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Node 20 and newer ask for as much themselves. */
const GLIBC = [2, 28]
const NODE_API = 'v8'
const ADDON_SIZE = 128_000
const LAUNCHER_SIZE = 4096

const MACHINES = { x64: 'Advanced Micro Devices X86-64', arm64: 'AArch64' }
const MARKS = { x64: ['IBT', 'SHSTK'], arm64: ['BTI'] }
const LIBRARIES = {
  glibc: [/^libc\.so\.6$/, /^libpthread\.so\.0$/, /^ld-linux-[\w-]+\.so\.\d$/],
  musl: [/^libc\.so$/],
}
const EXPORTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1']

const { js_native_api_symbols, node_api_symbols } = createRequire(import.meta.url)(
  'node-api-headers',
).symbols[NODE_API]
const nodeApi = new Set([...js_native_api_symbols, ...node_api_symbols])

/**
 * @param {string} directory
 * @returns {string[]} a sentence for each broken promise
 */
function findBroken(directory) {
  const arches = [...new Set(TARGETS.map(({ arch }) => arch))]
  /** @type {[file: string, check: (path: string) => string[]][]} */
  const checks = [
    ...TARGETS.map((target) => pair(nameOf(target), (path) => checkAddon(path, target))),
    ...arches.map((arch) =>
      pair(`linux-${arch}/apparmor-launcher`, (path) => checkLauncher(path, arch)),
    ),
  ]
  const promised = checks.map(([file]) => file)
  const found = listFiles(directory)
  return [
    ...promised.filter((file) => !found.includes(file)).map((file) => `${file} is missing`),
    ...found
      .filter((file) => !promised.includes(file))
      .map((file) => `${file} does not belong here`),
    ...checks
      .filter(([file]) => found.includes(file))
      .flatMap(([file, check]) => check(join(directory, file)).map((what) => `${file} ${what}`)),
  ]
}

/**
 * @param {string} file
 * @param {(path: string) => string[]} check
 * @returns {[string, (path: string) => string[]]}
 */
const pair = (file, check) => [file, check]

/** @param {string} directory */
function listFiles(directory) {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => file !== 'README.md' && !statSync(join(directory, file)).isDirectory())
    .sort()
}

/**
 * @param {string} path
 * @param {import('./targets.js').Target} target
 */
function checkAddon(path, { arch, libc }) {
  const elf = readElf(path)
  const segment = (/** @type {string} */ type) => elf.segments.find((one) => one.type === type)
  const names = elf.imports.map(({ name }) => name)
  const foreign = elf.imports.filter(({ name, version }) =>
    libc === 'glibc' ? version === null && !nodeApi.has(name) : isOfCxx(name) || isOldApi(name),
  )
  return sentences({
    [`is for ${elf.machine}`]: elf.machine !== MACHINES[arch],
    'is not a shared object': elf.type !== 'DYN',
    [`needs ${elf.needed.join(', ')}`]: !elf.needed.every((name) =>
      LIBRARIES[libc].some((library) => library.test(name)),
    ),
    ...Object.fromEntries(
      elf.imports.map(({ name, version }) => [
        `needs ${name} of ${version}`,
        version !== null && !(libc === 'glibc' && isOldGlibc(version)),
      ]),
    ),
    [`imports ${foreign.map(({ name }) => name).join(', ')}`]: foreign.length > 0,
    [`exports ${elf.exports.join(', ')}`]: elf.exports.toSorted().join() !== EXPORTS.join(),
    'has a path to search libraries in': elf.tags.some((tag) => /^R(UN)?PATH$/.test(tag)),
    'has relocations in its code': elf.tags.includes('TEXTREL'),
    'has an executable stack': segment('GNU_STACK')?.flags !== 'RW',
    'has code that can be written': elf.segments.some(({ flags }) => /W.*E/.test(flags)),
    'has no RELRO': !segment('GNU_RELRO'),
    'binds lazily': !/\bBIND_NOW\b/.test(elf.flags),
    'can be unloaded': !/\bNODELETE\b/.test(elf.flags),
    [`is not marked ${MARKS[arch].join(', ')}`]: !MARKS[arch].every((mark) =>
      elf.properties.includes(mark),
    ),
    'has no stack protector': !names.includes('__stack_chk_fail'),
    'has no FORTIFY': libc === 'glibc' && !names.some((name) => name.endsWith('_chk')),
    'is not stripped': elf.sections.some((name) => /^\.(symtab|debug)/.test(name)),
    ...common(path, ADDON_SIZE),
  })
}

/**
 * @param {string} path
 * @param {'x64' | 'arm64'} arch
 */
function checkLauncher(path, arch) {
  const elf = readElf(path)
  const types = elf.segments.map(({ type }) => type)
  const stack = elf.segments.find(({ type }) => type === 'GNU_STACK')
  return sentences({
    [`is for ${elf.machine}`]: elf.machine !== MACHINES[arch],
    'is not static': elf.type !== 'EXEC' || types.includes('INTERP') || types.includes('DYNAMIC'),
    'has an executable stack': stack?.flags !== 'RW',
    'has code that can be written': elf.segments.some(({ flags }) => /W.*E/.test(flags)),
    'cannot be executed': (statSync(path).mode & 0o7777) !== 0o755,
    ...common(path, LAUNCHER_SIZE),
  })
}

/**
 * @param {string} path
 * @param {number} limit
 */
function common(path, limit) {
  const bytes = readFileSync(path)
  return {
    [`has ${bytes.length} bytes, more than ${limit}`]: bytes.length > limit,
    'names a directory of the machine it was built on': [homedir(), root].some((directory) =>
      bytes.includes(directory === '/' ? '\0/home/' : directory),
    ),
  }
}

/** @param {Readonly<Record<string, boolean>>} broken */
const sentences = (broken) =>
  Object.entries(broken).flatMap(([sentence, holds]) => (holds ? [sentence] : []))

/** @param {string} version */
function isOldGlibc(version) {
  const [, major = 0, minor = 0] = /^GLIBC_(\d+)\.(\d+)/.exec(version)?.map(Number) ?? []
  const [maxMajor = 0, maxMinor = 0] = GLIBC
  return major === maxMajor && minor <= maxMinor
}

/** @param {string} name */
const isOfCxx = (name) => /^(_Z|__cxa|__gxx|_Unwind)/.test(name)

/** @param {string} name */
const isOldApi = (name) => /^n(ode_)?api_/.test(name) && !nodeApi.has(name)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const directory = resolve(process.argv[2] ?? join(root, 'prebuilds'))
  try {
    const broken = findBroken(directory)
    for (const sentence of broken) console.error(`check:abi: ${sentence}`)
    if (broken.length > 0) process.exitCode = 1
    else for (const file of listFiles(directory)) describe(directory, file)
  } catch (error) {
    console.error(`check:abi: ${/** @type {Error} */ (error).message}`)
    process.exitCode = 1
  }
}

/**
 * @param {string} directory
 * @param {string} file
 */
function describe(directory, file) {
  const { imports } = readElf(join(directory, file))
  const versions = imports.map(({ version }) => version ?? '').filter(Boolean)
  const newest = versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)
  console.log(`${statSync(join(directory, file)).size}\t${file}\t${newest ?? ''}`)
}
