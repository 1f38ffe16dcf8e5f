/** What grows into a suggestion. */
import { format } from '../../policy/format.ts'
import type { AccessRule } from '../../policy/rules/index.ts'
import type { IncludeRule } from '../../policy/rules/include.ts'
import type { RlimitRule } from '../../policy/rules/rlimit.ts'
import type { AuditRecord } from '../record.ts'
import type { Choice } from './exec.ts'
import type { Generalisation } from './generalise.ts'
import type { Act } from './need.ts'
import type { Suggestion } from './suggest.ts'

/** A suggestion that may still grow. */
export interface Draft {
  readonly kind: Suggestion['kind']
  readonly profile: string
  text: string
  rule?: AccessRule | RlimitRule
  readonly exact: Map<string, AccessRule | RlimitRule>
  readonly steps: Map<string, Generalisation>
  readonly acts: Act[]
  readonly records: Set<AuditRecord>
  choices?: readonly Choice[]
  flag?: string
}

/** The rule as it is written anew. */
export const textOf = (rule: AccessRule | RlimitRule | IncludeRule): string =>
  format(rule, { anew: true }).trimEnd()
