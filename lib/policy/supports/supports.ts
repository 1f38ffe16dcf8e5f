import { invalidArgType } from '../../border/invalid.ts'
import type { Item } from '../edit.ts'
import { readEnvironment, type Environment, type EnvironmentOptions } from '../environment.ts'
import { isInverted, vanishesInBlock } from '../lint/blocks.ts'
import { vanishesInCondition } from '../lint/conditions.ts'
import { checkPolicy } from '../shape.ts'
import { walk, type Site } from '../lint/walk.ts'
import { locate, type Location } from '../origin.ts'
import type { IncludeRule } from '../rules/include.ts'
import type { Policy } from '../rules/index.ts'
import { mediationOf, type Mediation, type SupportLevel } from './mediation.ts'

export type { SupportLevel } from './mediation.ts'

/** How much of one rule, profile or hat is enforced. */
export interface RuleSupport {
  readonly rule: Item
  /** the full name of its profile */
  readonly profile: string
  readonly level: SupportLevel
  /** why the level is not `'full'`; otherwise `null` */
  readonly reason: string | null
  readonly location?: Location
  /** the includes that it came through, the outermost first */
  readonly includes: readonly IncludeRule[]
}

/** The result of {@link supports}. */
export interface SupportReport {
  /** `'full'`: everything is enforced; `'none'`: nothing is; otherwise `'partial'` */
  readonly level: SupportLevel
  /** the same for each kind of rule that the policy has */
  readonly kinds: Readonly<Record<string, SupportLevel>>
  /** every rule, in the order of the text */
  readonly rules: readonly RuleSupport[]
}

/**
 * Tells which parts of a policy a kernel and a parser enforce: each rule fully, partly or not.
 *
 * A kernel permits everything of a class that it does not mediate, whatever the policy says. In Node both options
 * default to this machine's; elsewhere you must pass `features`. It runs anywhere.
 *
 * @param policy as `parseProfile` returned it, with `resolve` if it includes files
 * @param options see {@link EnvironmentOptions}
 * @returns the level of the whole policy, of each kind of rule, and of each rule with the reason
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { parseProfile, supports } from 'apparmor/policy'
 * const features = { file: { mask: 'read write' }, domain: { change_profile: 'yes' } }
 * const { level, kinds } = supports(parseProfile('profile web {\n  /srv/** r,\n  dbus,\n}\n'), { features })
 * console.log(level, kinds) // partial { profile: 'full', file: 'full', dbus: 'none' }
 * ```
 */
export function supports(policy: Policy, options: EnvironmentOptions): SupportReport {
  checkPolicy(policy)
  const environment = readEnvironment(options)
  if (!environment.knowsFeatures) {
    throw invalidArgType('options.features', 'of type object', undefined)
  }
  return supportsIn(policy, environment)
}

/** @internal */
export function supportsIn(policy: Policy, environment: Environment): SupportReport {
  const rules = walk(policy)
    .filter((site) => !site.dead && site.profile !== null && !SILENT.has(site.rule.kind))
    .map((site) => toSupport(site, environment))
  const kinds: Record<string, SupportLevel> = {}
  for (const kind of new Set(rules.map(({ rule }) => rule.kind))) {
    kinds[kind] = together(rules.filter(({ rule }) => rule.kind === kind))
  }
  return Object.freeze({
    level: together(rules),
    kinds: Object.freeze(kinds),
    rules: Object.freeze(rules),
  })
}

/** What says nothing by itself. */
const SILENT: ReadonlySet<string> = new Set(['abi', 'include', 'block', 'if', 'comment', 'blank'])

function toSupport(site: Site, environment: Environment): RuleSupport {
  const { rule, profile, includes } = site
  const location = locate(rule)
  return Object.freeze({
    rule,
    profile: profile ?? '',
    ...outcome(site, environment),
    ...(location && { location }),
    includes,
  })
}

function outcome(site: Site, environment: Environment): Mediation {
  if (vanishesInBlock(site)) return none('the parser drops rules of this kind in a block')
  if (vanishesInCondition(site, environment)) {
    return none('the parser drops rules of this kind in a condition')
  }
  if (environment.isOlder('4.0.0') && site.parents.some(deniesAll)) {
    return none('apparmor_parser before 4.0.0 does not know "deny" before a block')
  }
  if (isInverted(site, environment)) return none('the parser makes of this "deny" the opposite')
  return mediationOf(site.rule, environment)
}

const deniesAll = (around: Item): boolean => around.kind === 'block' && around.access === 'deny'

const none = (reason: string): Mediation => ({ level: 'none', reason })

function together(rules: readonly { readonly level: SupportLevel }[]): SupportLevel {
  const levels = new Set(rules.map(({ level }) => level))
  const [only = 'full'] = levels
  return levels.size <= 1 ? only : 'partial'
}
