// Makes one of the binaries: libapparmor, the addon and the runtime, compiled and linked for a target.
import { createRequire } from 'node:module'
import { mkdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { libapparmor, sysroot } from './fetch.js'
import { readGyp } from './gyp.js'
import { run } from './programs.js'

/** @typedef {import('./targets.js').Target} Target */

const root = fileURLToPath(new URL('../..', import.meta.url))
const here = fileURLToPath(new URL('.', import.meta.url))
const require = createRequire(import.meta.url)
const JOBS = 2

const LIBRARY_FILES = 'kernel private features kernel_interface policy_cache PMurHash'.split(' ')

const HARDENING = '-fPIC -fstack-protector-strong'
// Nothing here computes; the time goes into system calls. So the smallest code, and no tables to unwind it.
// With -z now nothing is bound late, so calls go without a table between (-fno-plt).
const SIZE = `
  -Oz -ffunction-sections -fdata-sections -fvisibility=hidden
  -fno-asynchronous-unwind-tables -fomit-frame-pointer -fno-plt`
// The library's objects stay as they are: llvm-objcopy mends one of them.
const LINK_TIME = '-flto'
const C = '-std=gnu11 -D_GNU_SOURCE -DHAVE_SECURE_GETENV -DHAVE_REALLOCARRAY -DHAVE_ASPRINTF -w'
// The outliner makes a binary smaller and its compressed form larger.
// -nostdlib: of the C library's start files the addon needs nothing, and they lack the marks that CET
// and BTI ask of every part.
const LINK = `
  -shared -nostdlib -fuse-ld=lld -Wl,--version-script=${join(here, 'exports.map')}
  -Wl,--gc-sections,--icf=safe,--hash-style=gnu,--as-needed,--build-id=none,-s
  -Wl,-z,noexecstack -Wl,-mllvm,-inline-threshold=0
  -Wl,-mllvm,-enable-machine-outliner=never`

// A static library of libapparmor has two versions of two functions; of these the newer ones.
const VERSIONS = [
  '--strip-symbol=aa_query_label@APPARMOR_1.1',
  '--strip-symbol=change_hat@IMMUNIX_1.0',
  '--redefine-sym=aa_query_label@@APPARMOR_2.9=aa_query_label',
  '--redefine-sym=change_hat@@APPARMOR_1.0=change_hat',
]

/**
 * @param {Target} target
 * @param {string} work a directory for what lies between
 * @param {string} file the binary to make
 */
export async function compile(target, work, file) {
  const tree = await sysroot(target.debian)
  const library = await libapparmor()
  const gyp = await readGyp(join(root, 'binding.gyp'))
  const common = [
    `--target=${target.triple}`,
    `--sysroot=${tree}`,
    ...words(`-nostdinc -nostdinc++ ${HARDENING} ${SIZE}`),
    ...target.flags,
    // no path of this machine in a message of an assertion
    ...[root, here, tree, library].map((path) => `-ffile-prefix-map=${path}=`),
    ...(target.libc === 'glibc' ? ['-D_FORTIFY_SOURCE=2'] : []), // musl has none
  ]
  const include = (/** @type {string[]} */ ...paths) => paths.flatMap((path) => ['-isystem', path])
  const own = (await run('clang', ['-print-resource-dir'])).trim()
  const system = include(...cIncludes(target, tree, join(own, 'include')))
  const api = include(join(library, 'include'))

  const c = [...common, ...words(C), ...system, ...api]
  const cc = [
    ...common,
    LINK_TIME,
    ...gyp.cflags,
    ...gyp.cflags_cc,
    ...gyp.defines.map((define) => `-D${define}`),
    '-fno-threadsafe-statics',
    '-D_GLIBCXX_EXTERN_TEMPLATE=0',
    ...include(...cxxIncludes(target, tree)),
    ...system,
    ...api,
    ...include(require('node-api-headers').include_dir),
    ...include(join(root, 'node_modules/node-addon-api')),
  ]
  mkdirSync(work, { recursive: true })
  mkdirSync(dirname(file), { recursive: true })
  const jobs = [
    ...LIBRARY_FILES.map((name) => ['clang', ...c, join(library, 'src', `${name}.c`)]),
    ...gyp.sources.map((source) => ['clang++', ...cc, join(root, source)]),
    ['clang++', ...cc, join(here, 'runtime.cc')],
    ...(target.libc === 'glibc' ? [['clang', ...c, join(here, 'glibc.c')]] : []),
  ].map(([compiler = '', ...args], index) => {
    const object = join(work, `${index}-${basename(args.at(-1) ?? '')}.o`)
    return { compiler, args: ['-c', ...args, '-o', object], object }
  })
  await each(jobs, async ({ compiler, args }) => void (await run(compiler, args)))
  await run('llvm-objcopy', [...VERSIONS, jobs[0]?.object ?? ''])
  await run('clang', [
    `--target=${target.triple}`,
    `--sysroot=${tree}`,
    LINK_TIME,
    ...words(LINK),
    ...gyp.ldflags,
    ...marks(target),
    ...jobs.map(({ object }) => object),
    ...libraries(target, tree),
    '-o',
    file,
  ])
}

/**
 * @param {Target} target
 * @param {string} tree
 * @param {string} compiler
 */
function cIncludes({ libc, gnu, triple }, tree, compiler) {
  const usr = join(tree, 'usr/include')
  if (libc === 'glibc') return [compiler, join(usr, gnu), usr]
  // the kernel's headers lie between glibc's, but musl's own are found before those
  return [join(usr, triple), compiler, join(usr, gnu), usr]
}

/**
 * @param {Target} target
 * @param {string} tree
 */
function cxxIncludes({ libc, gnu }, tree) {
  const usr = join(tree, 'usr/include')
  const shim = libc === 'musl' ? [join(here, 'musl')] : []
  return [...shim, join(usr, 'c++/10'), join(usr, gnu, 'c++/10')]
}

/** @param {Target} target */
const marks = ({ arch }) =>
  arch === 'x64' ? ['-Wl,-z,force-ibt', '-Wl,-z,shstk'] : ['-Wl,-z,force-bti']

/**
 * @param {Target} target
 * @param {string} tree
 */
function libraries({ libc, gnu, triple }, tree) {
  // by -l, since musl's libc.so does not name itself, and its path would be taken for its name
  if (libc === 'musl') return [`-L${join(tree, 'lib', triple)}`, '-lc']
  const lib = join(tree, 'lib', gnu)
  return [
    join(lib, 'libc.so.6'),
    join(lib, 'libpthread.so.0'),
    join(lib, gnu.startsWith('x86_64') ? 'ld-linux-x86-64.so.2' : 'ld-linux-aarch64.so.1'),
  ]
}

const words = (/** @type {string} */ text) => text.trim().split(/\s+/)

/**
 * @template T
 * @param {readonly T[]} items
 * @param {(item: T) => Promise<void>} work
 */
async function each(items, work) {
  const left = [...items]
  const worker = async () => {
    for (let item = left.shift(); item; item = left.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: JOBS }, worker))
}
