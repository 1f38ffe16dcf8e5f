import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'

/** Another root directory: `pivot_root oldroot=/new/old/ /new/,`. */
export interface PivotRootRule extends Qualifiers {
  readonly kind: 'pivot_root'
  readonly oldroot?: Pattern
  readonly newroot?: Pattern
  /** the profile that the process gets */
  readonly target?: string
}
