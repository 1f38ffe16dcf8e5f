import { invalidArgType, invalidArgValue } from '../../border/invalid.ts'
import { readOptions as readOwn } from '../../border/options.ts'
import { isObject } from '../../policy/check.ts'
import { coversBy } from '../../policy/cover.ts'
import { decide, rulesIn, worldOf } from '../../policy/decide.ts'
import { edit } from '../../policy/edit.ts'
import type { Named, World } from '../../policy/effective.ts'
import { hat, include, profile as makeProfile } from '../../policy/make.ts'
import { format } from '../../policy/format.ts'
import { locate } from '../../policy/origin.ts'
import { parseProfile, type Resolve } from '../../policy/parse.ts'
import type { AccessRule, Policy } from '../../policy/rules/index.ts'
import type { ExecMode, FileRule } from '../../policy/rules/file.ts'
import type { IncludeRule } from '../../policy/rules/include.ts'
import type { Hat, Profile } from '../../policy/rules/profile.ts'
import type { RlimitRule } from '../../policy/rules/rlimit.ts'
import type { AuditRecord, LogRecord, LostRecord } from '../record.ts'
import { needsOf } from './classes/index.ts'
import { allHomes, dangersOf, writeAndExecute, type Danger } from './dangers.ts'
import { execRule, choicesOf, type Choice } from './exec.ts'
import {
  generalise,
  GENERALISATIONS,
  type Generalisation,
  type GeneralisationName,
} from './generalise.ts'
import { Labels, type ChooseExec, type ExecChoice } from './labels.ts'
import { textOf, type Draft } from './draft.ts'
import { merge } from './merge.ts'
import type { Act, Need } from './need.ts'
import { listed, shown } from './words.ts'

interface Base {
  /** the full name of the profile: `'web'`, `'web//upload'`, `':ns://web'` */
  readonly profile: string
  /** what it adds, in the policy language; for advice, a sentence */
  readonly text: string
  /** the records that ask for it */
  readonly records: readonly AuditRecord[]
  /** why it needs a second look */
  readonly dangers: readonly Danger[]
}

/** A rule. */
export interface RuleSuggestion extends Base {
  readonly kind: 'rule'
  readonly rule: AccessRule | RlimitRule
  /** how the paths of the records became a pattern; see {@link exact} */
  readonly generalisations: readonly Generalisation[]
  /** the rules for the records' own paths, without generalisation */
  readonly exact: readonly (AccessRule | RlimitRule)[]
  /** for starting a program: every way to permit it */
  readonly choices?: readonly Choice[]
}

/** An abstraction that would permit several of the rules, and more. */
export interface IncludeSuggestion extends Base {
  readonly kind: 'include'
  readonly rule: IncludeRule
  /** the suggestions that it makes unnecessary */
  readonly covers: readonly RuleSuggestion[]
  /** how many rules it adds */
  readonly rules: number
}

/** A missing hat, or a profile of its own for a program. `profile` is its full name. */
export interface ProfileSuggestion extends Base {
  readonly kind: 'hat' | 'profile'
}

/** A flag of the profile. */
export interface FlagSuggestion extends Base {
  readonly kind: 'flag'
  readonly flag: string
}

/** Something that no rule can permit. `text` says what helps. */
export interface Advice extends Base {
  readonly kind: 'advice'
}

export type Suggestion =
  RuleSuggestion | IncludeSuggestion | ProfileSuggestion | FlagSuggestion | Advice

export interface SuggestOptions {
  /** the existing policy. What it permits is not suggested, and neither is what it denies on purpose */
  readonly policy?: Policy
  /** how programs are started: one way for all, or a function that chooses for each; default: `'ix'` */
  readonly exec?: ExecChoice | ChooseExec
  /** makes patterns of paths that will differ the next time: `true` for all kinds, or a list; default: none */
  readonly generalise?: boolean | readonly GeneralisationName[]
  /** the abstractions that may be suggested: `'abstractions/base'` */
  readonly abstractions?: readonly string[]
  /** finds the text of abstractions, as for `parseProfile` */
  readonly resolve?: Resolve
}

const MODES: readonly ExecMode[] = [
  ...(['ix', 'ux', 'Ux', 'px', 'Px', 'cx', 'Cx', 'pix', 'Pix'] as const),
  ...(['cix', 'Cix', 'pux', 'PUx', 'cux', 'CUx'] as const),
]

/**
 * Turns records into rules: those that would permit what was refused, or what complain mode let through.
 *
 * Similar records are merged. Names in records become literal text in rules: nothing in a record can become a
 * pattern or a second rule. But the confined program chose these names, so read the rules before you apply them. It
 * calls only your functions, and runs anywhere.
 *
 * @param records the records of `parseRecord`, `records` or `follow`. Incomplete records become no rules.
 * @returns the suggestions, by profile
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; `PolicySyntaxError` of an abstraction
 * @example
 * ```js
 * import { parseRecord, suggest } from 'apparmor/audit'
 * const line = 'audit: type=1400 audit(1795690704.769:34): apparmor="DENIED" operation="open" class="file" ' +
 *   'profile="web" name="/srv/a" pid=234 comm="web" requested_mask="r" denied_mask="r" fsuid=0 ouid=0'
 * suggest([parseRecord(line)])[0].text // '/srv/a r,'
 * ```
 */
export function suggest(
  records: Iterable<LogRecord>,
  options?: SuggestOptions,
): readonly Suggestion[] {
  if (typeof records !== 'object' || records === null || !(Symbol.iterator in records)) {
    throw invalidArgType('records', 'an iterable of records', records)
  }
  const job = new Job(readOptions(options))
  job.read(records)
  return job.suggestions()
}

interface Settings {
  readonly world: World | undefined
  readonly policy: Policy | undefined
  readonly choose: ChooseExec
  readonly patterns: ReadonlySet<GeneralisationName>
  readonly abstractions: readonly string[]
  readonly resolve: Resolve | undefined
}

const OPTIONS = ['policy', 'exec', 'generalise', 'abstractions', 'resolve'] as const

function readOptions(options: SuggestOptions | undefined): Settings {
  const {
    policy,
    exec = 'ix',
    generalise,
    abstractions = [],
    resolve,
  } = readOwn<SuggestOptions>(options, OPTIONS) as SuggestOptions
  if (policy !== undefined && (!isObject(policy) || policy.kind !== 'policy')) {
    throw invalidArgType('options.policy', 'a policy', policy)
  }
  if (typeof exec !== 'function') checkMode(exec, 'options.exec')
  const choose: ChooseExec =
    typeof exec === 'function'
      ? (program, profile) => checkMode(exec(program, profile), 'options.exec()')
      : () => exec
  const names =
    generalise === true ? GENERALISATIONS : generalise === false ? [] : (generalise ?? [])
  if (!Array.isArray(names))
    throw invalidArgType('options.generalise', 'of type boolean or an Array', names)
  for (const name of names as readonly GeneralisationName[]) {
    if (!GENERALISATIONS.includes(name)) {
      throw invalidArgValue('options.generalise', `may have: ${GENERALISATIONS.join(', ')}`, name)
    }
  }
  if (!Array.isArray(abstractions) || !abstractions.every((one) => typeof one === 'string')) {
    throw invalidArgType('options.abstractions', 'an Array of strings', abstractions)
  }
  if (resolve !== undefined && typeof resolve !== 'function') {
    throw invalidArgType('options.resolve', 'of type function', resolve)
  }
  if (abstractions.length > 0 && resolve === undefined) {
    throw invalidArgValue('options.resolve', 'must be there to read abstractions', resolve)
  }
  return {
    world: policy && worldOf(policy),
    policy,
    choose,
    patterns: new Set(names),
    abstractions,
    resolve,
  }
}

function checkMode(mode: unknown, argument: string): ExecChoice {
  if ((MODES as readonly unknown[]).includes(mode)) return mode as ExecChoice
  throw invalidArgValue(argument, `must be one of: ${MODES.join(', ')}`, mode)
}

const ASKING: ReadonlySet<string> = new Set(['denied', 'allowed', 'killed', 'unknown', 'hint'])

class Job {
  readonly #settings: Settings
  readonly #labels: Labels
  readonly #drafts = new Map<string, Draft>()
  #lost: LostRecord[] = []

  constructor(settings: Settings) {
    this.#settings = settings
    this.#labels = new Labels(settings.choose, settings.world)
  }

  read(records: Iterable<LogRecord>): void {
    const groups = new Map<string, AuditRecord[]>()
    for (const record of records) {
      if (!isObject(record)) throw invalidArgType('records', 'an iterable of records', record)
      if (record.event === 'lost') this.#lost.push(record)
      else if (ASKING.has(record.event)) {
        const key = sameness(record)
        const group = groups.get(key)
        if (group) group.push(record)
        else groups.set(key, [record])
      }
    }
    for (const group of groups.values()) this.#take(group)
  }

  suggestions(): readonly Suggestion[] {
    const drafts = merge(Array.from(this.#drafts.values()))
    const uses = usesOf(drafts)
    const rules = drafts.map((draft) => this.#finish(draft, uses))
    const includes = this.#includes(rules.filter((one) => one.kind === 'rule'))
    const byProfile = new Map<string, Suggestion[]>()
    for (const one of [...this.#loss(), ...includes, ...rules]) {
      const others = byProfile.get(one.profile)
      if (others) others.push(one)
      else byProfile.set(one.profile, [one])
    }
    return Array.from(byProfile.values()).flat()
  }

  #take(group: readonly AuditRecord[]): void {
    const [first] = group
    if (!first) return
    for (const profile of this.#labels.subjects(first)) {
      try {
        for (const need of this.#needsOf(first)) this.#add(profile, need, group)
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
        const name = first.name === undefined ? '' : ` for ${shown(first.name)}`
        this.#put(
          { kind: 'advice', profile, text: `The policy language cannot say a rule${name}.` },
          group,
        )
      }
    }
  }

  #needsOf(record: AuditRecord): readonly Need[] {
    const { problems } = record
    if (!problems) return needsOf(record, this.#labels.peer)
    const text = `The log has only a part of this record (${listed(problems)}). No rule is made of it.`
    return [{ kind: 'advice', text }]
  }

  #add(profile: string, need: Need, group: readonly AuditRecord[]): void {
    switch (need.kind) {
      case 'advice':
        return this.#put({ kind: 'advice', profile, text: need.text }, group)
      case 'flag':
        if (this.#named(profile)?.profile.flags?.includes(need.flag)) return
        return this.#put({ kind: 'flag', profile, text: need.flag, flag: need.flag }, group)
      case 'hat': {
        const name = `${profile}//${need.name}`
        if (this.#named(name)) return
        return this.#put({ kind: 'hat', profile: name, text: headOf(hat(need.name)) }, group)
      }
      case 'exec':
        return this.#addExec(profile, need, group)
      default:
        this.#addRule(profile, need.rule, need.act, group)
    }
  }

  #addExec(
    profile: string,
    { path, owner, seen }: Need & { kind: 'exec' },
    group: readonly AuditRecord[],
  ): void {
    const mode = this.#labels.choice(path, profile)
    const rule = execRule(path, mode, { labels: this.#labels, profile, seen })
    const act = { file: path, permissions: 'x', owner }
    const choices = choicesOf(path, mode, { labels: this.#labels, profile, seen })
    const added = this.#addRule(profile, rule, act, group, choices)
    const next = this.#labels.next(path, profile, mode)
    if (!added || next === undefined || next === profile || this.#named(next)) return
    const made = makeProfile(next.slice(next.lastIndexOf('//') + (next.includes('//') ? 2 : 1)))
    this.#put({ kind: 'profile', profile: next, text: headOf(made) }, group)
  }

  /** @returns `false` when the policy has it already */
  #addRule(
    profile: string,
    rule: AccessRule | RlimitRule,
    act: Act | undefined,
    group: readonly AuditRecord[],
    choices?: readonly Choice[],
  ): boolean {
    const verdict = this.#asks(profile, rule, act)
    if (verdict === 'covered') return false
    if (verdict !== undefined) {
      this.#put({ kind: 'advice', profile, text: verdict }, group)
      return false
    }
    const { rule: wider, steps } = this.#generalise(rule)
    const draft: Pick<Draft, 'kind' | 'profile' | 'text' | 'rule' | 'choices'> = {
      kind: 'rule',
      profile,
      text: textOf(wider),
      rule: wider,
      ...(choices && { choices }),
    }
    this.#put(draft, group, { exact: rule, steps, act })
    return true
  }

  #named(name: string): Named | undefined {
    return this.#settings.world?.profiles.find((one) => one.name === name)
  }

  /** What the policy says to it already; nothing when it does not speak of it. */
  #asks(
    profile: string,
    rule: AccessRule | RlimitRule,
    act: Act | undefined,
  ): 'covered' | string | undefined {
    const { world, policy } = this.#settings
    const named = this.#named(profile)
    if (!world || !policy || !named || rule.kind === 'rlimit') return undefined
    if (act === undefined) {
      const text = (pattern: Parameters<World['expand']>[0]): string | undefined =>
        world.expand(pattern, profile)
      const known = rulesIn(world, named)
      const parts = partsOf(rule)
      const denial = known.find((one) =>
        parts.some((part) => coversBy(one.rule, { ...part, access: 'deny' }, text, text)),
      )
      if (denial) return refusal(denial.written)
      const covered = parts.every((part) =>
        known.some((one) => coversBy(one.rule, part, text, text)),
      )
      return covered ? 'covered' : undefined
    }
    const { allowed, denied, rules } = decide(policy, { ...act, profile } as Parameters<
      typeof decide
    >[1])
    if (allowed) return 'covered'
    const [reason] = rules
    return denied && reason ? refusal(reason.rule) : undefined
  }

  #generalise(rule: AccessRule | RlimitRule): {
    readonly rule: AccessRule | RlimitRule
    readonly steps: readonly Generalisation[]
  } {
    const { patterns, world } = this.#settings
    if (patterns.size === 0) return { rule, steps: [] }
    if (rule.kind === 'file' && rule.exec === undefined && typeof rule.path === 'string') {
      const { pattern, steps } = generalise(rule.path, patterns, world)
      return { rule: { ...rule, path: pattern }, steps }
    }
    if (rule.kind === 'link' && typeof rule.path === 'string' && typeof rule.target === 'string') {
      const path = generalise(rule.path, patterns, world)
      const target = generalise(rule.target, patterns, world)
      return {
        rule: { ...rule, path: path.pattern, target: target.pattern },
        steps: [...path.steps, ...target.steps],
      }
    }
    return { rule, steps: [] }
  }

  #put(
    draft: Pick<Draft, 'kind' | 'profile' | 'text' | 'rule' | 'choices' | 'flag'>,
    group: readonly AuditRecord[],
    more?: {
      readonly exact: AccessRule | RlimitRule
      readonly steps: readonly Generalisation[]
      readonly act: Act | undefined
    },
  ): void {
    const key = `${draft.kind}\0${draft.profile}\0${draft.text}`
    const known = this.#drafts.get(key) ?? {
      ...draft,
      exact: new Map<string, AccessRule | RlimitRule>(),
      steps: new Map<string, Generalisation>(),
      acts: [],
      records: new Set<AuditRecord>(),
    }
    this.#drafts.set(key, known)
    for (const record of group) known.records.add(record)
    if (!more) return
    known.exact.set(textOf(more.exact), more.exact)
    for (const step of more.steps) known.steps.set(`${step.name} ${step.from}`, step)
    if (more.act) known.acts.push(more.act)
  }

  #finish(draft: Draft, uses: Uses): Suggestion {
    const { kind, profile, text, rule, choices, flag } = draft
    const records = Array.from(draft.records)
    const base = { profile, text, records }
    if (kind !== 'rule' || rule === undefined) {
      const disconnected: Danger = {
        name: 'disconnected',
        text: 'Files outside of what the process sees get paths as if they were in it: rules may then match others.',
      }
      const dangers = flag === 'attach_disconnected' ? [disconnected] : []
      return { kind, ...base, dangers, ...(flag !== undefined && { flag }) } as Suggestion
    }
    const exact = Array.from(draft.exact.values())
    const dangers = dangersOf(rule, exact)
    if (!dangers.some(({ name }) => name === 'write-and-execute') && this.#meets(draft, uses)) {
      dangers.push(writeAndExecute)
    }
    const isOfAll = Array.from(draft.steps.values()).some(({ name }) => name === 'home')
    if (isOfAll && !('owner' in rule && rule.owner === true)) dangers.push(allHomes)
    return {
      kind: 'rule',
      ...base,
      rule,
      exact,
      generalisations: Array.from(draft.steps.values()),
      dangers,
      ...(choices && { choices }),
    }
  }

  /** Whether the policy adds execution to writing, or the other way round. */
  #meets({ profile, rule, exact }: Draft, uses: Uses): boolean {
    if (rule?.kind !== 'file') return false
    const writes = isWriting(rule)
    if (!writes && !isRunning(rule)) return false
    const paths = Array.from(exact.values(), (one) => (one.kind === 'file' ? one.path : undefined))
    const other = writes ? isRunning : isWriting
    const beside = paths.some((path) =>
      uses.get(useKey(profile, path))?.some((one) => one !== rule && other(one)),
    )
    const { policy } = this.#settings
    if (beside || !policy || !this.#named(profile)) return beside
    const letters = writes ? ['x', 'm'] : ['w', 'a']
    return paths.some(
      (path) =>
        typeof path === 'string' &&
        letters.some((permissions) => decide(policy, { profile, file: path, permissions }).allowed),
    )
  }

  #includes(suggestions: readonly RuleSuggestion[]): readonly IncludeSuggestion[] {
    const { abstractions, resolve } = this.#settings
    if (!resolve) return []
    const drafts = new Map<string, Draft[]>()
    for (const draft of this.#drafts.values()) {
      for (const text of draft.exact.keys()) {
        const key = `${draft.profile}\0${text}`
        drafts.set(key, [...(drafts.get(key) ?? []), draft])
      }
    }
    return abstractions.flatMap((path): IncludeSuggestion[] => {
      const text = `${this.#preamble()}\nprofile x {\n  ${textOf(include(path))}\n}\n`
      const policy = parseProfile(text, { resolve })
      const world = worldOf(policy)
      const named = world.profiles[0] as Named
      const rules = rulesIn(world, named)
      if (this.#settings.policy && !rules.every(({ written }) => hasVariables(world, written)))
        return []
      const covers = suggestions.filter(({ profile, exact, rule }) => {
        const own = new Set(exact.flatMap((one) => drafts.get(`${profile}\0${textOf(one)}`) ?? []))
        const acts = Array.from(own).flatMap((draft) => draft.acts)
        if (acts.length > 0) {
          return acts.every(
            (act) =>
              decide(policy, { ...act, profile: 'x' } as Parameters<typeof decide>[1]).allowed,
          )
        }
        const expand = (pattern: Parameters<World['expand']>[0]): string | undefined =>
          world.expand(pattern, 'x')
        return (
          rule.kind !== 'rlimit' && rules.some((one) => coversBy(one.rule, rule, expand, expand))
        )
      })
      const profiles = Array.from(new Set(covers.map(({ profile }) => profile)))
      return profiles.flatMap((profile): IncludeSuggestion[] => {
        const own = covers.filter((one) => one.profile === profile)
        if (own.length < 2) return []
        const rule = include(path)
        const records = Array.from(new Set(own.flatMap((one) => one.records)))
        return [
          {
            kind: 'include',
            profile,
            rule,
            text: textOf(rule),
            records,
            dangers: [],
            covers: own,
            rules: rules.length,
          },
        ]
      })
    })
  }

  /** What the abstractions' variables come from. */
  #preamble(): string {
    const { policy } = this.#settings
    if (!policy) return 'include if exists <tunables/global>\n'
    return format(
      edit(policy, (rule, parents) =>
        parents.length === 0 && (rule.kind === 'profile' || rule.kind === 'hat') ? null : undefined,
      ),
    )
  }

  #loss(): readonly Advice[] {
    if (this.#lost.length === 0) return []
    const counts = this.#lost.map(({ count }) => count)
    const sum = counts.reduce(
      (sum: number | null, count) => (sum === null || count === null ? null : sum + count),
      0,
    )
    const text = `The log has lost ${sum ?? 'an unknown number of'} records: what they would have asked for is missing here.`
    return [{ kind: 'advice', profile: '', text, records: [], dangers: [] }]
  }
}

/** By profile and path: the rules for it. */
type Uses = ReadonlyMap<string, readonly FileRule[]>

const isWriting = ({ permissions }: FileRule): boolean => /[wa]/.test(permissions)
const isRunning = ({ exec, permissions }: FileRule): boolean =>
  exec !== undefined || permissions.includes('m')

const useKey = (profile: string, path: FileRule['path']): string => `${profile}\0${String(path)}`

function usesOf(drafts: readonly Draft[]): Uses {
  const uses = new Map<string, FileRule[]>()
  for (const { profile, rule, exact } of drafts) {
    if (rule?.kind !== 'file') continue
    for (const own of exact.values()) {
      if (own.kind !== 'file') continue
      const key = useKey(profile, own.path)
      uses.set(key, [...(uses.get(key) ?? []), rule])
    }
  }
  return uses
}

/** A rule for each of several permissions: they may be permitted, or denied, by different rules. */
function partsOf(rule: AccessRule): readonly AccessRule[] {
  const { permissions } = rule as { readonly permissions?: unknown }
  if (!Array.isArray(permissions) || permissions.length < 2) return [rule]
  return permissions.map((one: unknown) => ({ ...rule, permissions: [one] }) as AccessRule)
}

function refusal(rule: AccessRule): string {
  const { line } = locate(rule) ?? {}
  const where = line === undefined ? '' : ` in line ${line}`
  return `A rule${where} denies this on purpose: ${textOf(rule)} A rule that permits it changes nothing.`
}

// The compiler sets it for each profile.
const OWN = 'profile_name'

/** Whether the compiler would know all variables of a rule. */
const hasVariables = ({ variables }: World, rule: AccessRule): boolean =>
  Array.from(textOf(rule).matchAll(/@\{(\w+)\}/g)).every(
    ([, name = '']) => name === OWN || variables.has(name),
  )

const headOf = (profile: Hat | Profile): string => format(profile).trimEnd()

// What differs from one record of an act to the next.
const PASSING: ReadonlySet<string> = new Set(
  'audit raw pid comm exe parent task extra host execPath event kernelClass peerPid'.split(' '),
)

/** The same for two records that ask for the same. */
function sameness(record: AuditRecord): string {
  const owner = 'ouid' in record && record.ouid === record.fsuid
  const fields = Object.entries(record).flatMap(([key, value]) => {
    if (PASSING.has(key) || key === 'ouid') return []
    return [key, key === 'fsuid' ? value === 0 : value]
  })
  return JSON.stringify([record.event === 'denied' || record.event === 'killed', owner, ...fields])
}

/**
 * Undoes the generalisation of a suggestion: returns rules for the records' own paths.
 *
 * @returns one suggestion for each path
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 * @example
 * ```js
 * import { exact, suggest } from 'apparmor/audit'
 * const suggestions = suggest([], { generalise: true })
 * suggestions.map((one) => (one.kind === 'rule' ? exact(one) : [one])).flat()
 * ```
 */
export function exact(suggestion: RuleSuggestion): readonly RuleSuggestion[] {
  if (!isObject(suggestion) || suggestion.kind !== 'rule') {
    throw invalidArgType('suggestion', 'a suggestion of a rule', suggestion)
  }
  if (suggestion.generalisations.length === 0) return [suggestion]
  const { generalisations: _, ...rest } = suggestion
  return suggestion.exact.map((rule) => ({
    ...rest,
    rule,
    text: textOf(rule),
    exact: [rule],
    generalisations: [],
  }))
}
