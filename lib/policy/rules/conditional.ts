import type { Rule } from './index.ts'

/** What is asked by `if`. */
export type Condition =
  | { readonly op: 'boolean'; readonly name: string }
  | { readonly op: 'defined'; readonly variable: string; readonly boolean?: boolean }
  | { readonly op: 'not'; readonly condition: Condition }
  | { readonly op: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | {
      readonly op: '==' | '!=' | 'in' | '<' | '<=' | '>' | '>='
      /** a word, or `@{name}` */
      readonly left: string
      readonly right: string
    }

/** The rules for one condition; without one, of the last `else`. */
export interface Branch {
  readonly kind: 'branch'
  readonly condition?: Condition
  readonly rules: readonly Rule[]
}

/** Rules for one case: `if ${flag} { … } else if … { … } else { … }`. */
export interface Conditional {
  readonly kind: 'if'
  readonly branches: readonly Branch[]
}
