/** What compilers make of rules inside of `if`. */
import type { Environment } from '../environment.ts'
import type { Finding, Lint, Subject } from './finding.ts'
import { restricts, vanishesInBlock } from './blocks.ts'
import type { Site } from './walk.ts'

const KEPT_BY_3_0: ReadonlySet<string> = new Set([
  'file',
  'link',
  'capability',
  'change_profile',
  'profile',
  'hat',
  'include',
  'if',
  'block',
  'abi',
  'comment',
  'blank',
])

/** Whether the compiler drops a rule since it stands in a condition. */
export function vanishesInCondition({ rule, parents }: Site, environment: Environment): boolean {
  if (!parents.some(({ kind }) => kind === 'if')) return false
  if (rule.kind === 'rlimit') return true
  return !KEPT_BY_3_0.has(rule.kind) && environment.isParser('3.0.0', '3.0.99')
}

export const ruleInCondition: Lint<'rule-in-condition'> = {
  code: 'rule-in-condition',
  severity: 'error',
  dangerous: false,
  *find({ sites, environment }: Subject): Iterable<Finding> {
    for (const site of sites) {
      if (!vanishesInCondition(site, environment) || vanishesInBlock(site)) continue
      const { kind } = site.rule
      const who = kind === 'rlimit' ? 'every apparmor_parser' : 'apparmor_parser 3.0'
      yield {
        site,
        message: `a rule of "${kind}" inside of "if" does not exist for ${who}. Write it outside of the condition`,
        dangerous: restricts(site.rule, site.parents),
      }
    }
  },
}
