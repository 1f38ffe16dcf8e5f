import { ruleWord } from '../border/text.ts'
import { launcherFile } from './launcher.ts'
import { checked } from './target.ts'

/**
 * Writes the rules that the profile of *this* process needs, when it is confined itself, to start children
 * under another profile.
 *
 * @param profile the profile of the children
 * @returns lines of AppArmor's policy language, to put into this process's profile
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
  const target = ruleWord(checked(profile, 'profile', 'exec'))
  const lines = [
    '# start children under the profile, or with the profile stacked on the own one',
    `${ruleWord(escape(launcherFile()))} ix,`,
    `change_profile -> ${target},`,
    `change_profile -> ${ruleWord(`&${profile}`)},`,
    '# end them, and hear from them',
    `signal (send, receive) peer=${target},`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}

// A path in a rule is a pattern.
function escape(path: string): string {
  return path.replace(/[\\*?[\]{}^"]/g, '\\$&')
}
