// Packages of any Debian suite, for any architecture, on a Debian of another: through an apt of their own
// that checks signatures, knows nothing of the system's packages, and needs no privilege.
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** @returns {boolean} whether the keys that Debian signs with are installed */
export const hasDebianKeys = () => existsSync(KEYRING)

/**
 * @param {string} directory where the files go
 * @param {string} suite
 * @param {readonly string[]} packages
 * @param {{ architectures?: readonly string[], source?: boolean }} [options] `source`: of source
 *   packages upstream's archive, instead of the built packages
 */
export function downloadPackages(directory, suite, packages, options = {}) {
  const { architectures = [], source = false } = options
  const root = join(directory, 'apt')
  mkdirSync(join(root, 'lists/partial'), { recursive: true })
  mkdirSync(join(root, 'archives/partial'), { recursive: true })
  const kind = source ? 'deb-src' : 'deb'
  const list = `${kind} [signed-by=${KEYRING}] http://deb.debian.org/debian ${suite} main\n`
  writeFileSync(join(root, 'sources.list'), list)
  const settings = {
    'Dir::State': root,
    'Dir::State::status': '/dev/null',
    'Dir::Cache': root,
    'Dir::Etc::SourceList': join(root, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'APT::Sandbox::User': 'root', // the directory may be closed to apt's own user
    ...(architectures.length > 0 ? { 'APT::Architectures': architectures.join(',') } : {}),
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const fetch = source ? ['source', '--download-only', '--tar-only'] : ['download']
  const each = architectures.length > 0 ? architectures.map((name) => `:${name}`) : ['']
  const names = source ? packages : packages.flatMap((name) => each.map((arch) => name + arch))
  for (const command of [['update'], [...fetch, ...names]]) {
    execFileSync('apt-get', ['-qq', ...flags, ...command], {
      cwd: directory,
      stdio: ['ignore', 2, 2],
    })
  }
}

/**
 * Unpacks packages into a directory, unless it is there already.
 *
 * @param {string} directory
 * @param {Parameters<typeof downloadPackages>[1]} suite
 * @param {Parameters<typeof downloadPackages>[2]} packages
 * @param {Parameters<typeof downloadPackages>[3]} [options]
 * @returns {string} the directory
 */
export function unpackPackages(directory, suite, packages, options) {
  if (existsSync(directory)) return directory
  mkdirSync(dirname(directory), { recursive: true })
  const work = mkdtempSync(join(dirname(directory), 'fetch-'))
  try {
    process.stderr.write(`fetching from Debian ${suite}: ${packages.join(' ')}\n`)
    downloadPackages(work, suite, packages, options)
    for (const file of readdirSync(work).filter((name) => name.endsWith('.deb'))) {
      execFileSync('dpkg-deb', ['-x', join(work, file), join(work, 'tree')])
    }
    renameSync(join(work, 'tree'), directory)
  } finally {
    rmSync(work, { recursive: true })
  }
  return directory
}
