import type { ChangeHatRecord } from '../../record.ts'
import { advice, type Need } from '../need.ts'
import { shown } from '../words.ts'

/** The hat that is missing. Only in complain mode does the kernel say its name. */
export function fromRecord(record: ChangeHatRecord): readonly Need[] {
  const { name, info = '', event } = record
  if (event === 'killed' || info.includes('token')) {
    return [
      advice(
        'The process did not know the token of its hat. No rule helps: the program is at fault, or under attack.',
      ),
    ]
  }
  if (info.includes('unconfined')) {
    return [advice('The process is unconfined, and only a confined one has hats.')]
  }
  if (name !== undefined) return [{ kind: 'hat', name }]
  return [
    advice('The profile lacks the hat that was asked for. In complain mode the log says its name.'),
  ]
}

export const describe = ({ name }: ChangeHatRecord): string =>
  name === undefined ? 'change its hat' : `change into the hat ${shown(name)}`
