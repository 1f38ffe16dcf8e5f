import { invalidArgType } from '../../border/invalid.ts'
import type { Diagnostic } from '../compile/diagnostic.ts'
import { edit, type Item } from '../edit.ts'
import { readEnvironment, type Environment, type EnvironmentOptions } from '../environment.ts'
import { format } from '../format.ts'
import { checkPolicy } from '../shape.ts'
import { locate } from '../origin.ts'
import type { IncludeRule } from '../rules/include.ts'
import type { Policy } from '../rules/index.ts'
import type { Finding, Lint, Rewrite } from './finding.ts'
import { LINTS, type LintCode } from './lints.ts'
import { walk, type Site } from './walk.ts'

/** A rewrite that says what the author meant. */
export interface LintFix {
  /** the rule that is replaced: the one in the finding, or a block around it */
  readonly rule: Item
  /** the rules that replace it */
  readonly replacement: readonly Item[]
  /** the replacement as text, one rule a line */
  readonly text: string
}

/** Something that a compiler or kernel silently makes of a policy. */
export interface LintDiagnostic extends Diagnostic {
  readonly source: 'lint'
  readonly code: LintCode
  /** the compiled policy permits more than the text says, or harms the kernel */
  readonly dangerous: boolean
  readonly rule: Item
  /** the includes that brought the rule, from the outside */
  readonly includes: readonly IncludeRule[]
  /** absent when only the author can know what was meant */
  readonly fix?: LintFix
}

/**
 * Finds rules that the compiler silently drops, widens or turns into their opposite.
 *
 * Each finding has a fixed `code`; docs/policy.md has the table. A finding that depends on the parser is reported
 * if any version from 3.0 on behaves so, unless `parser` names one version. A finding that depends on the kernel is
 * reported if you pass its `features`. In Node both default to this machine's. It runs anywhere.
 *
 * @param policy as `parseProfile` returned it, with `resolve` if it includes files
 * @param options see {@link EnvironmentOptions}
 * @returns the findings, in the order of the text
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { lint, parseProfile } from 'apparmor/policy'
 * const policy = parseProfile('profile web {\n  audit {\n    deny /etc/shadow r,\n  }\n}\n')
 * for (const { code, line, message } of lint(policy, { parser: '5.0.2' })) console.log(code, line, message)
 * ```
 */
export function lint(policy: Policy, options?: EnvironmentOptions): readonly LintDiagnostic[] {
  checkPolicy(policy)
  return lintFor(policy, readEnvironment(options))
}

/** @internal */
export function lintFor(policy: Policy, environment: Environment): readonly LintDiagnostic[] {
  const all = walk(policy)
  const sites = all.filter(({ dead }) => !dead)
  const subject = { policy, environment, sites, byKind: groupByKind(sites) }
  const found = LINTS.flatMap((lint) =>
    [...lint.find(subject)].map((finding) => ({ lint, finding })),
  )
  // An included file is found in each profile that includes it.
  const seen = new Map<Item, Set<string>>()
  const order = found.length > 1 ? new Map(all.map((site, i) => [site, i])) : new Map()
  return Object.freeze(
    found
      .toSorted((a, b) => (order.get(a.finding.site) ?? 0) - (order.get(b.finding.site) ?? 0))
      .filter(({ lint, finding: { site } }) => {
        const codes = seen.get(site.rule) ?? new Set()
        seen.set(site.rule, codes)
        return !codes.has(lint.code) && codes.add(lint.code)
      })
      .map(({ lint, finding }) => toDiagnostic(lint, finding)),
  )
}

function groupByKind(sites: readonly Site[]): ReadonlyMap<string, readonly Site[]> {
  const groups = new Map<string, Site[]>()
  for (const site of sites) {
    const group = groups.get(site.rule.kind)
    if (group) group.push(site)
    else groups.set(site.rule.kind, [site])
  }
  return groups
}

function toDiagnostic(lint: Lint<LintCode>, finding: Finding): LintDiagnostic {
  const { site, message, rewrite } = finding
  const place = locate(site.rule)
  return Object.freeze({
    severity: finding.severity ?? lint.severity,
    code: lint.code,
    message,
    dangerous: finding.dangerous ?? lint.dangerous,
    file: place?.file ?? null,
    line: place?.line ?? null,
    column: place?.column ?? null,
    profile: site.profile,
    source: 'lint',
    rule: site.rule,
    includes: Object.freeze([...site.includes]),
    ...(rewrite && { fix: toFix(rewrite) }),
  })
}

function toFix({ target, replacement }: Rewrite): LintFix {
  const text = replacement.map((rule) => format(rule)).join('')
  return Object.freeze({ rule: target, replacement: Object.freeze([...replacement]), text })
}

/**
 * Applies the rewrites of findings that have one. Everything else stays byte for byte as it is.
 *
 * Mistakes in an included file stay: its text is not part of the policy. It runs anywhere.
 *
 * @param policy the policy that {@link lint} examined
 * @param findings all findings, or those that you chose
 * @returns the new policy, or the same one if there is nothing to rewrite
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 * @example
 * ```js
 * import { applyFixes, format, lint, parseProfile } from 'apparmor/policy'
 * const policy = parseProfile('profile web {\n  mount /a->/b,\n}\n')
 * console.log(format(applyFixes(policy, lint(policy)))) // mount /a -> /b,
 * ```
 */
export function applyFixes(policy: Policy, findings: readonly LintDiagnostic[]): Policy {
  checkPolicy(policy)
  if (!Array.isArray(findings)) {
    throw invalidArgType('findings', 'an instance of Array', findings)
  }
  const fixes = new Map<Item, readonly Item[]>()
  for (const { fix } of findings as readonly LintDiagnostic[]) {
    if (fix) fixes.set(fix.rule, fix.replacement)
  }
  return edit(policy, (rule, parents) =>
    parents.some((parent) => fixes.has(parent)) ? undefined : fixes.get(rule),
  )
}
