import type { ExecRecord } from '../../record.ts'
import { advice, type Need } from '../need.ts'
import { shown } from '../words.ts'
import { isOwner } from './file.ts'

/** The start of a program: under which profile is the caller's choice. */
export function fromRecord(record: ExecRecord): readonly Need[] {
  const { name, target, info = '', event } = record
  if (info.includes('no new privs')) {
    return [
      advice(
        `The process has no_new_privs set, and so may not change its profile when it starts ${shown(name ?? '')}. ` +
          'Start the program under a profile that is stacked on this one, or without no_new_privs.',
      ),
    ]
  }
  if (info.includes('transition not found')) {
    const profile = target === undefined ? 'The profile that the rule names' : shown(target)
    return [advice(`${profile} is not loaded. Load it: a rule is there already.`)]
  }
  if (info.includes('ptrace prevents')) {
    return [
      advice(
        'The program is traced, and its tracer may not trace the new profile: the tracer needs a rule for ptrace.',
      ),
    ]
  }
  if (info.includes('conflicting profile')) {
    return [
      advice(
        `Several profiles attach to ${shown(name ?? '')} equally well. Make the attachment of one more exact.`,
      ),
    ]
  }
  if (name === undefined) return []
  const flag: Need[] = info.includes('disconnected')
    ? [{ kind: 'flag', flag: 'attach_disconnected' }]
    : []
  const path = name.startsWith('/') ? name : `/${name}`
  // In complain mode the program has started, and what it needed is in the log.
  const seen = event === 'allowed' && target !== undefined
  return [...flag, { kind: 'exec', path, owner: isOwner(record), seen }]
}

export const describe = ({ name = '' }: ExecRecord): string => `execute ${shown(name)}`
