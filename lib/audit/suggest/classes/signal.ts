import { signal } from '../../../policy/make.ts'
import type { Pattern } from '../../../policy/pattern.ts'
import { toSignal, type SignalPermission } from '../../../policy/rules/signal.ts'
import type { SignalRecord } from '../../record.ts'
import { advice, known, rule, wordsOf, type Need } from '../need.ts'
import { shown } from '../words.ts'

/** A rule for one side: the other side's profile has a record of its own. */
export function fromRecord(
  record: SignalRecord,
  peerOf: (label: string | undefined) => Pattern | undefined,
): readonly Need[] {
  const permissions = known<SignalPermission>(['send', 'receive'], wordsOf(record))
  const peer = peerOf(record.peer)
  if (permissions.length === 0 || record.signal === undefined) return []
  const name = toSignal(record.signal)
  if (name === undefined) {
    return [advice(`The policy language has no signal ${shown(record.signal)}.`)]
  }
  return permissions.map((permission) =>
    rule(
      signal({ permissions: [permission], signals: [name], ...(peer !== undefined && { peer }) }),
      peer === undefined ? undefined : { signal: name, permission, peer: String(peer) },
    ),
  )
}

export function describe(record: SignalRecord): string {
  const { signal: name = '', peer = '' } = record
  return wordsOf(record).includes('receive')
    ? `receive the signal ${shown(name)} from ${shown(peer)}`
    : `send the signal ${shown(name)} to ${shown(peer)}`
}
