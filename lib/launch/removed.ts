/**
 * Children that lost their profile. When a profile is removed, the kernel puts "unconfined" in its place: in
 * programs that run under it, and in the request for the next exec that the launcher has made. Such an exec
 * succeeds, and the program runs unconfined. A profile that is replaced keeps its programs.
 */
import { callNative } from '../border/call.ts'
import { AppArmorError } from '../border/errors.ts'
import { plainName } from '../border/name.ts'
import { getcon, getTaskCon } from '../inspect/identity.ts'
import { labelIncludes, parseLabel } from '../inspect/label.ts'
import type { Target } from './target.ts'

/**
 * The error for a child that was executed a moment ago and runs without its profile, because that was removed.
 * One that has left the profile by the profile's own rules is none.
 */
export function removedAtExec(target: Target, pid: number): AppArmorError | undefined {
  return isWithout(target, pid) && isRemoved(target) ? removed(target) : undefined
}

/** The error for a child that has ended, and whose profile is not loaded any more. */
export function removedSinceExec(target: Target): AppArmorError | undefined {
  // Of a confined process the kernel may say so of a profile that it has no rule for.
  return isRemoved(target) && getcon().label === UNCONFINED ? removed(target) : undefined
}

const UNCONFINED = 'unconfined'

function removed({ profile }: Target): AppArmorError {
  return new AppArmorError({ code: 'ERR_APPARMOR_PROFILE_REMOVED', profile })
}

function isWithout({ profile }: Target, pid: number): boolean {
  try {
    const { label } = getTaskCon(pid)
    const freed = parseLabel(label).some(({ name }) => name === UNCONFINED)
    return freed && !labelIncludes(label, plainName(profile))
  } catch {
    return false // it has ended, or its label may not be read
  }
}

function isRemoved({ profile }: Target): boolean {
  try {
    callNative((native) => native.tryProfile(profile), { profile })
    return false
  } catch (error) {
    return error instanceof AppArmorError && error.code === 'ENOENT' && error.path === undefined
  }
}
