import { plainName } from '../border/name.ts'
import { escape, writeWord } from '../border/word.ts'
import { launcherFile } from './launcher.ts'
import { checked } from './target.ts'

/**
 * Writes the rules that the profile of *this* process needs to start children under another profile. Only a process
 * that is itself confined needs them.
 *
 * @param profile the profile of the children
 * @returns rules in AppArmor's policy language, one a line, for this process's profile
 * @throws `AppArmorError` `ERR_APPARMOR_LAUNCHER` when the launcher is missing;
 *   `ERR_APPARMOR_UNSUPPORTED_PLATFORM`
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`
 * @example
 * ```js
 * import { parentRules } from 'apparmor/child_process'
 * console.log(parentRules('web'))
 * ```
 */
export function parentRules(profile: string): string {
  // The compiler skips no spaces, and has a meaning of its own for "&".
  const name = escape(plainName(checked(profile, 'profile', 'exec')))
  const target = writeWord(name)
  const lines = [
    '# start children under the profile, or with the profile stacked on the own one',
    `${writeWord(escape(launcherFile()))} ix,`,
    `change_profile -> ${target},`,
    `change_profile -> ${writeWord(`&${name}`)},`,
    '# end them, and hear from them',
    `signal (send, receive) peer=${target},`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}
