import type { Reader } from '../reader.ts'
import { parseConditions, parsePeer, patterns, plain } from '../conditions.ts'
import type { Cond } from '../reader.ts'
import { parsePermissions, type Words } from '../permissions.ts'
import { writeCondition, writePeer, writePermissions, writeQualifiers } from '../writer.ts'
import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'
import { byText, joining, type Compare, type Merge } from '../union.ts'

/** A permission for a socket. */
export type SocketPermission = (typeof SOCKET_PERMISSIONS)[number]
/** An address family, without `AF_`. */
export type Family = (typeof FAMILIES)[number]
/** A type of socket, without `SOCK_`. */
export type SocketType = (typeof SOCKET_TYPES)[number]
/** A protocol, which a rule may name instead of a socket type. */
export type Protocol = (typeof PROTOCOLS)[number]

/** The other end of a connection. */
export interface NetworkPeer {
  readonly ip?: string
  /** `'443'`, `'22-443'` */
  readonly port?: string
  readonly label?: Pattern
}

/** Network sockets: `network (send, receive) inet tcp,`. */
export interface NetworkRule extends Qualifiers {
  readonly kind: 'network'
  /** default: all of them */
  readonly permissions?: readonly SocketPermission[]
  readonly family?: Family
  /** a type or a protocol */
  readonly type?: SocketType | Protocol
  /** an IPv4 or IPv6 address, or `'none'` */
  readonly ip?: string
  readonly port?: string
  readonly interface?: string
  readonly label?: Pattern
  readonly peer?: NetworkPeer
}

export const SOCKET_PERMISSIONS = [
  'create',
  'bind',
  'listen',
  'accept',
  'connect',
  'shutdown',
  'getattr',
  'setattr',
  'getopt',
  'setopt',
  'send',
  'receive',
] as const

export const FAMILIES = [
  'unspec',
  'unix',
  'inet',
  'ax25',
  'ipx',
  'appletalk',
  'netrom',
  'bridge',
  'atmpvc',
  'x25',
  'inet6',
  'rose',
  'netbeui',
  'security',
  'key',
  'netlink',
  'packet',
  'ash',
  'econet',
  'atmsvc',
  'rds',
  'sna',
  'irda',
  'pppox',
  'wanpipe',
  'llc',
  'ib',
  'mpls',
  'can',
  'tipc',
  'bluetooth',
  'iucv',
  'rxrpc',
  'isdn',
  'phonet',
  'ieee802154',
  'caif',
  'alg',
  'nfc',
  'vsock',
  'kcm',
  'qipcrtr',
  'smc',
  'xdp',
  'mctp',
] as const

export const SOCKET_TYPES = ['stream', 'dgram', 'seqpacket', 'rdm', 'raw', 'packet'] as const

export const PROTOCOLS = ['tcp', 'udp', 'icmp'] as const

export const SOCKET_WORDS: Words<SocketPermission> = {
  all: SOCKET_PERMISSIONS,
  read: 'receive',
  write: 'send',
}

/** The permissions that a rule with conditions for the peer cannot have. */
export const LOCAL_PERMISSIONS: readonly SocketPermission[] = [
  'create',
  'bind',
  'listen',
  'shutdown',
  'getattr',
  'setattr',
  'getopt',
  'setopt',
]

/** Reads what follows `network`. */
export function parseNetwork(reader: Reader, qualifiers: Qualifiers): NetworkRule {
  const at = reader.pos
  const permissions = parsePermissions(reader, SOCKET_WORDS)
  const words: string[] = []
  while (words.length < 2) {
    reader.white()
    const word = reader.isCondition() ? undefined : reader.modalWord()
    if (word === undefined) break
    words.push(word)
  }
  const conds = parseConditions(reader)
  const peer = parsePeer(reader)
  reader.white()
  reader.endRule()
  const rule: NetworkRule = {
    kind: 'network',
    ...qualifiers,
    ...(permissions && { permissions }),
    ...toFamily(reader, words, at),
    ...toAddress(reader, conds, ['ip', 'port', 'interface', 'label']),
    ...(peer && { peer: toAddress(reader, peer, ['ip', 'port', 'label']) }),
  }
  const problem = problemOfNetwork(rule)
  if (problem) reader.fail(problem, at)
  return rule
}

function toFamily(
  reader: Reader,
  words: readonly string[],
  at: number,
): Pick<NetworkRule, 'family' | 'type'> {
  const [first, second] = words
  if (first === undefined) return {}
  const isFamily = (FAMILIES as readonly string[]).includes(first)
  if (second === undefined && isFamily) return { family: first as Family }
  const type = second ?? first
  if ((second !== undefined && !isFamily) || !isType(type))
    reader.fail(`no network '${words.join(' ')}'`, at)
  return second === undefined ? { type } : { family: first as Family, type }
}

function isType(word: string): word is SocketType | Protocol {
  return ([...SOCKET_TYPES, ...PROTOCOLS] as readonly string[]).includes(word)
}

type Address = Pick<NetworkRule, 'ip' | 'port' | 'interface' | 'label'>

function toAddress(reader: Reader, conds: readonly Cond[], names: readonly string[]): Address {
  for (const [i, { name, at }] of conds.entries()) {
    if (!names.includes(name)) reader.fail(`no condition '${name}' in this rule`, at)
    if (conds.findIndex((cond) => cond.name === name) < i)
      reader.fail(`'${name}' is given twice`, at)
  }
  const text = (name: string): string | undefined =>
    plain(
      reader,
      conds.find((cond) => cond.name === name),
    )
  const [ip, port, device] = [text('ip'), text('port'), text('interface')]
  return {
    ...(ip !== undefined && { ip }),
    ...(port !== undefined && { port }),
    ...(device !== undefined && { interface: device }),
    ...patterns(
      reader,
      conds.filter(({ name }) => name === 'label'),
      ['label'],
    ),
  }
}

/** What cannot stand together, or is no address. */
export function problemOfNetwork(rule: NetworkRule): string | undefined {
  const { permissions = [], family, type, peer } = rule
  const addresses = [rule, peer ?? {}]
  for (const { ip, port } of addresses) {
    if (ip !== undefined && !isAddress(ip)) return `no address '${ip}'`
    if (port !== undefined && !isPort(port)) return `no port '${port}'`
  }
  if (!isNetwork(family, type)) return `no network '${family} ${type}'`
  const conditional = addresses.some((one) => (one.ip ?? one.port) !== undefined)
  if (conditional && family !== undefined && family !== 'inet' && family !== 'inet6') {
    return `'${family}' takes no addresses`
  }
  if (peer && (peer.ip ?? peer.port) !== undefined) {
    const local = permissions.find((permission) => LOCAL_PERMISSIONS.includes(permission))
    if (local) return `'${local}' takes no 'peer'`
  }
  return undefined
}

function isNetwork(family: Family | undefined, type: SocketType | Protocol | undefined): boolean {
  if (family === undefined || type === undefined) return true
  if (type === 'icmp') return family === 'inet'
  return type === 'tcp' || type === 'udp' ? family === 'inet' || family === 'inet6' : true
}

const BYTE = '(?:0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5])'
const IPV4 = new RegExp(`^(?:${BYTE}\\.){3}${BYTE}$`)

function isAddress(ip: string): boolean {
  return ip === 'none' || IPV4.test(ip) || isIpv6(ip)
}

function isIpv6(ip: string): boolean {
  const halves = ip.split('::')
  if (!ip.includes(':') || halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  const tail = groups.at(-1) ?? ''
  const mapped = tail.includes('.')
  if (mapped && !IPV4.test(tail)) return false
  const hex = mapped ? groups.slice(0, -1) : groups
  const count = hex.length + (mapped ? 2 : 0)
  if (!hex.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false
  return halves.length === 2 ? count < 8 : count === 8
}

function isPort(port: string): boolean {
  const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(port) ?? []
  return from !== undefined && Number(from) <= Number(to) && Number(to) <= 65_535
}

export function formatNetwork(rule: NetworkRule): string {
  const { permissions, family, type, ip, port, interface: device, label, peer } = rule
  const words = [family, type].filter((word) => word !== undefined).map((word) => ` ${word}`)
  const conditions = Object.entries({ ip, port, interface: device }).map(([name, value]) =>
    writeCondition(name, value),
  )
  const all = [
    writePermissions(permissions),
    ...words,
    ...conditions,
    writeCondition('label', label),
  ]
  return `${writeQualifiers(rule)}network${all.join('')}${writePeer(peer)},`
}

export const compareNetwork: Compare<NetworkRule> = byText(formatNetwork)

export const mergeNetwork: Merge<NetworkRule> = joining({ permissions: SOCKET_PERMISSIONS })
