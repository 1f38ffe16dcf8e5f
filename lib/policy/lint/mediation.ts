import { mediated, unknownToParser } from '../supports/mediation.ts'
import { vanishesInBlock } from './blocks.ts'
import type { Finding, Lint, Subject } from './finding.ts'

export const notMediated: Lint<'not-mediated'> = {
  code: 'not-mediated',
  severity: 'warning',
  dangerous: false,
  *find({ sites, environment }: Subject): Iterable<Finding> {
    if (!environment.knowsFeatures) return
    for (const site of sites) {
      const { rule } = site
      if (rule.kind === 'all' || vanishesInBlock(site)) continue
      if (unknownToParser(rule, environment) !== undefined) continue
      const { level, reason } = mediated(rule, environment)
      if (level === 'full' || reason === null) continue
      // These have lints of their own.
      if (level === 'partial' && (rule.kind === 'network' || rule.kind === 'capability')) continue
      const denies = 'access' in rule && rule.access === 'deny'
      const none = denies ? ', so nothing is denied' : ', so nothing is refused'
      yield {
        site,
        message: `${reason}${level === 'none' ? none : ''}`,
        dangerous: denies && level === 'none',
      }
    }
  },
}
