import type { Reader } from '../reader.ts'
import { parseConditions, patterns } from '../conditions.ts'
import { writeCondition, writePermissions, writeQualifiers } from '../writer.ts'
import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'
import { byText, joining, type Compare, type Merge } from '../union.ts'

export type IoUringPermission = 'sqpoll' | 'override_creds'

/** The use of io_uring with other credentials: `io_uring (sqpoll),`. */
export interface IoUringRule extends Qualifiers {
  readonly kind: 'io_uring'
  /** default: both */
  readonly permissions?: readonly IoUringPermission[]
  readonly label?: Pattern
}

const WORDS: readonly IoUringPermission[] = ['sqpoll', 'override_creds']

/** Reads what follows `io_uring`. */
export function parseIoUring(reader: Reader, qualifiers: Qualifiers): IoUringRule {
  reader.space()
  const at = reader.pos
  const list = reader.at('(')
    ? reader.list(true)
    : [reader.match(WORD)].filter((w) => w !== undefined)
  const found = new Set(list)
  for (const word of found) {
    if (!(WORDS as readonly string[]).includes(word)) {
      reader.fail(`no permission '${word}' in this rule`, at)
    }
  }
  const permissions = WORDS.filter((word) => found.has(word))
  const { label } = patterns(reader, parseConditions(reader), ['label'])
  reader.space()
  reader.endRule()
  return {
    kind: 'io_uring',
    ...qualifiers,
    ...(permissions.length > 0 && { permissions }),
    ...(label !== undefined && { label }),
  }
}

const WORD = /(?:sqpoll|override_creds)(?=[\s,])/y

export const formatIoUring = (rule: IoUringRule): string =>
  `${writeQualifiers(rule)}io_uring${writePermissions(rule.permissions)}${writeCondition('label', rule.label)},`

export const compareIoUring: Compare<IoUringRule> = byText(formatIoUring)

export const mergeIoUring: Merge<IoUringRule> = joining({ permissions: WORDS })
