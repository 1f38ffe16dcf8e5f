import { capability } from '../../../policy/make.ts'
import { CAPABILITIES, type Capability } from '../../../policy/rules/capability.ts'
import type { CapRecord } from '../../record.ts'
import { advice, rule, type Need } from '../need.ts'
import { shown } from '../words.ts'

/** A rule for the capability, unless the program did well without it. */
export function fromRecord({ name, info = '' }: CapRecord): readonly Need[] {
  // A question of the kernel's own, which takes "no" for an answer.
  if (name === undefined || info.startsWith('optional')) return []
  if (!(CAPABILITIES as readonly string[]).includes(name)) {
    return [advice(`The policy language has no capability ${shown(name)}.`)]
  }
  return [rule(capability(name as Capability), { capability: name as Capability })]
}

export const describe = ({ name = '' }: CapRecord): string => `use the capability ${shown(name)}`
