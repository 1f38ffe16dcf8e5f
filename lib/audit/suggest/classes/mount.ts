import { mount, pivotRoot, remount, umount } from '../../../policy/make.ts'
import { problemOfOptions } from '../../../policy/rules/mount.ts'
import type { MountRecord } from '../../record.ts'
import { advice, rule, type Need } from '../need.ts'
import { shown } from '../words.ts'

const PROPAGATION = /^r?(?:unbindable|private|slave|shared)$/

/** The form of rule that the flags choose: mount, bind, move, remount, propagation; umount; pivot_root. */
export function fromRecord(record: MountRecord): readonly Need[] {
  const { operation, name, srcName, trans } = record
  if (name === undefined) return []
  if (operation === 'umount') return [rule(umount({ mountpoint: name }), { umount: name })]
  if (operation === 'pivotroot') {
    return [
      rule(
        pivotRoot({
          ...(srcName !== undefined && { oldroot: srcName }),
          newroot: name,
          ...(trans !== undefined && { target: trans }),
        }),
      ),
    ]
  }
  return mounting(record, name)
}

function mounting(record: MountRecord, mountpoint: string): readonly Need[] {
  const { flags = ['rw'], fstype, srcName: source } = record
  const problem = problemOfOptions({ operator: '=', values: flags })
  if (problem !== undefined)
    return [advice(`The policy language cannot say this mount: ${problem}.`)]
  const again = flags.includes('remount')
  const options = [{ operator: '=' as const, values: flags.filter((flag) => flag !== 'remount') }]
  if (again) return [rule(remount({ options, mountpoint }))]
  const moved = flags.some((flag) => PROPAGATION.test(flag))
  const bound = flags.some((flag) => /^(?:r?bind|move)$/.test(flag))
  const made = mount({
    ...(fstype !== undefined && !bound && { fstype: [{ operator: '=', values: [fstype] }] }),
    options,
    ...(source !== undefined && !moved && { source }),
    mountpoint,
  })
  const act = {
    mount: {
      mountpoint,
      options: flags,
      ...(source !== undefined && { source }),
      ...(fstype !== undefined && { fstype }),
    },
  }
  return [rule(made, act)]
}

export function describe(record: MountRecord): string {
  const { operation, name = '', srcName, fstype, flags } = record
  if (operation === 'umount') return `unmount ${shown(name)}`
  if (operation === 'pivotroot') return `make ${shown(name)} the root directory`
  const type = fstype === undefined ? '' : ` (${shown(fstype)})`
  const how = flags === undefined ? '' : ` with ${flags.map(shown).join(', ')}`
  if (flags?.includes('remount')) return `mount ${shown(name)} again${how}`
  const what = srcName === undefined ? '' : ` ${shown(srcName)}`
  return `mount${what}${type} on ${shown(name)}${how}`
}
