import { checkPolicy } from './shape.ts'
import { invalidArgType } from '../border/invalid.ts'
import { keepAround, layoutOf, mark, originOf } from './origin.ts'
import type { Policy, Rule, Statement } from './rules/index.ts'

/** A rule, a statement of the preamble or a profile: anything that a body can hold. */
export type Item = Rule | Statement

/**
 * Decides what becomes of a rule. Return the same rule to keep it, another rule or several to replace it, or `null`
 * to remove it.
 *
 * @param rule called after the rules inside it
 * @param parents the profiles and blocks around it, the outermost first
 */
export type Change = (
  rule: Item,
  parents: readonly Item[],
) => Item | readonly Item[] | null | undefined

/**
 * Changes rules of a policy and leaves everything else as it is. {@link format} then writes new text only for what
 * was changed.
 *
 * It calls only `change`, and runs anywhere.
 *
 * @param policy the policy, which is not modified
 * @param change called for each rule; if it returns `undefined`, the rule is kept
 * @returns the new policy, or the same one when nothing was changed
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 * @example
 * ```js
 * import { edit, format, parseProfile } from 'apparmor/policy'
 * const policy = parseProfile('profile web {\n  /srv/** r, # the site\n  /tmp/x   w,\n}\n')
 * const more = edit(policy, (rule) =>
 *   rule.kind === 'file' && rule.permissions === 'r' ? { ...rule, permissions: 'rk' } : rule,
 * )
 * format(more) // profile web {\n  /srv/** rk, # the site\n  /tmp/x   w,\n}\n
 * ```
 */
export function edit(policy: Policy, change: Change): Policy {
  checkPolicy(policy)
  if (typeof change !== 'function') throw invalidArgType('change', 'of type function', change)
  const rules = editRules(policy.rules, change, [])
  return rules === policy.rules ? policy : keepLayout(policy, { ...policy, rules } as Policy)
}

function editRules(
  rules: readonly Item[],
  change: Change,
  parents: readonly Item[],
): readonly Item[] {
  let same = true
  const edited = rules.flatMap((rule) => {
    const inner = editInside(rule, change, parents)
    const outcome = change(inner, parents)
    const result = outcome === null ? [] : [outcome ?? inner].flat()
    if (result.length !== 1 || result[0] !== rule) same = false
    return result.map((one) => keepLayout(rule, one as Item, result.length === 1))
  })
  return same ? rules : edited
}

function editInside(rule: Item, change: Change, parents: readonly Item[]): Item {
  if (rule.kind === 'if') {
    let same = true
    const branches = rule.branches.map((branch) => {
      const rules = editRules(branch.rules, change, [...parents, rule]) as readonly Rule[]
      if (rules === branch.rules) return branch
      same = false
      return keepLayout(branch, { ...branch, rules })
    })
    return same ? rule : { ...rule, branches }
  }
  if (!('rules' in rule)) return rule
  const rules = editRules(rule.rules, change, [...parents, rule]) as readonly Rule[]
  return rules === rule.rules ? rule : keepLayout(rule, { ...rule, rules })
}

/** Gives what has a body the text around it: the tail of what it replaces, and the head if that is the same. */
function keepLayout<T extends object>(old: object, replacement: T, alone: boolean = true): T {
  const around = layoutOf(old)
  if (old === replacement || !around || layoutOf(replacement) || !('rules' in replacement)) {
    return replacement
  }
  const origin = originOf(old)
  if (origin && hasSameHead(old, replacement)) return mark(replacement, origin)
  const kindOf = (node: object): unknown => ('kind' in node ? node.kind : undefined)
  if (alone && kindOf(old) === kindOf(replacement)) keepAround(replacement, around)
  return replacement
}

function hasSameHead(old: object, replacement: object): boolean {
  const keys = Object.keys(replacement) as (keyof typeof old)[]
  return (
    keys.length === Object.keys(old).length &&
    keys.every((key) => (key as string) === 'rules' || replacement[key] === old[key])
  )
}
