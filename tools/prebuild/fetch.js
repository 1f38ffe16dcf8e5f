// Brings what pins.js names into the user's cache, and checks it: headers and libraries of each
// architecture, and the sources of libapparmor.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory } from '../cache.js'
import { downloadPackages } from '../debian.js'
import { LIBAPPARMOR, PACKAGES } from './pins.js'
import { run } from './programs.js'

const cache = cacheDirectory('apparmor-prebuild')

/**
 * @param {string} debian an architecture
 * @returns {Promise<string>} the directory with the files of the packages for it
 */
export async function sysroot(debian) {
  const pins = PACKAGES.map(({ sha256 }) => sha256)
  const files = pins.flatMap(Object.keys).filter((file) => file.endsWith(`_${debian}.deb`))
  return unpacked(`sysroot-${debian}`, PACKAGES, async (directory) => {
    for (const group of PACKAGES) {
      const architectures = PACKAGES.flatMap(({ sha256 }) =>
        Object.keys(sha256).map((file) => /_(\w+)\.deb$/.exec(file)?.[1] ?? ''),
      )
      fetchMissing(group.suite, group.names, group.sha256, {
        architectures: [...new Set(architectures)],
      })
    }
    for (const file of files) await run('dpkg-deb', ['-x', join(cache, file), directory])
  })
}

/** @returns {Promise<string>} the directory of libapparmor's sources */
export async function libapparmor() {
  const { suite, file, sha256, version } = LIBAPPARMOR
  const root = await unpacked(`libapparmor-${version}`, LIBAPPARMOR, async (directory) => {
    fetchMissing(suite, ['apparmor'], { [file]: sha256 }, { source: true })
    const member = `apparmor-${version}/libraries/libapparmor`
    await run('tar', ['-xzf', join(cache, file), '-C', directory, '--strip-components=3', member])
  })
  return root
}

/**
 * A directory of the cache, made once for each content of the pins.
 *
 * @param {string} name
 * @param {unknown} pins
 * @param {(directory: string) => Promise<void>} fill
 */
async function unpacked(name, pins, fill) {
  const directory = join(cache, `${name}-${hash('sha256', JSON.stringify(pins)).slice(0, 12)}`)
  if (existsSync(directory)) return directory
  mkdirSync(cache, { recursive: true })
  const work = mkdtempSync(join(cache, 'work-'))
  try {
    await fill(work)
    renameSync(work, directory)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return directory
}

/**
 * @param {string} suite
 * @param {readonly string[]} packages
 * @param {Readonly<Record<string, string>>} pins the SHA-256 of each file
 * @param {Parameters<typeof downloadPackages>[3]} options
 */
function fetchMissing(suite, packages, pins, options) {
  const files = Object.keys(pins)
  if (!files.every((file) => isPinned(join(cache, file), pins[file]))) {
    process.stderr.write(`prebuildify: fetching from Debian ${suite}: ${packages.join(' ')}\n`)
    const work = mkdtempSync(join(cache, 'fetch-'))
    try {
      downloadPackages(work, suite, packages, options)
      for (const file of files) {
        if (existsSync(join(work, file))) renameSync(join(work, file), join(cache, file))
      }
    } finally {
      rmSync(work, { recursive: true })
    }
  }
  const wrong = files.filter((file) => !isPinned(join(cache, file), pins[file]))
  if (wrong.length === 0) return
  throw new Error(`Debian ${suite} no longer has what tools/prebuild/pins.js names, or other bytes of it:
  ${wrong.join('\n  ')}
Look at what changed, and pin the new version there.`)
}

/**
 * @param {string} file
 * @param {string | undefined} sha256
 */
const isPinned = (file, sha256) => existsSync(file) && hash('sha256', readFileSync(file)) === sha256

/**
 * @param {string} algorithm
 * @param {string | Uint8Array} data
 */
const hash = (algorithm, data) => createHash(algorithm).update(data).digest('hex')
