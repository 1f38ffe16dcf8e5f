import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'

/** Which profiles the process may take: `change_profile /bin/sh -> shell,`. */
export interface ChangeProfileRule extends Qualifiers {
  readonly kind: 'change_profile'
  /** only by executing this program */
  readonly exec?: Pattern
  /** any profile without it */
  readonly target?: Pattern
  /** cleans the environment at the exec, or does not */
  readonly environment?: 'safe' | 'unsafe'
}
