import { userns } from '../../../policy/make.ts'
import type { UsernsRecord } from '../../record.ts'
import { rule, type Need } from '../need.ts'

/** A rule for user namespaces. */
export const fromRecord = (_: UsernsRecord): readonly Need[] => [
  rule(userns({ permissions: ['create'] }), { userns: 'create' }),
]

export const describe = (_: UsernsRecord): string => 'create a user namespace'
