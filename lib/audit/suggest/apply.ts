import { invalidArgType } from '../../border/invalid.ts'
import { isObject } from '../../policy/check.ts'
import { edit, type Item } from '../../policy/edit.ts'
import { hat, policy as makePolicy, profile as makeProfile } from '../../policy/make.ts'
import type { Policy, Rule, Statement } from '../../policy/rules/index.ts'
import type { Hat, Profile } from '../../policy/rules/profile.ts'
import { textOf } from './draft.ts'
import type { Suggestion } from './suggest.ts'

/**
 * Writes suggestions into a policy, and changes nothing else in its text. It creates missing profiles, children and
 * hats. A resource limit replaces the existing one. A rule that exists already is not written again. Rules that a
 * suggested abstraction covers are left out. It ignores advice, which is for people.
 *
 * It makes no system call and runs anywhere.
 *
 * @param policy the policy, which is not modified
 * @param suggestions those that you agree with
 * @returns the new policy; `format` writes its text
 * @throws TypeError `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for a name that no profile can have
 * @example
 * ```js
 * import { apply, parseRecord, suggest } from 'apparmor/audit'
 * import { format, parseProfile } from 'apparmor/policy'
 * const policy = parseProfile('profile web {\n  /srv/** r, # the site\n}\n')
 * const line = 'audit: type=1400 audit(1795690704.769:34): apparmor="DENIED" operation="mkdir" class="file" ' +
 *   'profile="web" name="/srv/new/" pid=234 comm="web" requested_mask="c" denied_mask="c" fsuid=0 ouid=0'
 * format(apply(policy, suggest([parseRecord(line)], { policy })))
 * // profile web {\n  /srv/** r, # the site\n  /srv/new/ w,\n}\n
 * ```
 */
export function apply(policy: Policy, suggestions: readonly Suggestion[]): Policy {
  if (!isObject(policy) || policy.kind !== 'policy') {
    throw invalidArgType('policy', 'a policy', policy)
  }
  if (!Array.isArray(suggestions)) {
    throw invalidArgType('suggestions', 'an instance of Array', suggestions)
  }
  const plan = new Plan(suggestions)
  const edited = edit(policy, (rule, parents) => {
    if (rule.kind !== 'profile' && rule.kind !== 'hat') return undefined
    return plan.extended(rule, nameOf([...parents, rule]))
  })
  return plan.withNew(edited)
}

/** A whole name, as `decide` has it. */
function nameOf(path: readonly Item[]): string {
  const profiles = path.filter((one) => one.kind === 'profile' || one.kind === 'hat')
  const { namespace } = (profiles[0] ?? {}) as Partial<Profile>
  const prefix = namespace === undefined ? '' : `:${namespace}://`
  return prefix + profiles.map(({ name }) => String(name)).join('//')
}

class Plan {
  readonly #left = new Map<string, Suggestion[]>()

  constructor(suggestions: readonly Suggestion[]) {
    const covered = new Set(
      suggestions.flatMap((one): readonly Suggestion[] =>
        isObject(one) && one.kind === 'include' ? one.covers : [],
      ),
    )
    for (const one of suggestions) {
      if (!isObject(one) || typeof one.profile !== 'string') {
        throw invalidArgType('suggestions[]', 'a suggestion', one)
      }
      if (one.kind === 'advice' || covered.has(one)) continue
      this.#left.set(one.profile, [...(this.#left.get(one.profile) ?? []), one])
    }
  }

  /** The profile with what is suggested for it, and with its new children. */
  extended(rule: Profile | Hat, name: string): Profile | Hat {
    const own = this.#left.get(name) ?? []
    this.#left.delete(name)
    const children = this.#childrenOf(name)
    return grown(rule, own, children)
  }

  withNew(policy: Policy): Policy {
    const made: Statement[] = []
    for (let [name] = this.#left.keys(); name !== undefined; [name] = this.#left.keys()) {
      const [, prefix = '', top = ''] = /^(:[^:]+:\/\/)?(.*?)(?:\/\/.*)?$/s.exec(name) ?? []
      const namespace = prefix.slice(1, -3)
      const empty = makeProfile(top, namespace === '' ? {} : { namespace })
      made.push(this.extended(empty, prefix + top))
    }
    if (made.length === 0) return policy
    const last = policy.rules.at(-1)
    return last === undefined
      ? makePolicy(...made)
      : edit(policy, (rule, parents) =>
          rule === last && parents.length === 0
            ? [rule, { kind: 'blank', lines: 1 }, ...made]
            : rule,
        )
  }

  #childrenOf(parent: string): readonly (Profile | Hat)[] {
    const below = Array.from(this.#left.keys()).filter((name) => name.startsWith(`${parent}//`))
    const names = below.map((name) => name.slice(parent.length + 2).split('//', 1)[0] ?? '')
    return Array.from(new Set(names), (own) => {
      const name = `${parent}//${own}`
      const isHat = this.#left.get(name)?.some(({ kind }) => kind === 'hat')
      return this.extended(isHat ? hat(own) : makeProfile(own), name)
    })
  }
}

function grown(
  rule: Profile | Hat,
  own: readonly Suggestion[],
  children: readonly (Profile | Hat)[],
): Profile | Hat {
  let rules: readonly Rule[] = rule.rules
  const flags = new Set(rule.flags)
  const there = new Set(own.length === 0 ? [] : rules.filter(isLine).map(textOf))
  for (const one of own) {
    if (one.kind === 'flag') flags.add(one.flag)
    if (one.kind !== 'include' && one.kind !== 'rule') continue
    const text = textOf(one.rule)
    if (there.has(text)) continue
    there.add(text)
    rules = inserted(rules, one.rule)
  }
  if (children.length > 0) rules = [...rules, ...children]
  const sameFlags = flags.size === (rule.flags?.length ?? 0)
  if (sameFlags && rules === rule.rules) return rule
  return { ...rule, ...(!sameFlags && { flags: Array.from(flags) }), rules }
}

type Line = Extract<Suggestion, { rule: unknown }>['rule']

/** Puts a rule behind the others, before children; a limit in the place of the old one. */
function inserted(rules: readonly Rule[], rule: Line): readonly Rule[] {
  if (rule.kind === 'rlimit') {
    const at = rules.findIndex((one) => one.kind === 'rlimit' && one.limit === rule.limit)
    if (at >= 0) return rules.with(at, rule)
  }
  const isBefore = ({ kind }: Rule): boolean =>
    rule.kind === 'include' ? kind === 'include' : !BEHIND.has(kind)
  let at = rules.findLastIndex(isBefore) + 1
  if (at === 0 && rule.kind !== 'include') {
    const child = rules.findIndex(({ kind }) => kind === 'profile' || kind === 'hat')
    at = child < 0 ? rules.length : child
  }
  const next = rules[at]
  if (next?.kind === 'comment' && next.trailing) at++
  return rules.toSpliced(at, 0, rule)
}

const OTHERS: readonly string[] = ['profile', 'hat', 'comment', 'blank', 'block', 'if', 'abi']
const isLine = (rule: Rule): rule is Line => !OTHERS.includes(rule.kind)

const BEHIND: ReadonlySet<string> = new Set(['profile', 'hat', 'comment', 'blank'])
