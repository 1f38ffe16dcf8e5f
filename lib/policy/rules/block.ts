import type { FileQualifiers } from '../qualifiers.ts'
import type { Rule } from './index.ts'

/**
 * Rules that share their qualifiers: `owner { /a r, /b w, }`. Every apparmor_parser up to now drops rules
 * in blocks but those for files, links and change_profile.
 */
export interface Block extends Omit<FileQualifiers, 'priority'> {
  readonly kind: 'block'
  readonly rules: readonly Rule[]
}
