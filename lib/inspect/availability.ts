import { callNative } from '../border/call.ts'
import { errnoName } from '../border/errno.ts'
import { unavailable } from '../border/failures.ts'
import { native } from '../border/native.ts'

/** The result of {@link availability}. */
export type Availability =
  | { readonly enabled: true; readonly mountpoint: string | null }
  | {
      readonly enabled: false
      readonly code:
        'ENOSYS' | 'ECANCELED' | 'ENOENT' | 'EACCES' | 'EPERM' | 'EBUSY' | 'ENOMEM' | 'ENOTSUP'
      readonly reason: string
    }

type UnavailableCode = Extract<Availability, { enabled: false }>['code']

/**
 * Tells whether AppArmor's transitions (changing a profile, reading a label) work here.
 *
 * `true` also in a container that does not see the policy interface; there aa_is_enabled(2) and the command
 * `aa-enabled` say no. `false` on other systems than Linux.
 *
 * @returns whether a call such as {@link changeProfile} can be expected to work
 * @throws {@link AppArmorError} `ERR_APPARMOR_NATIVE_MISSING` on Linux without a loadable binary. If it returned
 *   `false`, the caller would run unconfined in the belief that there is no AppArmor
 * @example
 * ```js
 * import { isEnabled } from 'apparmor'
 * console.log(isEnabled() ? 'AppArmor is on' : 'no AppArmor here')
 * ```
 */
export function isEnabled(): boolean {
  return availability().enabled
}

/**
 * Tells whether AppArmor can be used, and if not, why: aa_is_enabled(2), corrected for containers.
 *
 * @returns With `enabled: true`, `mountpoint` is the directory of the policy interface. It is `null` where
 *   transitions work but that directory is not visible (containers). With `enabled: false`, `code` is the reason as
 *   an errno's name, and `reason` is the same in words
 * @throws {@link AppArmorError} `ERR_APPARMOR_NATIVE_MISSING`
 * @example
 * ```js
 * import { availability } from 'apparmor'
 * const found = availability()
 * console.log(found.enabled ? found.mountpoint : found.reason)
 * ```
 */
export function availability(): Availability {
  if (process.platform !== 'linux') return disabled('ENOTSUP')
  const { errno, mountpoint } = native().availability()
  if (errno === 0) return { enabled: true, mountpoint }
  return disabled(errnoName(errno) as UnavailableCode)
}

function disabled(code: UnavailableCode): Availability {
  const text = unavailable[code]
  return { enabled: false, code, reason: text ? `${text.meaning}. ${text.help}` : code }
}

/**
 * Finds the directory of AppArmor's policy interface: aa_find_mountpoint(2).
 *
 * @returns a path, usually `/sys/kernel/security/apparmor`
 * @throws {@link AppArmorError} `ENOENT` when securityfs is not mounted (most containers), or the codes of
 *   {@link availability} when there is no AppArmor
 * @example
 * ```js
 * import { findMountpoint } from 'apparmor'
 * console.log(findMountpoint())
 * ```
 */
export function findMountpoint(): string {
  return callNative((native) => native.findMountpoint())
}
