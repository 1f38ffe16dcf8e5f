/** Pieces that the rules are written from. */
import { patternText, type Pattern } from './pattern.ts'
import type { FileQualifiers } from './qualifiers.ts'
import { writeWord } from './word.ts'

/** A pattern as a word. */
export const writePattern = (pattern: Pattern): string => writeWord(patternText(pattern))

/** A name as a word: it has no patterns. */
export const writeName = (name: Pattern): string =>
  writeWord(typeof name === 'string' ? name : name.text)

/** `name=pattern`, with a blank before it; nothing without a pattern. */
export function writeCondition(name: string, pattern: Pattern | undefined): string {
  return pattern === undefined ? '' : ` ${name}=${writePattern(pattern)}`
}

/** `peer=(name=pattern …)`, with a blank before it; nothing without patterns. */
export function writePeer(peer: object | undefined): string {
  if (!peer) return ''
  const conditions = Object.entries(peer as Record<string, Pattern>).map(
    ([name, pattern]) => `${name}=${writeWord(patternText(pattern), true)}`,
  )
  return ` peer=(${conditions.join(' ')})`
}

/** A permission, or several in parentheses, with a blank before them; nothing without any. */
export function writePermissions(permissions: readonly string[] | undefined): string {
  return permissions === undefined ? '' : ` ${writeList(permissions)}`
}

/** A word, or several in parentheses. */
export function writeList(words: readonly string[]): string {
  return words.length === 1 ? (words[0] as string) : `(${words.join(', ')})`
}

/** The words before a rule, each with a blank behind it. */
export function writeQualifiers(rule: FileQualifiers): string {
  const { priority, audit, access, owner } = rule
  return (
    (priority === undefined ? '' : `priority=${priority} `) +
    (audit ? 'audit ' : '') +
    (access ? `${access} ` : '') +
    (owner === undefined ? '' : owner ? 'owner ' : 'other ')
  )
}
