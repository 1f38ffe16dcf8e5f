import type { Pattern } from '../pattern.ts'
import type { Condition } from './conditional.ts'

/** Values for `@{name}`: `@{HOME} = /home/* /root`. */
export interface Variable {
  readonly kind: 'variable'
  readonly name: string
  /** declares it, adds to it, declares it unless it is there, or replaces what it was */
  readonly operator: '=' | '+=' | '?=' | ':='
  readonly values: readonly Pattern[]
}

/** A truth for conditions: `$distribution = true`. */
export interface BooleanVariable {
  readonly kind: 'boolean'
  readonly name: string
  readonly value: boolean | Condition
}
