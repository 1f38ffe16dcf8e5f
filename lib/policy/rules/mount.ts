import type { Reader } from '../reader.ts'
import { parseConditions } from '../conditions.ts'
import type { Cond } from '../reader.ts'
import { writeList, writePattern, writeQualifiers } from '../writer.ts'
import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'
import { byText, joining, type Compare, type Merge } from '../union.ts'

/** A condition of mount rules: exactly these words (`=`), or any of them (`in`). */
export interface MountCondition<Value> {
  readonly operator: '=' | 'in'
  readonly values: readonly Value[]
}

/** Mounting: `mount fstype=tmpfs options=(nosuid, nodev) tmpfs -> /mnt/,`. */
export interface MountRule extends Qualifiers {
  readonly kind: 'mount'
  readonly fstype?: readonly MountCondition<Pattern>[]
  readonly options?: readonly MountCondition<string>[]
  readonly source?: Pattern
  readonly mountpoint?: Pattern
}

/** Remounting: `remount options=(ro) /mnt/,`. */
export interface RemountRule extends Qualifiers {
  readonly kind: 'remount'
  readonly fstype?: readonly MountCondition<Pattern>[]
  readonly options?: readonly MountCondition<string>[]
  readonly mountpoint?: Pattern
}

/** Unmounting: `umount /mnt/,`. */
export interface UmountRule extends Qualifiers {
  readonly kind: 'umount'
  readonly fstype?: readonly MountCondition<Pattern>[]
  readonly options?: readonly MountCondition<string>[]
  readonly mountpoint?: Pattern
}

// Each option sets or clears flags of mount(2).
const SETS = [
  'ro r read-only nosuid nodev noexec sync remount mand dirsync nosymfollow noatime nodiratime bind B move M',
  'rbind R verbose silent acl unbindable make-unbindable runbindable make-runbindable private make-private',
  'rprivate make-rprivate slave make-slave rslave make-rslave shared make-shared rshared make-rshared',
  'relatime iversion strictatime lazytime nouser',
]
const CLEARS = [
  'rw w suid dev exec async nomand symfollow atime diratime loud noacl norelatime noiversion nostrictatime',
  'nolazytime user',
]
const OPTIONS: ReadonlySet<string> = new Set(
  [...SETS, ...CLEARS].flatMap((line) => line.split(' ')),
)

// Two words for one flag, one that sets it and one that clears it.
const CONFLICTS: readonly (readonly [string, string])[] = [
  ...['ro', 'r', 'read-only'].flatMap((set) => [[set, 'rw'] as const, [set, 'w'] as const]),
  ['nosuid', 'suid'],
  ['nodev', 'dev'],
  ['noexec', 'exec'],
  ['sync', 'async'],
  ['mand', 'nomand'],
  ['nosymfollow', 'symfollow'],
  ['noatime', 'atime'],
  ['nodiratime', 'diratime'],
  ['silent', 'loud'],
  ['acl', 'noacl'],
  ['iversion', 'noiversion'],
  ['strictatime', 'nostrictatime'],
  ['lazytime', 'nolazytime'],
  ['nouser', 'user'],
]

interface Conditions {
  fstype?: readonly MountCondition<Pattern>[]
  options?: readonly MountCondition<string>[]
}

function parseMountConditions(reader: Reader): Conditions {
  const fstype: MountCondition<Pattern>[] = []
  const options: MountCondition<string>[] = []
  for (const cond of parseConditions(reader)) {
    const { name, operator, values, at } = cond
    if (name === 'fstype' || name === 'vfstype') {
      fstype.push({ operator, values: values.map((value) => reader.pattern(value)) })
    } else if (name === 'options' || name === 'option') options.push(toOptions(reader, cond))
    else reader.fail(`no condition '${name}' in this rule`, at)
  }
  return { ...(fstype.length > 0 && { fstype }), ...(options.length > 0 && { options }) }
}

function toOptions(reader: Reader, { operator, values, at }: Cond): MountCondition<string> {
  const words = values.map((value) => reader.name(value))
  const problem = problemOfOptions({ operator, values: words })
  if (problem) reader.fail(problem, at)
  return { operator, values: words }
}

/** An option that is none, or two that exclude each other. */
export function problemOfOptions({ operator, values }: MountCondition<string>): string | undefined {
  const unknown = values.find((value) => !OPTIONS.has(value))
  if (unknown !== undefined) return `no option '${unknown}' of mount rules`
  if (operator === 'in') return undefined
  const both = CONFLICTS.find((pair) => pair.every((word) => values.includes(word)))
  return both && `the options '${both[0]}' and '${both[1]}' exclude each other`
}

/** Reads what follows `mount`. */
export function parseMount(reader: Reader, qualifiers: Qualifiers): MountRule {
  const conditions = parseMountConditions(reader)
  const source = reader.isArrow() ? undefined : reader.modalWord()
  reader.white()
  let mountpoint: string | undefined
  if (reader.isArrow()) {
    reader.pos += 2
    reader.white()
    mountpoint = reader.modalWord() ?? reader.expected('a mount point')
    reader.white()
  }
  reader.endRule()
  return {
    kind: 'mount',
    ...qualifiers,
    ...conditions,
    ...(source !== undefined && { source: reader.pattern(source) }),
    ...(mountpoint !== undefined && { mountpoint: reader.pattern(mountpoint) }),
  }
}

/** Reads what follows `remount`, `umount` and `unmount`. */
export function parseMountpoint(
  reader: Reader,
  qualifiers: Qualifiers,
  kind: 'remount' | 'umount',
): RemountRule | UmountRule {
  const conditions = parseMountConditions(reader)
  const mountpoint = reader.modalWord()
  reader.white()
  reader.endRule()
  return {
    kind,
    ...qualifiers,
    ...conditions,
    ...(mountpoint !== undefined && { mountpoint: reader.pattern(mountpoint) }),
  }
}

export function formatMount(rule: MountRule | RemountRule | UmountRule): string {
  const { kind, fstype = [], options = [], mountpoint } = rule
  const source = kind === 'mount' ? rule.source : undefined
  const arrow = kind === 'mount' ? ' ->' : ''
  const words = [
    kind,
    ...fstype.map(({ operator, values }) =>
      writeMountCondition('fstype', operator, values.map(writePattern)),
    ),
    ...options.map(({ operator, values }) => writeMountCondition('options', operator, values)),
    ...(source === undefined ? [] : [source === '' ? '""' : writePattern(source)]),
  ]
  const point = mountpoint === undefined ? '' : `${arrow} ${writePattern(mountpoint)}`
  return `${writeQualifiers(rule)}${words.join(' ')}${point},`
}

function writeMountCondition(name: string, operator: string, values: readonly string[]): string {
  if (operator === 'in') return `${name} in (${values.join(', ')})`
  return `${name}=${writeList(values)}`
}

type AnyMount = MountRule | RemountRule | UmountRule

export const compareMount: Compare<AnyMount> = byText(formatMount, ({ mountpoint }) => mountpoint)

export const mergeMount: Merge<AnyMount> = joining()
