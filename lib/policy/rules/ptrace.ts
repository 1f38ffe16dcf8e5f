import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'

export type PtracePermission = 'trace' | 'tracedby' | 'read' | 'readby'

/** Looking into other processes, and being looked into: `ptrace (read) peer=web,`. */
export interface PtraceRule extends Qualifiers {
  readonly kind: 'ptrace'
  /** every one of them without it */
  readonly permissions?: readonly PtracePermission[]
  /** the label of the other process */
  readonly peer?: Pattern
}
