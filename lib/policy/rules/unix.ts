import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'
import type { SocketPermission, SocketType } from './network.ts'

/** The other end of a unix socket. */
export interface UnixPeer {
  /** `@abstract`, `'none'` or `'auto'` */
  readonly addr?: Pattern
  readonly label?: Pattern
}

/** Sockets of the machine: `unix (connect, send) type=stream peer=(label=web),`. */
export interface UnixRule extends Qualifiers {
  readonly kind: 'unix'
  /** every one of them without it */
  readonly permissions?: readonly SocketPermission[]
  readonly type?: SocketType
  /** `@abstract`, `'none'` or `'auto'`: sockets with a path are files */
  readonly addr?: Pattern
  readonly peer?: UnixPeer
}
