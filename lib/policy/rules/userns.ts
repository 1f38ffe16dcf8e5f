import type { Reader } from '../reader.ts'
import { writePermissions, writeQualifiers } from '../writer.ts'
import type { Qualifiers } from '../qualifiers.ts'

/** User namespaces: `userns,`, `userns create,`. */
export interface UsernsRule extends Qualifiers {
  readonly kind: 'userns'
  readonly permissions?: readonly ['create']
}

/** Reads what follows `userns`. */
export function parseUserns(reader: Reader, qualifiers: Qualifiers): UsernsRule {
  reader.white()
  const create = reader.match(CREATE) !== undefined
  reader.white()
  reader.endRule()
  return { kind: 'userns', ...qualifiers, ...(create && { permissions: ['create'] as const }) }
}

const CREATE = /create(?=[\s,])/y

export const formatUserns = (rule: UsernsRule): string =>
  `${writeQualifiers(rule)}userns${writePermissions(rule.permissions)},`
