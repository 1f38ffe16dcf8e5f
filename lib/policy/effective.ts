/** What is in force in a profile: includes opened, conditions decided, blocks dissolved, variables known. */
import { included } from './parse.ts'
import { Glob, patternText, type Pattern } from './pattern.ts'
import type { FileQualifiers } from './qualifiers.ts'
import type { Branch, Condition, Conditional } from './rules/conditional.ts'
import type { IncludeRule } from './rules/include.ts'
import type { AccessRule, Policy, Rule, Statement } from './rules/index.ts'
import type { Hat, Profile } from './rules/profile.ts'
import { escape } from '../border/word.ts'

/** A rule as it counts, and the rule as it is written. */
export interface Effective {
  readonly rule: AccessRule
  readonly written: AccessRule
  /** the includes that it came through, the outermost first */
  readonly includes: readonly IncludeRule[]
}

/** A profile by its whole name. */
export interface Named {
  /** `web`, `web//upload`, `:ns://web` */
  readonly name: string
  readonly profile: Profile | Hat
}

/** What the preamble says, and the profiles. */
export class World {
  readonly variables: Map<string, readonly Pattern[]> = new Map()
  readonly booleans: Map<string, boolean> = new Map()
  readonly aliases: (readonly [string, string])[] = []
  readonly profiles: Named[] = []
  /** includes whose text is not known */
  readonly closed: IncludeRule[] = []

  constructor(policy: Policy) {
    this.#read(policy.rules, new Set())
  }

  #read(rules: readonly (Rule | Statement)[], seen: Set<string>): void {
    for (const rule of rules) {
      if (rule.kind === 'variable') this.#assign(rule.name, rule.operator, rule.values)
      else if (rule.kind === 'boolean') this.booleans.set(rule.name, this.decides(rule.value))
      else if (rule.kind === 'alias')
        this.aliases.push([patternText(rule.from), patternText(rule.to)])
      else if (rule.kind === 'profile' || rule.kind === 'hat') this.#name(rule, '')
      else if (rule.kind === 'include') {
        for (const { file, rules } of this.open(rule)) {
          if (seen.has(file)) continue
          seen.add(file)
          this.#read(rules, seen)
        }
      }
    }
  }

  open(rule: IncludeRule): ReturnType<typeof included> & {} {
    const found = included(rule)
    if (!found) this.closed.push(rule)
    return found ?? []
  }

  #assign(name: string, operator: string, values: readonly Pattern[]): void {
    const before = this.variables.get(name)
    if (operator === '?=' && before) return
    this.variables.set(name, operator === '+=' ? [...(before ?? []), ...values] : values)
  }

  #name(profile: Profile | Hat, parent: string): void {
    const prefix = profile.namespace === undefined ? '' : `:${profile.namespace}://`
    const name = `${prefix}${parent}${String(profile.name)}`
    this.profiles.push({ name, profile })
    for (const child of this.#children(profile.rules)) this.#name(child, `${name}//`)
  }

  /** Hats and child profiles, those of the branches that are taken too. */
  *#children(rules: readonly Rule[]): Generator<Profile | Hat> {
    for (const rule of rules) {
      if (rule.kind === 'profile' || rule.kind === 'hat') yield rule
      else if (rule.kind === 'if') yield* this.#children(this.taken(rule)?.rules ?? [])
    }
  }

  /** The branch whose rules are in force. */
  taken({ branches }: Conditional): Branch | undefined {
    return branches.find(({ condition }) => !condition || this.decides(condition))
  }

  decides(condition: boolean | Condition): boolean {
    if (typeof condition === 'boolean') return condition
    switch (condition.op) {
      case 'boolean':
        return this.booleans.get(condition.name) ?? false
      case 'defined':
        return (condition.boolean ? this.booleans : this.variables).has(condition.variable)
      case 'not':
        return !this.decides(condition.condition)
      case 'and':
        return this.decides(condition.left) && this.decides(condition.right)
      case 'or':
        return this.decides(condition.left) || this.decides(condition.right)
      default:
        return this.#compares(condition.op, condition.left, condition.right)
    }
  }

  #compares(op: string, left: string, right: string): boolean {
    const [a, b] = [this.#values(left), this.#values(right)]
    if (op === 'in') return a.every((value) => b.includes(value))
    const same = a.length === b.length && a.every((value) => b.includes(value))
    if (op === '==' || op === '!=') return same === (op === '==')
    const number = (text = ''): number | string => (/^-?\d+$/.test(text) ? Number(text) : text)
    const [x, y] = [number(a[0]), number(b[0])]
    if (op === '<') return x < y
    if (op === '<=') return x <= y
    return op === '>' ? x > y : x >= y
  }

  #values(word: string): readonly string[] {
    const [, name] = /^@\{(\w+)\}$/.exec(word) ?? []
    return name === undefined ? [word] : (this.variables.get(name) ?? []).map(String)
  }

  /** The text of a pattern with the values of its variables; nothing when one has none. */
  expand(pattern: Pattern, profile: string): string | undefined {
    let text = patternText(pattern)
    for (let round = 0; round < 40 && text.includes('@{'); round++) {
      let missing = false
      text = text.replaceAll(VARIABLE, (whole: string, name: string, at: number, all: string) => {
        const values =
          name === 'profile_name' ? [escape(profile)] : this.variables.get(name)?.map(valueText)
        if (!values) {
          missing = true
          return whole
        }
        return joined(values, all[at - 1] === '/', all[at + whole.length] === '/')
      })
      if (missing || text.length > 100_000) return undefined
    }
    return text
  }
}

const VARIABLE = /@\{([A-Za-z]\w*)\}/g

const valueText = (value: Pattern): string => (Glob.is(value) ? value.text : escape(value))

/** The values as one alternative; a slash that would stand twice is left out. */
function joined(values: readonly string[], slashBefore: boolean, slashBehind: boolean): string {
  const trimmed = values.map((value) => {
    const text = slashBefore ? value.replace(/^\/+/, '') : value
    return slashBehind ? text.replace(/\/+$/, '') : text
  })
  return trimmed.length === 1 ? (trimmed[0] as string) : `{${trimmed.join(',')}}`
}

/** The rules that are in force in a profile. */
export function effective(world: World, { profile }: Named): Effective[] {
  const found: Effective[] = []
  const seen = new Set<string>()
  const walk = (
    rules: readonly (Rule | Statement)[],
    includes: readonly IncludeRule[],
    block: FileQualifiers | undefined,
  ): void => {
    for (const rule of rules) {
      switch (rule.kind) {
        case 'include':
          for (const { file, rules } of world.open(rule)) {
            if (seen.has(file)) continue
            seen.add(file)
            walk(rules, [...includes, rule], block)
          }
          break
        case 'if': {
          const branch = world.taken(rule)
          if (branch) walk(branch.rules, includes, block)
          break
        }
        case 'block': {
          const { kind: _, rules, ...qualifiers } = rule
          walk(rules, includes, { ...block, ...qualifiers })
          break
        }
        case 'blank':
        case 'comment':
        case 'abi':
        case 'rlimit':
        case 'profile':
        case 'hat':
        case 'variable':
        case 'boolean':
        case 'alias':
          break
        default:
          // Of rules in a block the compiler keeps these kinds alone.
          if (!block) found.push({ rule, written: rule, includes })
          else if (rule.kind === 'file' || rule.kind === 'link' || rule.kind === 'change_profile') {
            const inner = { ...block, ...rule } as AccessRule
            found.push({ rule: inner, written: rule, includes })
          }
      }
    }
  }
  walk(profile.rules, [], undefined)
  return found
}
