// The compiler for each target, as the environment tells it to node-gyp, and the libraries to link with. Flags
// that every build should have are in binding.gyp; what is here comes from crossing over to another machine, from
// linking libapparmor statically, and from doing without a C++ runtime.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { libapparmor, sysroot } from './fetch.js'
import { run } from './programs.js'

/** @typedef {import('./targets.js').Target} Target */

const here = fileURLToPath(new URL('.', import.meta.url))

const LIBRARY_FILES = 'kernel private features kernel_interface policy_cache PMurHash'.split(' ')
const LIBRARY_FLAGS =
  '-std=gnu11 -D_GNU_SOURCE -DHAVE_SECURE_GETENV -DHAVE_REALLOCARRAY -DHAVE_ASPRINTF -w'

// -Oz: nothing here computes, the time goes into system calls. No tables for unwinding: nothing throws.
const COMMON = '-Oz -fPIC -fno-asynchronous-unwind-tables -Wno-unused-command-line-argument'
// What binding.gyp has for the addon. -fno-addrsig: llvm-objcopy would make those tables invalid.
const LIKE_THE_ADDON =
  '-fvisibility=hidden -fstack-protector-strong -ffunction-sections -fdata-sections -D_FORTIFY_SOURCE=2 -fno-addrsig'
// Only the addon: llvm-objcopy, below, cannot read what the compiler leaves for the linker to optimize. It spares a
// fifth of the code.
const WHOLE_PROGRAM = '-flto'
// -nostdlib: of the C library's start files the addon needs nothing, and they lack the marks that CET and BTI ask of
// every part.
const LINK = '-nostdlib -fuse-ld=lld -Wl,--icf=safe,--hash-style=gnu,--as-needed,--build-id=none,-s'

// libapparmor has two versions of two functions; of these the newer ones.
const VERSIONS = [
  '--strip-symbol=aa_query_label@APPARMOR_1.1',
  '--strip-symbol=change_hat@IMMUNIX_1.0',
  '--redefine-sym=aa_query_label@@APPARMOR_2.9=aa_query_label',
  '--redefine-sym=change_hat@@APPARMOR_1.0=change_hat',
]

/**
 * Builds what the addon of a target is linked with.
 *
 * @param {Target} target
 * @param {string} work an empty directory, for the libraries
 * @param {string} stage the directory that the addon is built in
 * @returns {Promise<Record<string, string>>} the environment that makes node-gyp build for the target
 */
export async function toolchain(target, work, stage) {
  const tree = await sysroot(target.debian)
  const library = await libapparmor()
  const resources = (await run('clang', ['-print-resource-dir'])).trim()
  const cross = `--target=${target.triple} --sysroot=${tree}`
  const flags = [
    '-nostdinc -nostdinc++',
    COMMON,
    // no path of this machine in a message of an assertion
    ...[stage, here, work, tree, library].map((path) => `-ffile-prefix-map=${path}=`),
    ...target.flags,
  ].join(' ')
  const headers = cIncludes(target, tree, join(resources, 'include'))
  const cflags = `${flags} ${isystem(headers)}`
  const cxxflags = `${flags} -D_GLIBCXX_EXTERN_TEMPLATE=0 ${isystem([...cxxIncludes(target, tree), ...headers])}`

  const compile = async (/** @type {string} */ file, /** @type {string} */ flags) => {
    const object = join(work, file.replace(/^.*\/|\.\w+$/g, '') + '.o')
    const compiler = file.endsWith('.cc') ? 'clang++' : 'clang'
    await run(compiler, [
      ...words(`${cross} ${flags} ${LIKE_THE_ADDON} ${target.hardening}`),
      '-c',
      file,
      '-o',
      object,
    ])
    return object
  }
  const [kernel = '', ...others] = await Promise.all(
    LIBRARY_FILES.map((name) =>
      compile(join(library, 'src', `${name}.c`), `${cflags} ${LIBRARY_FLAGS} -I${library}/include`),
    ),
  )
  await run('llvm-objcopy', [...VERSIONS, kernel])
  const runtime = [
    await compile(join(here, 'runtime.cc'), `${cxxflags} -std=c++20 -fno-exceptions -fno-rtti`),
    ...(target.libc === 'glibc' ? [await compile(join(here, 'glibc.c'), cflags)] : []),
  ]
  await run('llvm-ar', ['rcsD', join(work, 'libapparmor.a'), kernel, ...others])
  await run('llvm-ar', ['rcsD', join(work, 'libruntime.a'), ...runtime])
  writeFileSync(
    join(work, 'libapparmor.pc'),
    `Name: libapparmor
Description: linked statically
Version: 0
Cflags: -isystem ${join(library, 'include')}
Libs: -L${work} -lapparmor -lruntime
`,
  )
  return {
    CC: `clang ${cross}`,
    CXX: `clang++ ${cross}`,
    AR: 'llvm-ar',
    CFLAGS: cflags,
    CXXFLAGS: `${cxxflags} ${WHOLE_PROGRAM}`,
    LDFLAGS: [LINK, WHOLE_PROGRAM, marks(target), ...libraries(target, tree)].join(' '),
    PKG_CONFIG_LIBDIR: work,
  }
}

/**
 * Node's headers as node-gyp wants them: those of Node-API alone, by package-lock.json, without the flags that
 * Node itself was built with.
 *
 * @param {string} directory
 * @param {string} headers
 */
export function makeNodedir(directory, headers) {
  const place = join(directory, 'include/node')
  mkdirSync(place, { recursive: true })
  cpSync(headers, place, { recursive: true })
  const release = { default_configuration: 'Release', configurations: { Release: {} } }
  writeFileSync(join(place, 'common.gypi'), JSON.stringify({ target_defaults: release }))
  writeFileSync(join(place, 'config.gypi'), JSON.stringify({ target_defaults: {}, variables: {} }))
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

/** @param {readonly string[]} paths */
const isystem = (paths) => paths.map((path) => `-isystem ${path}`).join(' ')

/** @param {Target} target */
const marks = ({ arch }) => (arch === 'x64' ? '-Wl,-z,force-ibt -Wl,-z,shstk' : '-Wl,-z,force-bti')

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
