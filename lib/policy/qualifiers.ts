/** The words in front of a rule: `priority=`, `audit`, `allow`, `deny`, `prompt`, `owner`, `other`. */

/** What a rule does with what it matches. Default: `allow`. */
export type Access = 'allow' | 'deny' | 'prompt'

/** Qualifiers that nearly every rule may have. */
export interface Qualifiers {
  /** -1000 to 1000: of two rules for the same permission, the one with the higher priority applies. Default: 0 */
  readonly priority?: number
  /** `true`: what the rule matches is written to the audit log */
  readonly audit?: boolean
  readonly access?: Access
}

/** Qualifiers that a file rule may have. */
export interface FileQualifiers extends Qualifiers {
  /** `true` for files of the process's own user (`owner`), `false` for all others (`other`) */
  readonly owner?: boolean
}
