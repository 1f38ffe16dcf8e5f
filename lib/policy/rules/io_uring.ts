import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'

export type IoUringPermission = 'sqpoll' | 'override_creds'

/** What io_uring does with rights: `io_uring (sqpoll),`. */
export interface IoUringRule extends Qualifiers {
  readonly kind: 'io_uring'
  /** both without it */
  readonly permissions?: readonly IoUringPermission[]
  readonly label?: Pattern
}
