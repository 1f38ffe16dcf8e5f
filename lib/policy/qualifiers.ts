/** The words in front of a rule: `priority=`, `audit`, `allow`, `deny`, `prompt`, `owner`, `other`. */

/** What a rule does with what it matches. Left out it means `allow`. */
export type Access = 'allow' | 'deny' | 'prompt'

/** What may stand in front of nearly every rule. */
export interface Qualifiers {
  /** -1000 to 1000: of two rules for the same permission the higher one counts. Left out it means 0 */
  readonly priority?: number
  /** writes what it matches to the audit log */
  readonly audit?: boolean
  readonly access?: Access
}

/** What may stand in front of a rule for files. */
export interface FileQualifiers extends Qualifiers {
  /** `true` for files of the process's own user (`owner`), `false` for all others (`other`) */
  readonly owner?: boolean
}
