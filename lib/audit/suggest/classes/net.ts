import { network } from '../../../policy/make.ts'
import {
  FAMILIES,
  SOCKET_TYPES,
  type Family,
  type SocketType,
} from '../../../policy/rules/network.ts'
import type { NetRecord } from '../../record.ts'
import { advice, rule, type Need } from '../need.ts'
import { listed, shown } from '../words.ts'

/**
 * A rule for family and type. Not for addresses and single acts: where the kernel does not tell addresses apart the
 * compiler drops them without a word, and before 4.0 it does not know the acts.
 */
export function fromRecord({ family, sockType }: NetRecord): readonly Need[] {
  if (family === undefined) return []
  if (!(FAMILIES as readonly string[]).includes(family)) {
    return [advice(`The policy language has no sockets of the family ${shown(family)}.`)]
  }
  const known = (SOCKET_TYPES as readonly (string | undefined)[]).includes(sockType)
  const own = { family: family as Family, ...(known && { type: sockType as SocketType }) }
  return [
    rule(network(own), known ? { network: { ...own, type: sockType as SocketType } } : undefined),
  ]
}

export function describe(record: NetRecord): string {
  const { family = '', sockType = '', foreignAddress, foreignPort, localPort } = record
  const words = (record.deniedMask ?? record.requestedMask ?? 'use').split(/[ ,]+/)
  const to =
    foreignAddress === undefined ? '' : ` to ${shown(foreignAddress)} port ${foreignPort ?? '?'}`
  const from = localPort === undefined ? '' : ` on port ${localPort}`
  return `${listed(words)} on a socket of ${shown(family)} ${shown(sockType)}${from}${to}`
}
