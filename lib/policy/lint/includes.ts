import { included } from '../parse.ts'
import { ofKind, type Finding, type Lint, type Subject } from './finding.ts'
import { restricts } from './blocks.ts'
import type { Item } from '../edit.ts'
import type { Site } from './walk.ts'

export const skippedInclude: Lint<'include-skipped'> = {
  code: 'include-skipped',
  severity: 'error',
  dangerous: false,
  *find(subject: Subject): Iterable<Finding> {
    for (const site of ofKind(subject, 'include')) {
      const { before } = site
      if (!before) continue
      const where = lost(before, site)
      if (where === undefined) continue
      yield {
        site,
        message: `the rules of "${site.rule.path}" are missing here: a profile includes a file once, and it has been included before, ${where}. Include it before that place`,
        dangerous: (included(site.rule) ?? []).some(({ rules }) => limits(rules)),
      }
    }
  },
}

/** Why rules that stand at the first place are not in force, and would be at the second. */
function lost(first: Site, second: Site): string | undefined {
  if (first.dead) return 'in a branch of "if" that is not taken'
  const around = first.parents.find(
    (parent) => parent.kind === 'block' && !second.parents.includes(parent),
  )
  return around && 'inside of a block'
}

const limits = (rules: readonly Item[]): boolean =>
  rules.some(
    (rule) =>
      restricts(rule) ||
      (rule.kind === 'include' && (included(rule) ?? []).some(({ rules }) => limits(rules))) ||
      ('rules' in rule && limits(rule.rules)) ||
      (rule.kind === 'if' && rule.branches.some(({ rules }) => limits(rules))),
  )
