import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'

export type MqueuePermission =
  'create' | 'open' | 'delete' | 'getattr' | 'setattr' | 'read' | 'write'

/** Message queues: `mqueue (open, read) type=posix /queue,`. */
export interface MqueueRule extends Qualifiers {
  readonly kind: 'mqueue'
  /** every one of them without it */
  readonly permissions?: readonly MqueuePermission[]
  readonly type?: 'posix' | 'sysv'
  readonly label?: Pattern
  /** `/queue` of POSIX, or a number of System V */
  readonly name?: Pattern
}
