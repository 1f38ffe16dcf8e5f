import { capability, rlimit } from '../../../policy/make.ts'
import { LIMITS, type Limit } from '../../../policy/rules/rlimit.ts'
import type { RlimitRecord } from '../../record.ts'
import { advice, rule, type Need } from '../need.ts'
import { shown } from '../words.ts'

/** A higher limit in the profile; for another task's, the capability that the kernel asks for. */
export function fromRecord(record: RlimitRecord): readonly Need[] {
  const { rlimit: limit, value, info } = record
  if (info === 'cap_sys_resource') {
    return [rule(capability('sys_resource'), { capability: 'sys_resource' })]
  }
  if (limit === undefined || value === undefined) return []
  if (!(LIMITS as readonly string[]).includes(limit)) {
    return [advice(`The policy language has no limit ${shown(limit)}.`)]
  }
  // The kernel counts niceness from 20 down.
  const allowed = limit === 'nice' && value !== 'infinity' ? 20 - value : value
  return [rule(rlimit(limit as Limit, allowed))]
}

export const describe = ({ rlimit: limit = '', value, peer }: RlimitRecord): string =>
  `raise the limit ${shown(limit)}${peer === undefined ? '' : ` of ${shown(peer)}`} to ${value ?? '?'}`
