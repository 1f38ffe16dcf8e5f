/** The name by which a manifest asks for a profile. */
import { checkPolicy } from '../shape.ts'
import { checkProfile } from '../../border/args.ts'
import { invalidArgType, invalidArgValue } from '../../border/invalid.ts'
import { nameParts, plainName } from '../../border/name.ts'
import { isObject } from '../check.ts'
import type { Policy } from '../rules/index.ts'
import type { Profile } from '../rules/profile.ts'

/** A profile by its name, by its model, or a policy that has one profile. */
export type Named = string | Profile | Policy

/** The label that `named` stands for, as runc and systemd hand it to the kernel. */
export function labelOf(named: Named): string {
  const name = typeof named === 'string' ? named : nameIn(onlyProfile(named))
  checkProfile(name, 'profile', 'exec')
  if (/[^ -~\x80-\u{10ffff}]|[\udc80-\udcff]/u.test(name)) {
    throw invalidArgValue('profile', 'must be printable UTF-8 text', name)
  }
  return plainName(name)
}

/** The same where only the name of one loaded profile will do. */
export function nameOf(named: Named): string {
  const label = labelOf(named)
  const [first, ...rest] = nameParts(label)
  if (rest.length > 0 || first?.namespace !== null) {
    throw invalidArgValue('profile', 'must be one profile, without a policy namespace', label)
  }
  return label
}

/** The one profile of a policy. */
export function onlyProfile(named: Profile | Policy): Profile {
  if (!isObject(named)) throw invalidArgType('profile', 'a name, a profile or a policy', named)
  if (named.kind === 'profile') return named
  if (named.kind === 'policy') checkPolicy(named)
  const profiles =
    named.kind === 'policy' ? named.rules.filter((rule) => rule.kind === 'profile') : []
  const [profile] = profiles
  if (!profile || profiles.length > 1) {
    throw invalidArgValue('profile', 'must be one profile, or a policy that has one', named)
  }
  return profile as Profile
}

function nameIn({ name, namespace }: Profile): string {
  if (typeof name !== 'string') {
    throw invalidArgValue('profile', 'must have a name that is no pattern: give it one', name)
  }
  return namespace === undefined ? name : `:${namespace}:${name}`
}
