import { automaton } from './aare.ts'
import { checkString } from './check.ts'
import { worldOf } from './decide.ts'
import { checkPolicy } from './shape.ts'
import type { World } from './effective.ts'
import { Glob, type Pattern } from './pattern.ts'
import type { Policy } from './rules/index.ts'
import type { Hat, Profile } from './rules/profile.ts'

/** A profile that is defined in a policy. */
export interface DefinedProfile {
  /** its full name, as {@link decide} takes it: `'web'`, `'web//upload'`, `':ns://web'` */
  readonly name: string
  /**
   * the programs that it is attached to: the attachment in its head, or its name if that is a path; `null` for none
   */
  readonly attachment: Pattern | null
  readonly profile: Profile | Hat
}

/**
 * Lists the profiles of a policy: its own, their children and hats, and those of included files.
 *
 * It makes no system call and runs anywhere.
 *
 * @param policy as `parseProfile` returned it, with `resolve` if it includes files, or as it was made by code
 * @returns each profile before its children, in the order of the text; profiles in a branch that is not taken are
 *   left out
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 * @example
 * ```js
 * import { parseProfile, profilesIn } from 'apparmor/policy'
 * const policy = parseProfile('profile web /usr/bin/web {\n  ^upload {\n  }\n}\n')
 * profilesIn(policy).map(({ name }) => name) // ['web', 'web//upload']
 * ```
 */
export function profilesIn(policy: Policy): readonly DefinedProfile[] {
  return worldFor(policy).profiles.map(({ name, profile }) =>
    Object.freeze({ name, profile, attachment: attachmentOf(profile) }),
  )
}

/**
 * Returns the profiles that are attached to a program: those that it may get when an unconfined process executes it.
 *
 * If there are several, the kernel takes the one with the most specific attachment, or none if that is not clear.
 * Child profiles are never attached in this way. `xattrs` are ignored. It makes no system call and runs anywhere.
 *
 * @param policy as for {@link profilesIn}
 * @param program the absolute path of the program
 * @returns their names, in the order of the text
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 * @example
 * ```js
 * import { attachedTo, parseProfile } from 'apparmor/policy'
 * attachedTo(parseProfile('profile web /usr/{,local/}bin/web {\n}\n'), '/usr/local/bin/web') // ['web']
 * ```
 */
export function attachedTo(policy: Policy, program: string): readonly string[] {
  checkString(program, 'program')
  const world = worldFor(policy)
  return world.profiles
    .filter(({ name, profile }) => {
      const attachment = attachmentOf(profile)
      const isChild = profile.kind === 'hat' || name.replace(/^:[^:]*:\/\//, '').includes('//')
      return !isChild && attachment !== null && matches(world, name, attachment, program)
    })
    .map(({ name }) => name)
}

function worldFor(policy: unknown): World {
  checkPolicy(policy)
  return worldOf(policy)
}

function attachmentOf(profile: Profile | Hat): Pattern | null {
  if (profile.kind === 'hat') return null
  return profile.attachment ?? (/^(?:\/|@\{)/.test(String(profile.name)) ? profile.name : null)
}

function matches(world: World, name: string, attachment: Pattern, program: string): boolean {
  if (!Glob.is(attachment)) return attachment === program
  const expanded = world.expand(attachment, name)
  return expanded !== undefined && (automaton(expanded)?.matches(program) ?? false)
}
