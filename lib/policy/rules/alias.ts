import type { Reader } from '../reader.ts'
import type { Pattern } from '../pattern.ts'
import { writePattern } from '../writer.ts'

/** Another place for files: rules for paths that begin with `from` also apply to `to`. */
export interface AliasRule {
  readonly kind: 'alias'
  readonly from: Pattern
  readonly to: Pattern
}

/** Reads what follows `alias` or `rewrite`. */
export function parseAlias(reader: Reader): AliasRule {
  reader.space()
  const from = reader.word() ?? reader.expected('a path')
  reader.space()
  if (!reader.take('->')) reader.expected("'->'")
  reader.white()
  const to = reader.word() ?? reader.expected('a path')
  reader.space()
  reader.endRule()
  return { kind: 'alias', from: reader.pattern(from), to: reader.pattern(to) }
}

export const formatAlias = (rule: AliasRule): string =>
  `alias ${writePattern(rule.from)} -> ${writePattern(rule.to)},`
