import { checkProfile } from '../border/args.ts'
import { callNative } from '../border/call.ts'

/**
 * Sets the profile that the calling thread's next exec runs under: aa_change_onexec(2).
 *
 * Danger: the kernel keeps the setting on the thread, and **every child that this thread starts later inherits
 * it**, not only the next one. It cannot be removed, only replaced. This function is for programs that replace
 * themselves, or that only ever start confined children. In any other program use `apparmor/child_process`.
 *
 * @param profile the name of a loaded profile
 * @throws {@link AppArmorError} `ENOENT`, `EACCES`, `EPERM` (no_new_privs); `ERR_APPARMOR_IN_HAT`: the
 *   kernel would kill the thread when it leaves the hat; `ERR_APPARMOR_NO_PROCFS`; the codes of
 *   {@link availability}
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`
 * @example
 * ```js
 * import { execFileSync } from 'node:child_process'
 * import { changeOnexec } from 'apparmor'
 * changeOnexec('web')
 * console.log(execFileSync('cat', ['/proc/self/attr/current'], { encoding: 'utf8' }))
 * ```
 */
export function changeOnexec(profile: string): void {
  checkProfile(profile, 'profile', 'exec')
  callNative((native) => native.changeExec('change', profile), { profile })
}

/**
 * Adds a profile to the label at the calling thread's next exec: aa_stack_onexec(2). It stays on the
 * thread and leaks into every later child, exactly as {@link changeOnexec} does.
 *
 * @param profile the name of a loaded profile
 * @throws as {@link changeOnexec}
 * @example
 * ```js
 * import { execFileSync } from 'node:child_process'
 * import { stackOnexec } from 'apparmor'
 * stackOnexec('web')
 * console.log(execFileSync('cat', ['/proc/self/attr/current'], { encoding: 'utf8' }))
 * ```
 */
export function stackOnexec(profile: string): void {
  checkProfile(profile, 'profile', 'stack')
  callNative((native) => native.changeExec('stack', profile), { profile })
}
