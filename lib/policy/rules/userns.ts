import type { Qualifiers } from '../qualifiers.ts'

/** User namespaces: `userns,`, `userns create,`. */
export interface UsernsRule extends Qualifiers {
  readonly kind: 'userns'
  readonly permissions?: readonly ['create']
}
