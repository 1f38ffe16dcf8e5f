import type { Reader } from '../reader.ts'
import { writeQualifiers } from '../writer.ts'
import type { Qualifiers } from '../qualifiers.ts'

/** Everything but change_profile and rlimits: `all,`. */
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
