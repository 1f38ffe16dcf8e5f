import type { Pattern } from '../pattern.ts'
import type { FileQualifiers } from '../qualifiers.ts'

/** Hard links: `link /srv/new -> /srv/old,`. */
export interface LinkRule extends FileQualifiers {
  readonly kind: 'link'
  readonly path: Pattern
  readonly target: Pattern
  /** the link may not permit more than its target */
  readonly subset?: boolean
}
