/** Makes one suggestion of several that differ in a list only. */
import type { AccessRule } from '../../policy/rules/index.ts'
import type { FileRule } from '../../policy/rules/file.ts'
import { MQUEUE_PERMISSIONS } from './classes/mqueue.ts'
import { SOCKET_PERMISSIONS } from '../../policy/rules/network.ts'
import { SIGNALS } from '../../policy/rules/signal.ts'
import type { RlimitRule } from '../../policy/rules/rlimit.ts'
import { known } from './need.ts'
import { textOf, type Draft } from './draft.ts'

type Line = AccessRule | RlimitRule

/** By the kind of rule: the list that may grow, and the order of its words. */
const LISTS: Readonly<Record<string, readonly [name: string, order: readonly string[]]>> = {
  unix: ['permissions', SOCKET_PERMISSIONS],
  ptrace: ['permissions', ['trace', 'tracedby', 'read', 'readby']],
  mqueue: ['permissions', MQUEUE_PERMISSIONS],
  io_uring: ['permissions', ['sqpoll', 'override_creds']],
  signal: ['signals', SIGNALS],
}

export function merge(drafts: readonly Draft[]): readonly Draft[] {
  const merged = new Map<string, Draft>()
  for (const draft of drafts) {
    const key = keyOf(draft)
    const before = merged.get(key)
    merged.set(key, before ? joined(before, draft) : draft)
  }
  return Array.from(merged.values())
}

function keyOf({ kind, profile, text, rule }: Draft): string {
  if (rule === undefined) return JSON.stringify([kind, profile, text])
  if (rule.kind === 'rlimit') return JSON.stringify([kind, profile, rule.kind, rule.limit])
  const rest: Record<string, unknown> = { ...rule, [listOf(rule)]: undefined }
  // Of a file the execution and the owner are joined, too.
  if (rule.kind === 'file') for (const name of ['exec', 'target', 'owner']) delete rest[name]
  return JSON.stringify([kind, profile, rest])
}

const listOf = (rule: Line): string =>
  rule.kind === 'file' ? 'permissions' : (LISTS[rule.kind]?.[0] ?? '')

function joined(a: Draft, b: Draft): Draft {
  const rule = join(a.rule as Line, b.rule as Line)
  return {
    ...a,
    rule,
    text: textOf(rule),
    exact: new Map([...a.exact, ...b.exact]),
    steps: new Map([...a.steps, ...b.steps]),
    acts: [...a.acts, ...b.acts],
    records: new Set([...a.records, ...b.records]),
    ...((a.choices ?? b.choices) && { choices: a.choices ?? b.choices }),
  } as Draft
}

function join(a: Line, b: Line): Line {
  if (a.kind === 'file' && b.kind === 'file') return joinFiles(a, b)
  if (a.kind === 'rlimit' && b.kind === 'rlimit') return higher(a, b)
  const [list, order] = LISTS[a.kind] ?? []
  if (list === undefined || order === undefined) return a
  const wordsOf = (rule: Line): readonly string[] =>
    (rule as unknown as Readonly<Record<string, readonly string[]>>)[list] ?? []
  const words = Array.from(new Set([...wordsOf(a), ...wordsOf(b)]))
  // Those without a place, real-time signals, come last.
  const placeOf = (word: string): number =>
    (order.indexOf(word) + order.length + 1) % (order.length + 1)
  return { ...a, [list]: words.sort((x, y) => placeOf(x) - placeOf(y)) } as Line
}

function joinFiles(a: FileRule, b: FileRule): FileRule {
  const { owner: _, ...rest } = a
  const letters = known(Array.from('mrwalk'), Array.from(a.permissions + b.permissions))
  const permissions = letters.filter((letter) => letter !== 'a' || !letters.includes('w')).join('')
  const { exec, target } = a.exec === undefined ? b : a
  return {
    ...rest,
    // Only if every record of the path says so.
    ...(a.owner && b.owner && { owner: true }),
    permissions,
    ...(exec !== undefined && { exec }),
    ...(target !== undefined && { target }),
  }
}

function higher(a: RlimitRule, b: RlimitRule): RlimitRule {
  if (a.value === 'infinity' || b.value === 'infinity') return { ...a, value: 'infinity' }
  const more = Number(b.value) > Number(a.value)
  const nice = a.limit === 'nice'
  return more === nice ? a : b
}
