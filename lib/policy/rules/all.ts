import type { Qualifiers } from '../qualifiers.ts'

/** Everything but change_profile and rlimits: `all,`. */
export interface AllRule extends Omit<Qualifiers, 'priority'> {
  readonly kind: 'all'
}
