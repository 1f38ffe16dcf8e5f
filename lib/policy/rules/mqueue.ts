import type { Reader } from '../reader.ts'
import { parseConditions, plain, patterns } from '../conditions.ts'
import { parsePermissions, type Words } from '../permissions.ts'
import { writeCondition, writePattern, writePermissions, writeQualifiers } from '../writer.ts'
import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'
import { byText, joining, type Compare, type Merge } from '../union.ts'

export type MqueuePermission =
  'create' | 'open' | 'delete' | 'getattr' | 'setattr' | 'read' | 'write'

/** Message queues: `mqueue (open, read) type=posix /queue,`. */
export interface MqueueRule extends Qualifiers {
  readonly kind: 'mqueue'
  /** default: all of them */
  readonly permissions?: readonly MqueuePermission[]
  readonly type?: 'posix' | 'sysv'
  readonly label?: Pattern
  /** `/queue` of POSIX, or a number of System V */
  readonly name?: Pattern
}

const WORDS: Words<MqueuePermission> = {
  all: ['create', 'open', 'delete', 'getattr', 'setattr', 'read', 'write'],
  read: 'read',
  write: 'write',
}

/** Reads what follows `mqueue`. */
export function parseMqueue(reader: Reader, qualifiers: Qualifiers): MqueueRule {
  const at = reader.pos
  const permissions = parsePermissions(reader, WORDS)
  const conds = parseConditions(reader)
  const isType = (cond: { name: string }): boolean => cond.name === 'type'
  if (conds.filter(isType).length > 1) reader.fail("'type' is given twice", at)
  const type = plain(reader, conds.find(isType))
  if (type !== undefined && type !== 'posix' && type !== 'sysv') {
    reader.fail("'type' is 'posix' or 'sysv'", at)
  }
  const { label } = patterns(
    reader,
    conds.filter((cond) => !isType(cond)),
    ['label'],
  )
  reader.white()
  const name = reader.modalWord()
  if (name !== undefined) {
    const posix = /^"?\//.test(name)
    if (!posix && !/^"?\d+"?$/.test(name))
      reader.fail("the name of a queue is '/name' or a number", at)
    if (type && posix !== (type === 'posix')) reader.fail("'type' does not fit the name", at)
  }
  reader.white()
  reader.endRule()
  return {
    kind: 'mqueue',
    ...qualifiers,
    ...(permissions && { permissions }),
    ...(type !== undefined && { type }),
    ...(label !== undefined && { label }),
    ...(name !== undefined && { name: reader.pattern(name) }),
  }
}

export function formatMqueue(rule: MqueueRule): string {
  const { permissions, type, label, name } = rule
  const conditions = `${type ? ` type=${type}` : ''}${writeCondition('label', label)}`
  const queue = name === undefined ? '' : ` ${writePattern(name)}`
  return `${writeQualifiers(rule)}mqueue${writePermissions(permissions)}${conditions}${queue},`
}

export const compareMqueue: Compare<MqueueRule> = byText(formatMqueue, ({ name }) => name)

export const mergeMqueue: Merge<MqueueRule> = joining({ permissions: WORDS.all })
