import type { Reader } from '../reader.ts'
import { writeName } from '../writer.ts'

/** Another place for files: rules for paths that begin with `from` also apply to `to`. */
export interface AliasRule {
  readonly kind: 'alias'
  readonly from: string
  readonly to: string
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
  return { kind: 'alias', from: reader.name(from), to: reader.name(to) }
}

export const formatAlias = (rule: AliasRule): string =>
  `alias ${writeName(rule.from)} -> ${writeName(rule.to)},`
