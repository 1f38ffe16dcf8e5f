import type { Reader } from '../reader.ts'
import { writePermissions, writeQualifiers } from '../writer.ts'
import type { Qualifiers } from '../qualifiers.ts'
import { byText, joining, type Compare, type Merge } from '../union.ts'

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

export const compareUserns: Compare<UsernsRule> = byText(formatUserns)

export const mergeUserns: Merge<UsernsRule> = joining({ permissions: ['create'] })
