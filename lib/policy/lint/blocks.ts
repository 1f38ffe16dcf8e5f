/** What compilers make of blocks: `owner { … }`. */
import type { Item } from '../edit.ts'
import type { Environment } from '../environment.ts'
import { ofKind, type Finding, type Lint, type Subject } from './finding.ts'
import { withoutBlocks } from './flatten.ts'
import type { Site } from './walk.ts'

/** Of rules in a block every compiler keeps these kinds alone. */
const KEPT: ReadonlySet<string> = new Set(['file', 'link', 'change_profile'])
const NO_RULES: ReadonlySet<string> = new Set(['block', 'if', 'include', 'comment', 'blank', 'abi'])

const inBlock = ({ parents }: Site): boolean => parents.some(({ kind }) => kind === 'block')

/** Whether a rule is in a block that drops it. */
export const vanishesInBlock = (site: Site): boolean =>
  inBlock(site) && !KEPT.has(site.rule.kind) && !NO_RULES.has(site.rule.kind)

/** Whether a `deny` becomes the opposite. */
export const isInverted = (site: Site, environment: Environment): boolean =>
  inBlock(site) && denies(site.rule) && KEPT.has(site.rule.kind) && isInverting(environment)

const isInverting = (environment: Environment): boolean =>
  environment.isParser('4.0.0', '4.1.7') || environment.isParser('5.0.0', '5.0.2')

export const denies = (rule: Item): boolean => 'access' in rule && rule.access === 'deny'

/** Whether what is written is a limit: without it more is permitted. */
export const restricts = (rule: Item, around: readonly Item[] = []): boolean =>
  rule.kind === 'rlimit' || [rule, ...around].some(denies)

export const denyInBlock: Lint<'deny-block-allows'> = {
  code: 'deny-block-allows',
  severity: 'error',
  dangerous: true,
  *find(subject: Subject): Iterable<Finding> {
    for (const site of ofKind(subject, 'file', 'link', 'change_profile')) {
      if (!isInverted(site, subject.environment)) continue
      yield {
        site,
        message:
          'this "deny" permits what it names: apparmor_parser 4.0.0 to 4.1.7 and 5.0.0 to 5.0.2 compile a deny rule inside of a block to one that permits. Write it outside of the block',
        rewrite: withoutBlocks(site.parents),
      }
    }
  },
}

export const ruleInBlock: Lint<'rule-in-block'> = {
  code: 'rule-in-block',
  severity: 'error',
  dangerous: false,
  *find({ sites }: Subject): Iterable<Finding> {
    for (const site of sites) {
      if (!vanishesInBlock(site)) continue
      const { kind } = site.rule
      const what =
        kind === 'hat' ? 'a hat' : kind === 'profile' ? 'a child profile' : `a rule of "${kind}"`
      yield {
        site,
        message: `${what} inside of a block does not exist for any apparmor_parser: blocks keep rules for files, links and change_profile alone. Write it outside of the block`,
        dangerous: restricts(site.rule, site.parents),
        rewrite: withoutBlocks(site.parents),
      }
    }
  },
}

export const contradiction: Lint<'block-contradiction'> = {
  code: 'block-contradiction',
  severity: 'error',
  dangerous: false,
  *find(subject: Subject): Iterable<Finding> {
    for (const site of ofKind(subject, 'file', 'link')) {
      const { owner } = site.rule
      const other = site.parents.find(
        (parent) => parent.kind === 'block' && parent.owner !== undefined && parent.owner !== owner,
      )
      if (owner === undefined || !other) continue
      yield {
        site,
        message:
          'this rule says nothing: it is for "owner" and the block around it for "other", or the reverse',
        dangerous: restricts(site.rule, site.parents),
      }
    }
  },
}
