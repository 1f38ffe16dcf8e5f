// What runs beside `apparmor` elsewhere, for tests that run the two side by side: the tools aa-… that are written in
// Python, and the shells that complete its command line. Debian's packages, unpacked in the guest alone.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory } from './cache.js'
import { unpackPackages } from './debian.js'

const PACKAGES = [
  'apparmor-utils',
  'apparmor-notify',
  'python3-apparmor',
  'python3-libapparmor',
  'python3-psutil',
  'python3-notify2',
  'python3-dbus',
  'iproute2',
  'libbpf1',
  'libmnl0',
  'libelf1',
  'zsh',
  'zsh-common',
  'fish',
  'fish-common',
  'libpcre2-32-0',
]

// /bin may be a link.
const UNPACK = 'tar -C "$0" -c . | tar -C / -x --keep-directory-symlink && exec "$@"'

/**
 * Fetches them, where they are not yet.
 *
 * @returns {string[]} what to put in front of a command in the guest
 */
export function withPeers() {
  // Of the Debian that this is: the tools are run by the Python that is installed.
  const release = readFileSync('/etc/os-release', 'utf8')
  const [, suite = 'bookworm'] = /^VERSION_CODENAME=(\w+)$/m.exec(release) ?? []
  const tree = unpackPackages(join(cacheDirectory('apparmor-peers'), suite), suite, PACKAGES)
  return ['sh', '-c', UNPACK, tree]
}
