import type { Reader } from '../reader.ts'
import { parseConditions, parsePeer, patterns, plain } from '../conditions.ts'
import { parsePermissions } from '../permissions.ts'
import { writeCondition, writePeer, writePermissions, writeQualifiers } from '../writer.ts'
import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'
import {
  LOCAL_PERMISSIONS,
  SOCKET_TYPES,
  SOCKET_WORDS,
  type SocketPermission,
  type SocketType,
} from './network.ts'
import { byText, joining, type Compare, type Merge } from '../union.ts'

/** The other end of a unix socket. */
export interface UnixPeer {
  /** `@abstract`, `'none'` or `'auto'` */
  readonly addr?: Pattern
  readonly label?: Pattern
}

/** Unix sockets: `unix (connect, send) type=stream peer=(label=web),`. */
export interface UnixRule extends Qualifiers {
  readonly kind: 'unix'
  /** default: all of them */
  readonly permissions?: readonly SocketPermission[]
  readonly type?: SocketType
  /** `@abstract`, `'none'` or `'auto'`; file rules apply to sockets with a path */
  readonly addr?: Pattern
  readonly peer?: UnixPeer
}

/** Reads what follows `unix`. */
export function parseUnix(reader: Reader, qualifiers: Qualifiers): UnixRule {
  const at = reader.pos
  const permissions = parsePermissions(reader, SOCKET_WORDS)
  const conds = parseConditions(reader)
  const types = conds.filter(({ name }) => name === 'type')
  if (types.length > 1) reader.fail("'type' is given twice", at)
  const type = plain(reader, types[0])
  if (type !== undefined && !(SOCKET_TYPES as readonly string[]).includes(type)) {
    reader.fail(`no type '${type}'`, at)
  }
  const own = patterns(
    reader,
    conds.filter(({ name }) => name !== 'type'),
    ['addr'],
  )
  const peer = parsePeer(reader)
  reader.white()
  reader.endRule()
  const rule: UnixRule = {
    kind: 'unix',
    ...qualifiers,
    ...(permissions && { permissions }),
    ...(type !== undefined && { type: type as SocketType }),
    ...own,
    ...(peer && { peer: patterns(reader, peer, ['addr', 'label']) }),
  }
  const problem = problemOfUnix(rule)
  if (problem) reader.fail(problem, at)
  return rule
}

/** What cannot stand together, or is no address. */
export function problemOfUnix(rule: UnixRule): string | undefined {
  const { permissions = [], addr, peer } = rule
  for (const address of [addr, peer?.addr]) {
    if (address !== undefined && !/^(?:@|none$|auto$)/.test(String(address))) {
      return `an address is '@name', 'none' or 'auto', not '${address}'`
    }
  }
  const local = permissions.find((permission) => LOCAL_PERMISSIONS.includes(permission))
  if (local && (peer?.addr ?? peer?.label) !== undefined) return `'${local}' takes no 'peer'`
  return undefined
}

export function formatUnix(rule: UnixRule): string {
  const { permissions, type, addr, peer } = rule
  const conditions = `${type ? ` type=${type}` : ''}${writeCondition('addr', addr)}`
  return `${writeQualifiers(rule)}unix${writePermissions(permissions)}${conditions}${writePeer(peer)},`
}

export const compareUnix: Compare<UnixRule> = byText(formatUnix)

export const mergeUnix: Merge<UnixRule> = joining({ permissions: SOCKET_WORDS.all })
