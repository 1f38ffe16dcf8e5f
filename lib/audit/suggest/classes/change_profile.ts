import { nameFault } from '../../../border/name.ts'
import { changeProfile } from '../../../policy/make.ts'
import type { ChangeProfileRecord } from '../../record.ts'
import { advice, rule, type Need } from '../need.ts'
import { shown } from '../words.ts'

/** A rule for the profile that was asked for; for stacking, with its sign. */
export function fromRecord(record: ChangeProfileRecord): readonly Need[] {
  const { operation = '', info = '' } = record
  const label = record.target ?? record.name
  if (label === undefined) return []
  // Nor does a profile's name begin as a child's.
  if (nameFault(label) !== undefined || /^&?\/\//.test(label)) {
    return [advice(`No profile can be named ${shown(label)}.`)]
  }
  if (info.includes('label not found')) {
    return [
      advice(`The profile ${shown(label)} is not loaded. Load it; then a rule can permit it.`),
    ]
  }
  if (info.includes('no new privs')) {
    return [
      advice(
        'The process has no_new_privs set: it can stack a profile on its own, but not leave its own.',
      ),
    ]
  }
  if (info.includes('single threaded')) {
    return [advice('The process has several threads, and may change only its own label.')]
  }
  const target = operation.startsWith('stack') ? `&${label}` : label
  return [rule(changeProfile(target), { changeProfile: target })]
}

export function describe({ operation = '', target, name = '' }: ChangeProfileRecord): string {
  const label = shown(target ?? name)
  const when = operation.endsWith('onexec') ? ' at its next exec' : ''
  return operation.startsWith('stack')
    ? `stack the profile ${label} on its own${when}`
    : `change to the profile ${label}${when}`
}
