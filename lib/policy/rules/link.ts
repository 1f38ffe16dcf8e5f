import type { Reader } from '../reader.ts'
import { writePattern, writeQualifiers } from '../writer.ts'
import type { Pattern } from '../pattern.ts'
import type { FileQualifiers } from '../qualifiers.ts'
import { byText, joining, type Compare, type Merge } from '../union.ts'

/** Hard links: `link /srv/new -> /srv/old,`. */
export interface LinkRule extends FileQualifiers {
  readonly kind: 'link'
  readonly path: Pattern
  readonly target: Pattern
  /** `true`: the link may not give more permissions than its target */
  readonly subset?: boolean
}

/** Reads what follows `link`. */
export function parseLink(reader: Reader, qualifiers: FileQualifiers): LinkRule {
  reader.space()
  const subset = reader.match(SUBSET) !== undefined
  reader.space()
  const path = reader.pattern(reader.path() ?? reader.expected('a path'))
  reader.space()
  if (!reader.take('->')) reader.expected("'->'")
  reader.white()
  const target = reader.pattern(reader.word() ?? reader.expected('a path'))
  reader.space()
  reader.endRule()
  return { kind: 'link', ...qualifiers, ...(subset && { subset }), path, target }
}

const SUBSET = /subset(?=[\s"/@])/y

export function formatLink(rule: LinkRule): string {
  const subset = rule.subset ? 'subset ' : ''
  const { path, target } = rule
  return `${writeQualifiers(rule)}link ${subset}${writePattern(path)} -> ${writePattern(target)},`
}

export const compareLink: Compare<LinkRule> = byText(formatLink, ({ path }) => path)

export const mergeLink: Merge<LinkRule> = joining()
