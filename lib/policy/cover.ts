import { checkPolicy } from './shape.ts'
import { invalidArgType } from '../border/invalid.ts'
import { automaton, contains } from './aare.ts'
import { isObject } from './check.ts'
import { rulesIn, worldOf } from './decide.ts'
import { Glob, patternText, type Pattern } from './pattern.ts'
import type { AccessRule, Policy } from './rules/index.ts'

type Fields = Readonly<Record<string, unknown>>

/** Lists of which a part is covered by the whole, and which mean everything when they are left out. */
const LISTS: readonly string[] = ['permissions', 'capabilities', 'signals']
/** Words of which both have to be the same, unless the covering rule has none. */
const WORDS: readonly string[] = ['family', 'type', 'ip', 'port', 'interface']
/** Texts that patterns match. */
const PATTERNS: readonly string[] = [
  'path',
  'link',
  'peer',
  'addr',
  'label',
  'bus',
  'interface',
  'member',
  'name',
  'source',
  'mountpoint',
  'oldroot',
  'newroot',
  'exec',
]

/**
 * Tells whether a rule permits, or denies, everything that another rule does.
 *
 * When that is too hard to decide, the answer is `false`, too. Patterns are compared by what they match, not by how
 * they are written. A variable matches only itself. It makes no system call and runs anywhere.
 *
 * @param rule the wider rule
 * @param other the narrower one
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 * @example
 * ```js
 * import { covers, file, glob } from 'apparmor/policy'
 * covers(file(glob('/srv/**'), 'rw'), file(glob('/srv/*.html'), 'r')) // true
 * covers(file(glob('/srv/*'), 'r'), file(glob('/srv/**'), 'r')) // false
 * ```
 */
export function covers(rule: AccessRule, other: AccessRule): boolean {
  if (!isObject(rule)) throw invalidArgType('rule', 'a rule', rule)
  if (!isObject(other)) throw invalidArgType('other', 'a rule', other)
  return coversBy(rule, other, patternText, patternText)
}

export type Text = (pattern: Pattern) => string | undefined

export function coversBy(
  rule: AccessRule,
  other: AccessRule,
  text: Text,
  otherText: Text,
): boolean {
  const [a, b] = [rule as unknown as Fields, other as unknown as Fields]
  if (a.kind === 'all') {
    const mode = b.kind === 'file' ? (b.exec ?? 'ix') : 'ix'
    return b.kind !== 'change_profile' && /^i?x$/.test(String(mode)) && hasSameEffect(a, b)
  }
  if (a.kind !== b.kind || !hasSameEffect(a, b)) return false
  if (a.owner !== undefined && a.owner !== b.owner) return false
  if (b.kind === 'file' && !coversFile(a, b)) return false
  const pattern = (one: unknown, two: unknown): boolean =>
    one === undefined ||
    (two !== undefined && matchesAll(one as Pattern, two as Pattern, text, otherText))
  if (b.kind !== 'file' && !LISTS.every((name) => includesAll(a[name], b[name]))) return false
  if (!WORDS.every((name) => a[name] === undefined || a[name] === b[name])) return false
  for (const name of PATTERNS) {
    if (WORDS.includes(name) && typeof a[name] === 'string') continue
    if (b.kind === 'file' && name === 'exec') continue
    if (isGroup(a[name]) || isGroup(b[name])) {
      if (!coversGroup(a[name] as Fields | undefined, b[name] as Fields | undefined, pattern))
        return false
    } else if (!pattern(a[name], b[name])) return false
  }
  if (b.kind === 'link' || b.kind === 'change_profile') {
    if (a.subset && !b.subset) return false
    if (!pattern(a.target, b.target)) return false
  }
  const rest = ['fstype', 'options', 'environment'] as const
  return rest.every(
    (name) => a[name] === undefined || JSON.stringify(a[name]) === JSON.stringify(b[name]),
  )
}

const isGroup = (value: unknown): boolean => isObject(value) && !Glob.is(value)

function coversGroup(
  a: Fields | undefined,
  b: Fields | undefined,
  pattern: (one: unknown, two: unknown) => boolean,
): boolean {
  return Object.keys(a ?? {}).every((name) => pattern(a?.[name], b?.[name]))
}

function hasSameEffect(a: Fields, b: Fields): boolean {
  const effect = ({ access = 'allow' }: Fields): unknown => access
  if (effect(a) !== effect(b) || (b.audit === true && a.audit !== true)) return false
  return Number(a.priority ?? 0) >= Number(b.priority ?? 0)
}

function coversFile(a: Fields, b: Fields): boolean {
  const own = String(a.permissions).replace('w', 'wa')
  const every = Array.from(String(b.permissions)).every((letter) => own.includes(letter))
  if (!every) return false
  // of links `subset` is asked, too, where the rule names no target
  const asks = ({ link, subset }: Fields): boolean => link === undefined || subset === true
  if (String(b.permissions).includes('l') && a.access !== 'deny' && asks(a) && !asks(b))
    return false
  return b.exec === undefined || (a.exec === b.exec && a.target === b.target)
}

function includesAll(a: unknown, b: unknown): boolean {
  if (a === undefined) return true
  return Array.isArray(a) && Array.isArray(b) && b.every((one) => a.includes(one))
}

function matchesAll(a: Pattern, b: Pattern, text: Text, otherText: Text): boolean {
  const [one, two] = [text(a), otherText(b)]
  if (one === undefined || two === undefined) return false
  if (one === two) return true
  // `@{name}` without its values is a text of its own, in which a slash may be
  const [outer, inner] = [one, two].map((pattern) =>
    automaton(pattern.replaceAll(VARIABLE, '@/$1')),
  )
  return outer !== undefined && inner !== undefined && contains(outer, inner)
}

const VARIABLE = /@\{(\w+)\}/g

/** Something that one policy says and the other does not. */
export interface Difference {
  readonly profile: string
  /** `'added'`: the second policy has it; `'removed'`: the first one has it */
  readonly change: 'added' | 'removed'
  /** the rule; absent when the whole profile was added or removed */
  readonly rule?: AccessRule
}

/**
 * Tells what the second of two policies permits or denies that the first does not, and vice versa.
 *
 * A rule is no difference when one rule of the other policy covers it, with includes and variables expanded. So
 * rules that look different and mean the same are no difference. It makes no system call and runs anywhere.
 *
 * @param before a policy
 * @param after another one
 * @returns the differences, profile by profile; empty when both say the same
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 * @example
 * ```js
 * import { diff, parseProfile } from 'apparmor/policy'
 * const [a, b] = ['/srv/* r', '/srv/** r'].map((rule) => parseProfile(`profile web {\n${rule},\n}\n`))
 * diff(a, b).map(({ change }) => change) // ['added']: the first rule is covered by the second
 * ```
 */
export function diff(before: Policy, after: Policy): readonly Difference[] {
  checkPolicy(before, 'before')
  checkPolicy(after, 'after')
  const [first, second] = [worldOf(before), worldOf(after)]
  const names = new Set([...first.profiles, ...second.profiles].map(({ name }) => name))
  return Array.from(names).flatMap((profile): Difference[] => {
    const [a, b] = [first, second].map((world) =>
      world.profiles.find(({ name }) => name === profile),
    )
    if (!a || !b) return [{ profile, change: a ? 'removed' : 'added' }]
    const one: Text = (pattern) => first.expand(pattern, profile)
    const two: Text = (pattern) => second.expand(pattern, profile)
    const [own, others] = [rulesIn(first, a), rulesIn(second, b)]
    const removed = own.filter(
      ({ rule }) => !others.some((other) => coversBy(other.rule, rule, two, one)),
    )
    const added = others.filter(
      ({ rule }) => !own.some((other) => coversBy(other.rule, rule, one, two)),
    )
    return [
      ...removed.map(({ written }): Difference => ({ profile, change: 'removed', rule: written })),
      ...added.map(({ written }): Difference => ({ profile, change: 'added', rule: written })),
    ]
  })
}
