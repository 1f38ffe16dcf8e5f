import { mqueue } from '../../../policy/make.ts'
import type { MqueuePermission } from '../../../policy/rules/mqueue.ts'
import type { MqueueRecord } from '../../record.ts'
import { known, rule, wordsOf, type Need } from '../need.ts'
import { listed, shown } from '../words.ts'

export const MQUEUE_PERMISSIONS = [
  'create',
  'open',
  'delete',
  'getattr',
  'setattr',
  'read',
  'write',
] as const

/** A rule for the queue. */
export function fromRecord(record: MqueueRecord): readonly Need[] {
  const { name, kernelClass = '', operation = '' } = record
  const permissions = known<MqueuePermission>(MQUEUE_PERMISSIONS, wordsOf(record))
  if (permissions.length === 0) return []
  const type = /sysv/.test(kernelClass + operation) ? 'sysv' : 'posix'
  const fits = name !== undefined && (type === 'sysv' ? /^\d+$/ : /^\//).test(name)
  const made = mqueue({ permissions, type, ...(fits && { name }) })
  const [permission] = permissions
  const one = fits && permissions.length === 1 && permission !== undefined
  return [rule(made, one ? { mqueue: name, permission } : undefined)]
}

export const describe = (record: MqueueRecord): string =>
  `${listed(wordsOf(record))} the message queue ${shown(record.name ?? '')}`
