// The four machines that there is a binary for.

/**
 * @typedef {object} Target
 * @property {'x64' | 'arm64'} arch as Node calls it
 * @property {'glibc' | 'musl'} libc
 * @property {string} debian the architecture as Debian calls it
 * @property {string} triple
 * @property {string} gnu the directory of Debian's headers and libraries for glibc
 * @property {string} hardening what binding.gyp has for the processor, for what is compiled without it
 * @property {readonly string[]} flags
 */

const ARCHES = /** @type {const} */ ([
  {
    arch: 'x64',
    debian: 'amd64',
    cpu: 'x86_64',
    hardening: '-fcf-protection=full -fstack-clash-protection',
    flags: [],
  },
  {
    arch: 'arm64',
    debian: 'arm64',
    cpu: 'aarch64',
    hardening: '-mbranch-protection=standard',
    // outline atomics are functions of a compiler's library, which is not linked
    flags: ['-mno-outline-atomics'],
  },
])

/** @type {readonly Target[]} */
export const TARGETS = ARCHES.flatMap(({ cpu, ...arch }) =>
  /** @type {const} */ (['glibc', 'musl']).map((libc) => ({
    ...arch,
    libc,
    triple: `${cpu}-linux-${libc === 'musl' ? 'musl' : 'gnu'}`,
    gnu: `${cpu}-linux-gnu`,
  })),
)

/** @param {Target} target */
export const nameOf = ({ arch, libc }) => `linux-${arch}/apparmor.${libc}.node`

/** @param {string} arch */
export const launcherOf = (arch) => `linux-${arch}/apparmor-launcher`

/** @returns {string[]} every binary of the package, below prebuilds/ */
export const prebuiltFiles = () =>
  [...TARGETS.map(nameOf), ...ARCHES.map(({ arch }) => launcherOf(arch))].sort()
