import { matchPermissions } from './file.ts'
import type { Reader } from '../reader.ts'
import { parseConditions } from '../conditions.ts'
import { writeCondition, writeName, writePattern, writeQualifiers } from '../writer.ts'
import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'
import { byText, joining, type Compare, type Merge } from '../union.ts'

/** Changing the root directory with pivot_root(2): `pivot_root oldroot=/new/old/ /new/,`. */
export interface PivotRootRule extends Qualifiers {
  readonly kind: 'pivot_root'
  readonly oldroot?: Pattern
  readonly newroot?: Pattern
  /** the profile that the process changes to */
  readonly target?: string
}

/** Reads what follows `pivot_root`. */
export function parsePivotRoot(reader: Reader, qualifiers: Qualifiers): PivotRootRule {
  const conds = parseConditions(reader)
  const oldroot = conds[0]
  if (oldroot && oldroot.name !== 'oldroot') {
    reader.fail(`no condition '${oldroot.name}' in this rule`, oldroot.at)
  }
  reader.space()
  if (matchPermissions(reader) !== undefined) reader.fail('expected a directory, found permissions')
  const newroot = reader.at('->') ? undefined : reader.path()
  reader.space()
  let target: string | undefined
  if (reader.take('->')) {
    reader.white()
    target = reader.name(reader.word() ?? reader.expected('a profile'))
    reader.space()
  }
  reader.endRule()
  return {
    kind: 'pivot_root',
    ...qualifiers,
    ...(oldroot && { oldroot: reader.pattern(oldroot.values[0] as string) }),
    ...(newroot !== undefined && { newroot: reader.pattern(newroot) }),
    ...(target !== undefined && { target }),
  }
}

export function formatPivotRoot(rule: PivotRootRule): string {
  const { oldroot, newroot, target } = rule
  const root = newroot === undefined ? '' : ` ${writePattern(newroot)}`
  const to = target === undefined ? '' : ` -> ${writeName(target)}`
  return `${writeQualifiers(rule)}pivot_root${writeCondition('oldroot', oldroot)}${root}${to},`
}

export const comparePivotRoot: Compare<PivotRootRule> = byText(
  formatPivotRoot,
  ({ newroot }) => newroot,
)

export const mergePivotRoot: Merge<PivotRootRule> = joining()
