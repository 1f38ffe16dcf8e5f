import type { Reader } from '../reader.ts'
import { writeQualifiers } from '../writer.ts'
import type { Qualifiers } from '../qualifiers.ts'
import { byText, joining, type Compare, type Merge } from '../union.ts'

/** Everything except change_profile and resource limits: `all,`. */
export interface AllRule extends Omit<Qualifiers, 'priority'> {
  readonly kind: 'all'
}

/** Reads what follows `all`. */
export function parseAll(reader: Reader, qualifiers: Omit<Qualifiers, 'priority'>): AllRule {
  reader.space()
  reader.endRule()
  return { kind: 'all', ...qualifiers }
}

export const formatAll = (rule: AllRule): string => `${writeQualifiers(rule)}all,`

export const compareAll: Compare<AllRule> = byText(formatAll)

export const mergeAll: Merge<AllRule> = joining()
