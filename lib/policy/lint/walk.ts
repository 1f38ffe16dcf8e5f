/** All rules of a policy in their places: includes opened, profiles, blocks and conditions entered. */
import { worldOf } from '../decide.ts'
import type { Item } from '../edit.ts'
import type { World } from '../effective.ts'
import { included } from '../parse.ts'
import type { IncludeRule } from '../rules/include.ts'
import type { Policy } from '../rules/index.ts'
import type { Hat, Profile } from '../rules/profile.ts'

/** A rule, and where it stands. */
export interface Site<Rule extends Item = Item> {
  readonly rule: Rule
  /** what stands next to it, itself too */
  readonly siblings: readonly Item[]
  /** the full name of its profile (`web//upload`); of a profile its own; `null` before the profiles */
  readonly profile: string | null
  /** the profile that it stands in */
  readonly inside: Profile | Hat | null
  /** the blocks and conditions around it, from the profile on */
  readonly parents: readonly Item[]
  /** the includes that it came through, the outermost first */
  readonly includes: readonly IncludeRule[]
  /** of an include that the compiler skips, since it has included the file before: the place of that */
  readonly before?: Site
  /** in a branch of a condition that is not taken */
  readonly dead: boolean
}

type Place = Omit<Site, 'rule' | 'siblings'>

// Field by field, as there are thousands of them: a spread takes four times as long.
const siteOf = (rule: Item, siblings: readonly Item[], place: Place): Site => ({
  rule,
  siblings,
  profile: place.profile,
  inside: place.inside,
  parents: place.parents,
  includes: place.includes,
  dead: place.dead,
})

/** Every rule of a policy, in the order of the text. */
export function walk(policy: Policy): readonly Site[] {
  return new Walk(worldOf(policy)).policy(policy)
}

class Walk {
  readonly #world: World
  readonly #sites: Site[] = []

  constructor(world: World) {
    this.#world = world
  }

  policy({ rules }: Policy): readonly Site[] {
    const place = { profile: null, inside: null, parents: [], includes: [], dead: false }
    this.#body(rules, place, new Map())
    return this.#sites
  }

  #body(rules: readonly Item[], place: Place, seen: Map<string, Site>): void {
    for (const rule of rules) {
      if (rule.kind === 'profile' || rule.kind === 'hat') this.#profile(rule, rules, place)
      else this.#rule(siteOf(rule, rules, place), seen)
    }
  }

  #profile(rule: Profile | Hat, siblings: readonly Item[], place: Place): void {
    const own = rule.namespace === undefined ? '' : `:${rule.namespace}://`
    const parent = place.profile === null ? '' : `${place.profile}//`
    const profile = `${own}${parent}${String(rule.name)}`
    this.#sites.push(siteOf(rule, siblings, { ...place, profile }))
    this.#body(rule.rules, { ...place, profile, inside: rule, parents: [] }, new Map())
  }

  #rule(site: Site, seen: Map<string, Site>): void {
    const { rule } = site
    switch (rule.kind) {
      case 'include':
        return this.#include(site as Site<IncludeRule>, seen)
      case 'block':
        this.#sites.push(site)
        return this.#body(rule.rules, { ...site, parents: [...site.parents, rule] }, seen)
      case 'if': {
        this.#sites.push(site)
        // What is not known may be either way.
        const known = this.#world.closed.length === 0
        const taken = this.#world.taken(rule)
        for (const branch of rule.branches) {
          const dead = site.dead || (known && branch !== taken)
          this.#body(branch.rules, { ...site, parents: [...site.parents, rule], dead }, seen)
        }
        return
      }
      default:
        this.#sites.push(site)
    }
  }

  #include(site: Site<IncludeRule>, seen: Map<string, Site>): void {
    const { rule } = site
    const fragments = included(rule) ?? []
    const before = fragments.map(({ file }) => seen.get(file)).find((one) => one !== undefined)
    this.#sites.push(before ? { ...site, before } : site)
    for (const { file, rules } of fragments) {
      if (seen.has(file)) continue
      seen.set(file, site)
      this.#body(rules, { ...site, includes: [...site.includes, rule] }, seen)
    }
  }
}
