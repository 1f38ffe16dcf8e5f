import type { FileQualifiers } from '../qualifiers.ts'
import type { Rule } from './index.ts'

/**
 * Rules that share their qualifiers: `owner { /a r, /b w, }`. In blocks, every apparmor_parser so far keeps only
 * rules for files, links and change_profile, and drops all others.
 */
export interface Block extends Omit<FileQualifiers, 'priority'> {
  readonly kind: 'block'
  readonly rules: readonly Rule[]
}
