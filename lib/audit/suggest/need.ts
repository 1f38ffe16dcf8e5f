/** What one record asks of a policy, before it is merged with what others ask. */
import type { Question } from '../../policy/decide.ts'
import type { AccessRule } from '../../policy/rules/index.ts'
import type { RlimitRule } from '../../policy/rules/rlimit.ts'

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/** One act, as `decide` is asked about it. */
export type Act = Without<Question, 'profile'>

export type Need =
  /** a rule; `act` asks whether there is one already */
  | { readonly kind: 'rule'; readonly rule: AccessRule | RlimitRule; readonly act?: Act }
  /** the start of a program, which may be permitted in several ways */
  | {
      readonly kind: 'exec'
      readonly path: string
      readonly owner: boolean
      readonly seen: boolean
    }
  | { readonly kind: 'hat'; readonly name: string }
  | { readonly kind: 'flag'; readonly flag: string }
  /** what no rule helps against */
  | { readonly kind: 'advice'; readonly text: string }

export const rule = (rule: AccessRule | RlimitRule, act?: Act): Need => ({
  kind: 'rule',
  rule,
  ...(act && { act }),
})

export const advice = (text: string): Need => ({ kind: 'advice', text })

/** The words that a mask has. */
export const wordsOf = (record: {
  readonly requestedMask?: string
  readonly deniedMask?: string
}): readonly string[] =>
  (record.deniedMask ?? record.requestedMask ?? '').split(/[ ,]+/).filter((word) => word !== '')

/** Those of the words that the language has, in its order. */
export const known = <W extends string>(all: readonly W[], words: readonly string[]): W[] =>
  all.filter((word) => words.includes(word))
