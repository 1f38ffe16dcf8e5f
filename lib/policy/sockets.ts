/** Whether rules for sockets speak of an act on a unix socket, as the kernels do that mediate these. */
import type { Pattern } from './pattern.ts'
import { LOCAL_PERMISSIONS, type NetworkRule, type SocketPermission } from './rules/network.ts'
import type { UnixRule } from './rules/unix.ts'

/** How a pattern is held against a text; what is missing is an empty one. */
export type Matches = (pattern: Pattern | undefined, text: string | undefined) => boolean

/** What is asked of a unix socket. */
export interface UnixAct {
  readonly permission: SocketPermission
  readonly type?: string | undefined
  readonly addr?: string | undefined
  readonly peerAddr?: string | undefined
  readonly peerLabel?: string | undefined
}

/** A rule for the network that names no other family permits everything, whatever its permissions are. */
export function networkCoversUnix({ family, type }: NetworkRule, act: UnixAct): boolean {
  return (family === undefined || family === 'unix') && (type === undefined || type === act.type)
}

/** The stages at which the kernel asks: the socket, its address, the other end. */
export function unixCovers(rule: UnixRule, act: UnixAct, matches: Matches): boolean {
  const { permission, type, addr, peerAddr, peerLabel } = act
  if (rule.permissions && !rule.permissions.includes(permission)) return false
  if (rule.type !== undefined && rule.type !== type) return false
  const { peer } = rule
  const hasPeer = (peer?.addr ?? peer?.label) !== undefined
  if (permission === 'bind' && (addr === undefined || addr === 'auto')) {
    return rule.addr === undefined || rule.addr === 'auto'
  }
  if (hasPeer && LOCAL_PERMISSIONS.includes(permission)) return false
  if (permission === 'create') return true
  if (!matchesAddress(rule.addr, addr, matches)) return false
  if (LOCAL_PERMISSIONS.includes(permission) || permission === 'accept') return true
  return matchesAddress(peer?.addr, peerAddr, matches) && matches(peer?.label, peerLabel)
}

// What the kernel chooses for a socket that is bound to no address.
const AUTOMATIC = /^@[0-9a-f]{5}$/

function matchesAddress(pattern: Pattern | undefined, addr = 'none', matches: Matches): boolean {
  if (pattern === 'auto') return addr === 'auto' || AUTOMATIC.test(addr)
  // In addresses a null byte is a byte like others.
  return matches(pattern, addr.replaceAll('\0', '\x01'))
}
