import { dbus } from '../../../policy/make.ts'
import type { Pattern } from '../../../policy/pattern.ts'
import type { DbusPermission, DbusRule } from '../../../policy/rules/dbus.ts'
import type { DbusRecord } from '../../record.ts'
import { known, rule, wordsOf, type Need } from '../need.ts'
import { shown } from '../words.ts'

/** A rule for the message, or for the name that is taken. Names such as `:1.42` are of one connection only. */
export function fromRecord(
  record: DbusRecord,
  peerOf: (label: string | undefined) => Pattern | undefined,
): readonly Need[] {
  const words = known<DbusPermission>(['send', 'receive', 'bind', 'eavesdrop'], wordsOf(record))
  return words.flatMap((permission): Need[] => {
    const fields = fieldsOf(record, permission, peerOf(record.peerProfile))
    return fields === undefined ? [] : [rule(dbus({ permissions: [permission], ...fields }))]
  })
}

function fieldsOf(
  record: DbusRecord,
  permission: DbusPermission,
  label: Pattern | undefined,
): Omit<DbusRule, 'kind'> | undefined {
  const { bus, path, interface: face, member, name } = record
  const on = bus === undefined ? {} : { bus }
  if (permission === 'eavesdrop') return on
  // Without its name the rule would permit every one.
  if (permission === 'bind') return name === undefined ? undefined : { ...on, name }
  const wellKnown = permission === 'send' && name !== undefined && !name.startsWith(':')
  const peer = {
    ...(wellKnown && { name }),
    ...(label !== undefined && { label }),
  }
  return {
    ...on,
    ...(path !== undefined && { path }),
    ...(face !== undefined && { interface: face }),
    ...(member !== undefined && { member }),
    ...(Object.keys(peer).length > 0 && { peer }),
  }
}

export function describe(record: DbusRecord): string {
  const { bus = '', path = '', interface: face = '', member = '', name = '', peerProfile } = record
  const [word = 'use'] = wordsOf(record)
  const on = `on the ${shown(bus)} bus`
  if (word === 'bind') return `take the name ${shown(name)} ${on}`
  if (word === 'eavesdrop') return `listen to all messages ${on}`
  const other =
    peerProfile === undefined ? '' : ` ${word === 'send' ? 'to' : 'from'} ${shown(peerProfile)}`
  return `${word} the message ${shown(`${face}.${member}`)} of ${shown(path)} ${on}${other}`
}
