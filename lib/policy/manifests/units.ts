/** Files that systemd reads. */
import { invalidArgValue } from '../../border/invalid.ts'
import { labelOf, type Named } from './name.ts'

/**
 * Returns a drop-in for a systemd service. Save it as `/etc/systemd/system/NAME.service.d/apparmor.conf`.
 *
 * systemd does not start the service when the profile is not loaded. It makes no system call and runs anywhere.
 * Rests on systemd.exec(5), `AppArmorProfile=`.
 *
 * @param profile the name of a profile, its model, or a policy with one profile
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { toSystemd } from 'apparmor/policy'
 * console.log(toSystemd('web'))
 * ```
 */
export function toSystemd(profile: Named): string {
  const label = labelOf(profile)
  // A "-" in front would mean: or else unconfined. Quotes and spaces at the ends are not part of the name there.
  if (/^[-\s"']|\s$|\\$/.test(label)) {
    const reason = 'must not begin or end with what systemd.exec(5) takes for itself'
    throw invalidArgValue('profile', reason, label)
  }
  return `[Service]\nAppArmorProfile=${specifiers(label)}\n`
}

/**
 * Returns a drop-in for a container unit of Podman. Save it as `NAME.container.d/apparmor.conf`, beside
 * `NAME.container`.
 *
 * Podman does not start the container when the profile is not loaded. It makes no system call and runs anywhere.
 * Rests on podman-systemd.unit(5), `PodmanArgs=`, which every Podman with such units has.
 *
 * @param profile the name of a profile, its model, or a policy with one profile
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { toPodman } from 'apparmor/policy'
 * console.log(toPodman('web'))
 * ```
 */
export function toPodman(profile: Named): string {
  const argument = `--security-opt=apparmor=${labelOf(profile)}`
  const quoted = /^[\w./:=@+-]+$/.test(argument)
    ? argument
    : `"${argument.replaceAll(/[\\"]/g, '\\$&')}"`
  return `[Container]\nPodmanArgs=${specifiers(quoted).replaceAll('$', '$$$$')}\n`
}

const specifiers = (text: string): string => text.replaceAll('%', '%%')
