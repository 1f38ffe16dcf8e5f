import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'

/** What is done with a socket. */
export type SocketPermission = (typeof SOCKET_PERMISSIONS)[number]
/** An address family, without `AF_`. */
export type Family = (typeof FAMILIES)[number]
/** A type of socket, without `SOCK_`. */
export type SocketType = (typeof SOCKET_TYPES)[number]
/** A protocol that stands for a type. */
export type Protocol = (typeof PROTOCOLS)[number]

/** The other end of a connection. */
export interface NetworkPeer {
  readonly ip?: string
  /** `'443'`, `'22-443'` */
  readonly port?: string
  readonly label?: Pattern
}

/** Sockets but those of files: `network (send, receive) inet tcp,`. */
export interface NetworkRule extends Qualifiers {
  readonly kind: 'network'
  /** every one of them without it */
  readonly permissions?: readonly SocketPermission[]
  readonly family?: Family
  /** a type or a protocol */
  readonly type?: SocketType | Protocol
  /** an address of IPv4 or IPv6, or `'none'` */
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
