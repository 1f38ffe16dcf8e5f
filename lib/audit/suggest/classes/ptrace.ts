import { ptrace } from '../../../policy/make.ts'
import type { Pattern } from '../../../policy/pattern.ts'
import type { PtracePermission } from '../../../policy/rules/ptrace.ts'
import type { PtraceRecord } from '../../record.ts'
import { known, rule, wordsOf, type Need } from '../need.ts'
import { listed, shown } from '../words.ts'

/** A rule for one side: the other side's profile has a record of its own. */
export function fromRecord(
  record: PtraceRecord,
  peerOf: (label: string | undefined) => Pattern | undefined,
): readonly Need[] {
  const all = ['trace', 'tracedby', 'read', 'readby'] as const
  const peer = peerOf(record.peer)
  return known<PtracePermission>(all, wordsOf(record)).map((permission) =>
    rule(
      ptrace({ permissions: [permission], ...(peer !== undefined && { peer }) }),
      peer === undefined ? undefined : { ptrace: permission, peer: String(peer) },
    ),
  )
}

const WORDS: Readonly<Record<string, string>> = {
  trace: 'trace',
  read: 'look into',
  tracedby: 'be traced by',
  readby: 'be looked into by',
}

export const describe = (record: PtraceRecord): string =>
  `${listed(wordsOf(record).map((word) => WORDS[word] ?? word))} ${shown(record.peer ?? '')}`
