import { ioUring } from '../../../policy/make.ts'
import type { Pattern } from '../../../policy/pattern.ts'
import type { IoUringPermission } from '../../../policy/rules/io_uring.ts'
import type { IoUringRecord } from '../../record.ts'
import { known, rule, wordsOf, type Need } from '../need.ts'
import { shown } from '../words.ts'

/** A rule for the act; for the credentials of another label, with that label. */
export function fromRecord(
  record: IoUringRecord,
  peerOf: (label: string | undefined) => Pattern | undefined,
): readonly Need[] {
  const words = known<IoUringPermission>(['sqpoll', 'override_creds'], wordsOf(record))
  return words.map((permission) => {
    const label = permission === 'override_creds' ? peerOf(record.peerProfile) : undefined
    return rule(ioUring({ permissions: [permission], ...(label !== undefined && { label }) }), {
      ioUring: permission,
    })
  })
}

export const describe = (record: IoUringRecord): string =>
  wordsOf(record).includes('override_creds')
    ? `use the credentials of ${shown(record.peerProfile ?? '')} in io_uring`
    : 'start a polling thread of io_uring'
