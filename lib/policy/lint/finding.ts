import type { Item } from '../edit.ts'
import type { Environment } from '../environment.ts'
import type { Policy } from '../rules/index.ts'
import type { Site } from './walk.ts'

/** A rewrite that says what the author meant. */
export interface Rewrite {
  /** the rule that it takes the place of: that of the finding, or a block around it */
  readonly target: Item
  readonly replacement: readonly Item[]
}

/** What a lint has found. What it leaves out is as the lint says. */
export interface Finding {
  readonly site: Site
  readonly message: string
  readonly severity?: 'error' | 'warning'
  readonly dangerous?: boolean
  readonly rewrite?: Rewrite | undefined
}

/** What a lint looks at. */
export interface Subject {
  readonly policy: Policy
  /** the rules in their order, without those of branches that are not taken */
  readonly sites: readonly Site[]
  /** the same, by the kinds of their rules */
  readonly byKind: ReadonlyMap<string, readonly Site[]>
  readonly environment: Environment
}

/** One thing that compilers and kernels silently make of policy. */
export interface Lint<Code extends string = string> {
  readonly code: Code
  /** `'error'`: the policy does not do what its text says */
  readonly severity: 'error' | 'warning'
  /** whether more is permitted than the text says, or the kernel is harmed */
  readonly dangerous: boolean
  readonly find: (subject: Subject) => Iterable<Finding>
}

/** The sites whose rules are of one of these kinds. */
export function ofKind<Kind extends Item['kind']>(
  { sites, byKind }: Subject,
  ...kinds: readonly Kind[]
): readonly Site<Extract<Item, { kind: Kind }>>[] {
  const found = kinds.filter((kind) => byKind.has(kind))
  const sought: readonly string[] = found
  const few =
    found.length < 2
      ? byKind.get(found[0] ?? '')
      : sites.filter(({ rule }) => sought.includes(rule.kind))
  return (few ?? []) as readonly Site<Extract<Item, { kind: Kind }>>[]
}
