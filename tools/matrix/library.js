// A package of this repository for each libapparmor: built from source against its headers.
import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { cacheDirectory } from '../cache.js'
import { unpackPackages } from '../debian.js'

/** By the Debian suite that has it; the prebuilt binary has one of its own inside. */
export const LIBRARIES = /** @type {Readonly<Record<string, string | null>>} */ ({
  '3.0': 'bookworm',
  4.1: 'trixie',
  '5.0': 'sid',
  prebuilt: null,
})

/** The headers; and what to lay over the system's files so that a program meets this library. */
const PACKAGES = ['libapparmor-dev', 'libapparmor1', 'libc6', 'libstdc++6', 'libgcc-s1']

const HEADERS = 'node_modules/node-addon-api'
const SOURCES = ['src', HEADERS, 'binding.gyp', 'package.json', 'dist', 'tools']

/**
 * @param {string} name
 */
export function packageFor(name) {
  const suite = LIBRARIES[name]
  if (suite === undefined) throw new Error(`no libapparmor ${name}`)
  const directory = resolve('build/matrix', name)
  const place = join(directory, 'node_modules/apparmor')
  const fresh = suite !== null && isFresh(join(place, 'build/Release/apparmor.node'))
  if (!fresh) rmSync(directory, { recursive: true, force: true })
  mkdirSync(place, { recursive: true })
  for (const source of SOURCES) cpSync(source, join(place, source), { recursive: true })
  writeFileSync(join(directory, 'package.json'), '{ "name": "user", "type": "module" }\n')
  const fstab = join(directory, 'fstab')
  writeFileSync(fstab, '')
  let version = name
  if (suite === null) {
    cpSync('prebuilds', join(place, 'prebuilds'), { recursive: true })
  } else {
    const tree = treeOf(suite)
    version = build(place, tree, fresh)
    if (suite !== hostSuite()) writeFileSync(fstab, overlays(tree).join('\n') + '\n')
  }
  return {
    directory,
    fstab,
    version,
    /** Puts the built tests beside the package: their import leads to it. */
    prepare: (/** @type {string} */ tests) =>
      cpSync(tests, join(directory, 'test'), { recursive: true }),
  }
}

/** @param {string} suite */
function treeOf(suite) {
  return unpackPackages(join(cacheDirectory('apparmor-matrix'), suite), suite, PACKAGES)
}

/** @param {string} binary */
function isFresh(binary) {
  const built = statSync(binary, { throwIfNoEntry: false })?.mtimeMs ?? 0
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  return [...sources.map((file) => join('src', file)), 'binding.gyp'].every(
    (file) => statSync(file).mtimeMs < built,
  )
}

/**
 * As npm rebuild --build-from-source does it, with another pkg-config.
 *
 * @param {string} place
 * @param {string} tree
 * @param {boolean} fresh whether it is built already
 * @returns {string} the version of libapparmor
 */
function build(place, tree, fresh) {
  const env = {
    ...process.env,
    PKG_CONFIG_LIBDIR: join(tree, 'usr/lib/x86_64-linux-gnu/pkgconfig'),
    PKG_CONFIG_SYSROOT_DIR: tree,
    PKG_CONFIG_ALLOW_SYSTEM_CFLAGS: '1',
    PKG_CONFIG_ALLOW_SYSTEM_LIBS: '1',
  }
  const pkgConfig = (/** @type {string} */ what) =>
    execFileSync('pkg-config', [what, 'libapparmor'], { env, encoding: 'utf8' }).trim()
  const version = pkgConfig('--modversion')
  if (fresh) return version
  const { status } = spawnSync(process.execPath, ['tools/build-native.js'], {
    cwd: place,
    env,
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) throw new Error(`no build with libapparmor ${version}`)
  return version
}

/** @returns {string} the suite whose libraries this machine has */
const hostSuite = () =>
  execFileSync('sh', ['-c', '. /etc/os-release; echo "${VERSION_CODENAME:-sid}"'], {
    encoding: 'utf8',
  }).trim()

/**
 * Lines for fstab that lay a tree's libraries over the system's.
 *
 * @param {string} tree
 */
function overlays(tree) {
  const name = 'x86_64-linux-gnu'
  return ['lib', 'usr/lib'].flatMap((parent) => {
    const directory = join(tree, parent, name)
    if (!existsSync(directory) || lstatSync(dirname(directory)).isSymbolicLink()) return []
    return readdirSync(directory)
      .filter((file) => /\.so\.\d+$/.test(file) && existsSync(join('/lib', name, file)))
      .map((file) => `${join(directory, file)} ${join('/lib', name, file)} none bind 0 0`)
  })
}
