import { unix } from '../../../policy/make.ts'
import { Glob, patternText, type Pattern } from '../../../policy/pattern.ts'
import {
  LOCAL_PERMISSIONS,
  SOCKET_PERMISSIONS,
  SOCKET_TYPES,
  type SocketPermission,
  type SocketType,
} from '../../../policy/rules/network.ts'
import type { UnixRule } from '../../../policy/rules/unix.ts'
import type { UnixRecord } from '../../record.ts'
import { known, rule, wordsOf, type Need } from '../need.ts'
import { listed, shown } from '../words.ts'

type Fields = Omit<UnixRule, 'kind'>

/** Rules for the own end of the socket, and for the other one; sockets with a path are files. */
export function fromRecord(
  record: UnixRecord,
  peerOf: (label: string | undefined) => Pattern | undefined,
): readonly Need[] {
  const words = known<SocketPermission>(SOCKET_PERMISSIONS, wordsOf(record))
  const types = SOCKET_TYPES as readonly (string | undefined)[]
  const type = types.includes(record.sockType) ? (record.sockType as SocketType) : undefined
  const addr = addressOf(record.address)
  const base: Fields = {
    ...(type !== undefined && { type }),
    // one without a name may get one later, or not
    ...(addr !== undefined && addr !== 'none' && { addr }),
  }
  const label = peerOf(record.peer)
  const far = addressOf(record.peerAddress)
  const peer = {
    ...(far !== undefined && { addr: far }),
    ...(label !== undefined && { label }),
  }
  const own = words.filter((word) => LOCAL_PERMISSIONS.includes(word))
  const others = words.filter((word) => !LOCAL_PERMISSIONS.includes(word))
  const isKnown = Object.keys(peer).length > 0
  return [...need(own, base, record), ...need(others, isKnown ? { ...base, peer } : base, record)]
}

function need(
  permissions: readonly SocketPermission[],
  fields: Fields,
  { address, peer, peerAddress }: UnixRecord,
): Need[] {
  if (permissions.length === 0) return []
  const [permission] = permissions
  const act =
    permissions.length === 1 && permission !== undefined
      ? {
          unix: {
            permission,
            ...(fields.type !== undefined && { type: fields.type }),
            ...(address !== undefined && { addr: address }),
            ...(peer !== undefined && { peerLabel: peer }),
            ...(peerAddress !== undefined && { peerAddr: peerAddress }),
          },
        }
      : undefined
  return [rule(unix({ permissions, ...fields }), act)]
}

/** An address as a rule has it. One that is longer than its name has null bytes. */
function addressOf(address: string | undefined): Pattern | undefined {
  if (address === undefined || !/^(?:@|none$)/.test(address)) return undefined
  if (!address.includes('\0')) return address
  return new Glob(
    address
      .split('\0')
      .map((part) => patternText(part))
      .join('\\000'),
  )
}

export function describe(record: UnixRecord): string {
  const { sockType = '', address, peerAddress, peer } = record
  const own = address === undefined || address === 'none' ? '' : ` ${shown(address)}`
  const to = peerAddress === undefined || peerAddress === 'none' ? '' : ` to ${shown(peerAddress)}`
  const other = peer === undefined ? '' : ` of ${shown(peer)}`
  return `${listed(wordsOf(record))} on the unix socket${own} (${shown(sockType)})${to}${other}`
}
