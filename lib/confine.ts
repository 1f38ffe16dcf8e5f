import { checkName, checkOneOf, checkOptions } from './args.ts'
import { callNative } from './call.ts'
import { AppArmorError } from './errors.ts'
import { getcon } from './identity.ts'
import type { Mode } from './label.ts'

/** How {@link changeProfile} and {@link stackProfile} go about it. */
export interface ConfineOptions {
  /** `'process'` (default): every thread. `'thread'`: the calling one alone */
  readonly scope?: 'process' | 'thread'
}

/** What is in force after {@link changeProfile} or {@link stackProfile}. */
export interface ThreadReport {
  readonly label: string
  readonly mode: Mode | null
  /** how many threads were changed */
  readonly threads: number
}

/**
 * Changes the profile of this process: aa_change_profile(2).
 *
 * @param profile the name of a loaded profile: `'web'`, `'web//worker'`, `':ns:web'`, a stack `'a//&b'`
 * @param options `scope: 'thread'` changes the calling thread only, and says nothing about the others:
 *   `fs.promises`, DNS and Workers run on other threads
 * @returns the label the kernel shows afterwards. Where the new profile does not let the thread read it
 *   (before Linux 6.8), the name that was asked for, with the mode `'enforce'` that the refusal proves
 * @throws {@link AppArmorError} `ENOENT`, `EACCES`, `EPERM` (no_new_privs); `ERR_APPARMOR_NO_PROCFS`; the
 *   codes of {@link availability}; `ERR_APPARMOR_PROCESS_SCOPE` for the scope `'process'`
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`
 * @example
 * ```js
 * import { changeProfile } from 'apparmor'
 * const { label, mode } = changeProfile('web', { scope: 'thread' })
 * ```
 */
export function changeProfile(profile: string, options?: ConfineOptions): ThreadReport {
  checkName(profile, 'profile', 'changeprofile')
  checkScope(options, 'aa_change_profile', profile)
  callNative((native) => native.changeProfile(profile), { profile })
  return report(profile)
}

/**
 * Adds a profile to the label of this process: aa_stack_profile(2). Afterwards only what every profile of
 * the stack permits is permitted; it works under no_new_privs too.
 *
 * @param profile the name of a loaded profile, as for {@link changeProfile}
 * @param options as for {@link changeProfile}
 * @returns the label the kernel shows afterwards: `'unconfined//&web'`
 * @throws as {@link changeProfile}
 * @example
 * ```js
 * import { stackProfile } from 'apparmor'
 * const { label } = stackProfile('web', { scope: 'thread' })
 * ```
 */
export function stackProfile(profile: string, options?: ConfineOptions): ThreadReport {
  checkName(profile, 'profile', 'stack')
  checkScope(options, 'aa_stack_profile', profile)
  callNative((native) => native.stackProfile(profile), { profile })
  return report(profile)
}

function checkScope(options: ConfineOptions | undefined, syscall: string, profile: string): void {
  checkOptions(options)
  const scope = options?.scope ?? 'process'
  checkOneOf(scope, 'options.scope', ['process', 'thread'])
  if (scope === 'process') {
    throw new AppArmorError({ code: 'ERR_APPARMOR_PROCESS_SCOPE', syscall, profile })
  }
}

function report(profile: string): ThreadReport {
  try {
    return { ...getcon(), threads: 1 }
  } catch (error) {
    // Refused by the profile that was just entered, hence it is enforced.
    if (!(error instanceof AppArmorError && error.code === 'EACCES')) throw error
    return { label: profile, mode: 'enforce', threads: 1 }
  }
}
