import type { Reader } from '../reader.ts'
import { parseConditions, parsePeer, patterns } from '../conditions.ts'
import { parsePermissions, type Words } from '../permissions.ts'
import { writeCondition, writePeer, writePermissions, writeQualifiers } from '../writer.ts'
import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'
import { byText, joining, type Compare, type Merge } from '../union.ts'

export type DbusPermission = 'send' | 'receive' | 'bind' | 'eavesdrop'

/** The other end of a message. */
export interface DbusPeer {
  readonly name?: Pattern
  readonly label?: Pattern
}

/** Messages and names of D-Bus: `dbus send bus=system path=/org/example member=Get,`. */
export interface DbusRule extends Qualifiers {
  readonly kind: 'dbus'
  /** default: those that the conditions fit */
  readonly permissions?: readonly DbusPermission[]
  readonly bus?: Pattern
  readonly path?: Pattern
  readonly interface?: Pattern
  readonly member?: Pattern
  /** the process's own name on the bus, for `bind` */
  readonly name?: Pattern
  readonly peer?: DbusPeer
}

const WORDS: Words<DbusPermission> = {
  all: ['send', 'receive', 'bind', 'eavesdrop'],
  read: 'receive',
  write: 'send',
}

/** Reads what follows `dbus`. */
export function parseDbus(reader: Reader, qualifiers: Qualifiers): DbusRule {
  const at = reader.pos
  const permissions = parsePermissions(reader, WORDS)
  const own = patterns(reader, parseConditions(reader), [
    'bus',
    'path',
    'interface',
    'member',
    'name',
  ])
  const peer = parsePeer(reader)
  reader.white()
  reader.endRule()
  const rule: DbusRule = {
    kind: 'dbus',
    ...qualifiers,
    ...(permissions && { permissions }),
    ...own,
    ...(peer && { peer: patterns(reader, peer, ['name', 'label']) }),
  }
  const problem = problemOfDbus(rule)
  if (problem) reader.fail(problem, at)
  return rule
}

/** What cannot stand together in a rule. */
export function problemOfDbus(rule: DbusRule): string | undefined {
  const { permissions = [], name, path, member, peer } = rule
  const message = (path ?? rule.interface ?? member ?? peer?.name ?? peer?.label) !== undefined
  if (message && name !== undefined) return "'name' cannot stand with conditions for messages"
  if (message && permissions.includes('bind')) return "'bind' takes no conditions for messages"
  if (name !== undefined && (permissions.includes('send') || permissions.includes('receive'))) {
    return "'name' is for 'bind' only"
  }
  if (permissions.includes('eavesdrop') && (message || name !== undefined)) {
    return "'eavesdrop' takes 'bus' only"
  }
  return undefined
}

export function formatDbus(rule: DbusRule): string {
  const conditions = (['bus', 'path', 'interface', 'member', 'name'] as const)
    .map((name) => writeCondition(name, rule[name]))
    .join('')
  const permissions = writePermissions(rule.permissions)
  return `${writeQualifiers(rule)}dbus${permissions}${conditions}${writePeer(rule.peer)},`
}

export const compareDbus: Compare<DbusRule> = byText(formatDbus)

export const mergeDbus: Merge<DbusRule> = joining({ permissions: WORDS.all })
