import { invalidArgType, invalidArgValue } from '../border/invalid.ts'
import { automaton } from './aare.ts'
import { isObject } from './check.ts'
import { effective, World, type Effective, type Named } from './effective.ts'
import { checkPolicy } from './shape.ts'
import { locate, type Location } from './origin.ts'
import type { Pattern } from './pattern.ts'
import type { Capability } from './rules/capability.ts'
import type { DbusPermission } from './rules/dbus.ts'
import type { ExecMode, FileRule } from './rules/file.ts'
import type { IncludeRule } from './rules/include.ts'
import type { AccessRule, Policy } from './rules/index.ts'
import type { IoUringPermission } from './rules/io_uring.ts'
import type { MqueuePermission } from './rules/mqueue.ts'
import type { Family, SocketPermission, SocketType } from './rules/network.ts'
import type { PtracePermission } from './rules/ptrace.ts'
import type { Signal, SignalPermission } from './rules/signal.ts'
import { networkCoversUnix, unixCovers, type Matches, type UnixAct } from './sockets.ts'

/** A question to a policy. `profile` is the full name: `'web'`, `'web//upload'`, `':ns://web'`. */
export type Question = { readonly profile: string } & (
  | {
      readonly file: string
      /** letters of `mrwalkx`; the question is whether all of them are allowed */
      readonly permissions: string
      /** whether the file belongs to the process's user; default: `false` */
      readonly owner?: boolean
    }
  | { readonly link: string; readonly target: string; readonly owner?: boolean }
  | { readonly capability: Capability }
  | {
      readonly network: {
        readonly family: Family
        readonly type: SocketType
        readonly permission?: SocketPermission
      }
    }
  | {
      readonly unix: {
        readonly permission: SocketPermission
        readonly type?: SocketType
        /** `@abstract`, or none; to bind without one has the kernel choose it */
        readonly addr?: string
        readonly peerLabel?: string
        readonly peerAddr?: string
      }
    }
  | { readonly signal: Signal; readonly permission: SignalPermission; readonly peer: string }
  | { readonly ptrace: PtracePermission; readonly peer: string }
  | {
      readonly dbus: {
        readonly permission: DbusPermission
        readonly bus?: string
        readonly path?: string
        readonly interface?: string
        readonly member?: string
        readonly name?: string
        readonly peerName?: string
        readonly peerLabel?: string
      }
    }
  | {
      readonly mount: {
        readonly source?: string
        readonly mountpoint: string
        readonly fstype?: string
        readonly options?: readonly string[]
      }
    }
  | { readonly umount: string }
  | { readonly changeProfile: string; readonly exec?: string }
  | {
      /** `/name` of POSIX, or a number of System V */
      readonly mqueue: string
      readonly permission: MqueuePermission
      readonly label?: string
    }
  | { readonly userns: 'create' }
  | {
      readonly ioUring: IoUringPermission
      /** for `override_creds`: the label of the other credentials */
      readonly label?: string
    }
)

/** A rule that contributed to a decision. */
export interface Reason {
  readonly rule: AccessRule
  /** where the rule is; `undefined` for a rule that was made by code */
  readonly location?: Location
  /** the includes that it came through, the outermost first */
  readonly includes: readonly IncludeRule[]
}

/** A policy's answer to a question. */
export interface Decision {
  readonly allowed: boolean
  /** a `deny` rule refuses it. If it is neither allowed nor denied, no rule mentions it */
  readonly denied: boolean
  /**
   * it is written to the audit log: an act that an `audit` rule allows, or one that is refused, except by a plain
   * `deny`
   */
  readonly audited: boolean
  /** the rules that decide; empty when no rule mentions it */
  readonly rules: readonly Reason[]
  /** for execution: what becomes of the profile */
  readonly transition?: Transition
  /** includes whose text is unknown, because the policy was read without `resolve` */
  readonly closed: readonly IncludeRule[]
}

/** What an execution does. */
export interface Transition {
  readonly exec: ExecMode
  /** the profile that the rule names */
  readonly target?: string
}

/**
 * Decides without a kernel whether a policy permits something to a profile, and by which rules.
 *
 * It reads the text as the language defines it. But a kernel permits everything of a class that it does not
 * mediate, and some versions of apparmor_parser compile some rules to something else (docs/policy.md). The
 * profile's mode does not matter. It makes no system call and runs anywhere. Rests on apparmor.d(5).
 *
 * @param policy as `parseProfile` returned it, with `resolve` if it includes files
 * @param question the profile, and one act
 * @returns what the policy says
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for a profile that is not in the policy
 * @example
 * ```js
 * import { decide, parseProfile } from 'apparmor/policy'
 * const policy = parseProfile('profile web {\n  /srv/** r,\n  deny /srv/secret rw,\n}\n')
 * decide(policy, { profile: 'web', file: '/srv/index.html', permissions: 'r' }).allowed // true
 * decide(policy, { profile: 'web', file: '/srv/secret', permissions: 'r' }).rules[0].location.line // 3
 * ```
 */
export function decide(policy: Policy, question: Question): Decision {
  checkPolicy(policy)
  if (!isObject(question)) throw invalidArgType('question', 'of type object', question)
  const world = worldOf(policy)
  const asked = { ...question } as Partial<Record<string, unknown>> & { profile: string }
  const named = world.profiles.find(({ name }) => name === asked.profile)
  if (!named) {
    throw invalidArgValue('question.profile', 'must be a profile of the policy', asked.profile)
  }
  return new Judge(world, named).decide(asked)
}

const worlds = new WeakMap<Policy, World>()
const rulesOf = new WeakMap<World, Map<string, Effective[]>>()

/** A policy's profiles and variables; read once. */
export function worldOf(policy: Policy): World {
  let world = worlds.get(policy)
  if (!world) {
    world = new World(policy)
    if (Object.isFrozen(policy)) worlds.set(policy, world)
  }
  return world
}

/** The rules in force in a profile; found once. */
export function rulesIn(world: World, named: Named): Effective[] {
  const known = rulesOf.get(world) ?? new Map<string, Effective[]>()
  rulesOf.set(world, known)
  const rules = known.get(named.name) ?? effective(world, named)
  known.set(named.name, rules)
  return rules
}

type Asked = Partial<Record<string, unknown>>

class Judge {
  readonly #world: World
  readonly #named: Named
  readonly #rules: Effective[]

  constructor(world: World, named: Named) {
    this.#world = world
    this.#named = named
    this.#rules = rulesIn(world, named)
  }

  decide(asked: Asked): Decision {
    if ('file' in asked) return this.#file(asked)
    if ('link' in asked) return this.#link(asked)
    return this.#plain(asked)
  }

  matches(pattern: Pattern | undefined, text: string | undefined): boolean {
    if (pattern === undefined) return true
    if (typeof pattern === 'string') return pattern === (text ?? '')
    const expanded = this.#world.expand(pattern, this.#named.name)
    return expanded !== undefined && (automaton(expanded)?.matches(text ?? '') ?? false)
  }

  /** A path of a rule, and what aliases make of it. */
  #path(pattern: Pattern | undefined, path: string): { matches: boolean; exact: boolean } {
    const expanded =
      pattern === undefined ? '/{**,}' : this.#world.expand(pattern, this.#named.name)
    const texts = expanded === undefined ? [] : [oneSlash(expanded)]
    for (const [from, to] of this.#world.aliases) {
      if (expanded?.startsWith(from)) texts.push(to + expanded.slice(from.length))
    }
    const machine = texts.map(automaton).find((one) => one?.matches(path))
    return { matches: machine !== undefined, exact: machine?.exact ?? false }
  }

  #file(asked: Asked): Decision {
    const path = string(asked.file, 'question.file')
    const letters = string(asked.permissions, 'question.permissions')
    if (!/^[mrwalkx]+$/.test(letters)) {
      throw invalidArgValue('question.permissions', 'must be letters of "mrwalkx"', letters)
    }
    const owner = asked.owner === true
    const matching = this.#fileRules(path, owner)
    const outcomes = Array.from(new Set(letters), (letter) =>
      letter === 'x' ? decideExec(matching) : decideBit(matching, bitOf(letter)),
    )
    return this.#all(outcomes)
  }

  #fileRules(path: string, owner: boolean): Candidate[] {
    return this.#rules.flatMap((one): Candidate[] => {
      const { rule } = one
      if (rule.kind === 'all')
        return [{ one, bits: 'mrwalkx', priority: 0, exec: 'ix', exact: false }]
      if (rule.kind !== 'file' && rule.kind !== 'link') return []
      if (rule.owner !== undefined && rule.owner !== owner) return []
      const { matches, exact } = this.#path(rule.path, path)
      if (!matches) return []
      const { priority = 0 } = rule
      if (rule.kind === 'link') return [{ one, bits: 'l', priority, exact }]
      const bits = rule.permissions.replace('w', 'wa') + (rule.exec ? 'x' : '')
      return [{ one, bits, priority, exact, ...(rule.exec && { exec: rule.exec }) }]
    })
  }

  #link(asked: Asked): Decision {
    const path = string(asked.link, 'question.link')
    const target = string(asked.target, 'question.target')
    const owner = asked.owner === true
    const pair = this.#rules.flatMap((one): Candidate[] => {
      const { rule } = one
      if (rule.kind === 'all') return [{ one, bits: 'l', priority: 0, exact: false }]
      if (rule.kind !== 'file' && rule.kind !== 'link') return []
      if (rule.owner !== undefined && rule.owner !== owner) return []
      const to = rule.kind === 'link' ? rule.target : linkOf(rule)
      if (rule.kind === 'file' && !rule.permissions.includes('l')) return []
      if (!this.#path(rule.path, path).matches) return []
      if (to !== undefined && !this.#path(to, target).matches) return []
      return [{ one, bits: 'l', priority: rule.priority ?? 0, exact: false }]
    })
    const outcome = decideBit(pair, 'l')
    if (!outcome.allowed) return this.#all([outcome])
    // A rule that names no target, or says `subset`, asks that the link permits nothing that the target does not;
    // so it does, too, beside a rule that would not ask.
    const free = outcome.by.every(
      ({ rule }) =>
        (rule.kind === 'link' || (rule.kind === 'file' && linkOf(rule) !== undefined)) &&
        !rule.subset,
    )
    if (free) return this.#all([outcome])
    const [own, others] = [this.#fileRules(path, owner), this.#fileRules(target, owner)]
    const more = Array.from('mrwakx').filter(
      (bit) => decideBit(own, bit).allowed && !decideBit(others, bit).allowed,
    )
    return this.#all([more.length === 0 ? outcome : { ...outcome, allowed: false, audited: true }])
  }

  #plain(asked: Asked): Decision {
    const matching = this.#rules.flatMap((one): Candidate[] => {
      const { rule } = one
      const matches =
        rule.kind === 'all' ? !('changeProfile' in asked) : matchesRule(this, rule, asked)
      const ignored = rule.kind === 'capability' || rule.kind === 'network' || rule.kind === 'all'
      return matches
        ? [{ one, bits: '*', priority: ignored ? 0 : (rule.priority ?? 0), exact: false }]
        : []
    })
    const keys = Object.keys(asked)
    if (!CLASSES.some((name) => keys.includes(name))) {
      throw invalidArgValue('question', `must ask one of: file, link, ${CLASSES.join(', ')}`, asked)
    }
    return this.#all([decideBit(matching, '*')])
  }

  #all(outcomes: readonly Outcome[]): Decision {
    const failed = outcomes.filter(({ allowed }) => !allowed)
    const counted = failed.length > 0 ? failed : outcomes
    const rules = new Set(counted.flatMap(({ by }) => by))
    const transition = failed.length === 0 ? outcomes.find(({ to }) => to)?.to : undefined
    return {
      allowed: failed.length === 0,
      denied: failed.some(({ denied }) => denied),
      audited: counted.some(({ audited }) => audited),
      rules: Array.from(rules, toReason),
      ...(transition && { transition }),
      closed: this.#world.closed,
    }
  }
}

// As the compiler: in paths several slashes are one, but for two at the beginning.
const oneSlash = (path: string): string => path.replaceAll(/(?!^)\/{2,}|^\/{3,}/g, '/')

const CLASSES = [
  'capability',
  'network',
  'unix',
  'signal',
  'ptrace',
  'dbus',
  'mount',
  'umount',
  'changeProfile',
  'mqueue',
  'userns',
  'ioUring',
]

function toReason({ rule: _, written, includes }: Effective): Reason {
  const location = locate(written)
  return { rule: written, includes, ...(location && { location }) }
}

const linkOf = (rule: FileRule): Pattern | undefined =>
  rule.link ?? (rule.exec === undefined ? rule.target : undefined)

/** A rule that matches, with what it says about. */
interface Candidate {
  readonly one: Effective
  readonly bits: string
  readonly priority: number
  readonly exact: boolean
  readonly exec?: ExecMode
}

interface Outcome {
  readonly allowed: boolean
  readonly denied: boolean
  readonly audited: boolean
  readonly by: readonly Effective[]
  readonly to?: Transition
}

const bitOf = (letter: string): string => letter

/** Of the rules that mention a permission those of the highest priority count, and of these any `deny`. */
function decideBit(matching: readonly Candidate[], bit: string): Outcome {
  const about = matching.filter(({ bits }) => bits.includes(bit))
  if (about.length === 0) return { allowed: false, denied: false, audited: true, by: [] }
  const highest = Math.max(...about.map(({ priority }) => priority))
  const counted = about.filter(({ priority }) => priority === highest).map(({ one }) => one)
  const denials = counted.filter(({ rule }) => rule.access === 'deny')
  if (denials.length > 0) {
    const audited = denials.every(({ rule }) => rule.audit === true)
    return { allowed: false, denied: true, audited, by: denials }
  }
  const audited = counted.some(({ rule }) => rule.audit === true)
  return { allowed: true, denied: false, audited, by: counted }
}

/** As {@link decideBit}; of the rules for one program those that name it go before patterns. */
function decideExec(matching: readonly Candidate[]): Outcome {
  const outcome = decideBit(matching, 'x')
  if (!outcome.allowed) return outcome
  const counted = matching.filter(({ one }) => outcome.by.includes(one))
  // `all` gives `ix` where no other rule says something.
  const own = counted.filter(({ one }) => one.rule.kind !== 'all')
  const rest = own.length > 0 ? own : counted
  const exact = rest.filter(({ exact }) => exact)
  const [first] = exact.length > 0 ? exact : rest
  if (!first?.exec) return outcome
  const target = first.one.rule.kind === 'file' ? first.one.rule.target : undefined
  const to = { exec: first.exec, ...(target !== undefined && { target }) }
  return { ...outcome, by: (exact.length > 0 ? exact : rest).map(({ one }) => one), to }
}

const PROTOCOL_TYPES: Readonly<Record<string, string>> = {
  tcp: 'stream',
  udp: 'dgram',
  icmp: 'raw',
}
const INET: readonly unknown[] = ['inet', 'inet6']

/** Whether a rule that is for no file speaks of what is asked. */
function matchesRule(judge: Judge, rule: AccessRule, asked: Asked): boolean {
  const has = <T>(list: readonly T[] | undefined, value: unknown): boolean =>
    list === undefined || list.includes(value as T)
  const text = (value: unknown): string | undefined => value as string | undefined
  const matches: Matches = (pattern, value) => judge.matches(pattern, value)
  switch (rule.kind) {
    case 'capability':
      return 'capability' in asked && has(rule.capabilities, asked.capability)
    case 'network': {
      if ('unix' in asked) return networkCoversUnix(rule, asked.unix as UnixAct)
      if (!('network' in asked)) return false
      const { family, type, permission } = asked.network as Asked
      if (rule.family !== undefined && rule.family !== family) return false
      if (permission !== undefined && !has(rule.permissions, permission)) return false
      if (rule.type === undefined) return true
      const protocol = PROTOCOL_TYPES[rule.type]
      return protocol === undefined
        ? rule.type === type
        : protocol === type && INET.includes(family)
    }
    case 'unix': {
      const act = unixAct(asked)
      return act !== undefined && unixCovers(rule, act, matches)
    }
    case 'signal':
      return (
        'signal' in asked &&
        has(rule.permissions, asked.permission) &&
        has(rule.signals, asked.signal) &&
        judge.matches(rule.peer, text(asked.peer))
      )
    case 'ptrace':
      return (
        'ptrace' in asked &&
        has(rule.permissions, asked.ptrace) &&
        judge.matches(rule.peer, text(asked.peer))
      )
    case 'dbus': {
      if (!('dbus' in asked)) return false
      const question = asked.dbus as Asked
      const { permission } = question
      const message =
        rule.path ?? rule.interface ?? rule.member ?? rule.peer?.name ?? rule.peer?.label
      const meant =
        message !== undefined ? ['send', 'receive'] : rule.name !== undefined ? ['bind'] : undefined
      if (!has<string>(rule.permissions ?? meant, permission)) return false
      return (
        judge.matches(rule.bus, text(question.bus)) &&
        judge.matches(rule.path, text(question.path)) &&
        judge.matches(rule.interface, text(question.interface)) &&
        judge.matches(rule.member, text(question.member)) &&
        judge.matches(rule.name, text(question.name)) &&
        judge.matches(rule.peer?.name, text(question.peerName)) &&
        judge.matches(rule.peer?.label, text(question.peerLabel))
      )
    }
    case 'mount': {
      if (!('mount' in asked)) return false
      const { source, mountpoint, fstype, options = [] } = asked.mount as Asked
      const types = rule.fstype?.flatMap(({ values }) => values)
      return (
        judge.matches(rule.source, text(source)) &&
        judge.matches(rule.mountpoint, text(mountpoint)) &&
        (types === undefined || types.some((type) => judge.matches(type, text(fstype)))) &&
        (rule.options ?? []).every((condition) => fits(condition, options as readonly string[]))
      )
    }
    case 'umount':
      return 'umount' in asked && judge.matches(rule.mountpoint, text(asked.umount))
    case 'change_profile':
      return (
        'changeProfile' in asked &&
        (rule.exec === undefined || judge.matches(rule.exec, text(asked.exec))) &&
        judge.matches(rule.target, text(asked.changeProfile))
      )
    case 'mqueue': {
      if (!('mqueue' in asked)) return false
      const type = text(asked.mqueue)?.startsWith('/') ? 'posix' : 'sysv'
      return (
        has(rule.permissions, asked.permission) &&
        (rule.type === undefined || rule.type === type) &&
        judge.matches(rule.name, text(asked.mqueue)) &&
        judge.matches(rule.label, text(asked.label))
      )
    }
    case 'userns':
      return 'userns' in asked
    case 'io_uring': {
      if (!('ioUring' in asked) || !has(rule.permissions, asked.ioUring)) return false
      // A label is that of the other credentials.
      return asked.ioUring === 'sqpoll' || judge.matches(rule.label, text(asked.label))
    }
    default:
      return false
  }
}

/** What is asked of a unix socket; of a socket of the network that is one, to create it. */
function unixAct({ unix, network }: Asked): UnixAct | undefined {
  if (unix !== undefined) return unix as UnixAct
  const { family, type, permission = 'create' } = (network ?? {}) as Asked
  return family === 'unix' ? ({ permission, type } as UnixAct) : undefined
}

// Words that set no flag: they say what is so without them.
const CLEARED: ReadonlySet<string> = new Set(
  'rw w suid dev exec async nomand symfollow atime diratime loud noacl norelatime noiversion nostrictatime nolazytime user'.split(
    ' ',
  ),
)
const SYNONYMS: Readonly<Record<string, string>> = {
  r: 'ro',
  'read-only': 'ro',
  B: 'bind',
  M: 'move',
  R: 'rbind',
  verbose: 'silent',
}

const flags = (words: readonly string[]): string[] =>
  words
    .filter((word) => !CLEARED.has(word))
    .map((word) => SYNONYMS[word] ?? word.replace(/^make-/, ''))

function fits(
  { operator, values }: { readonly operator: '=' | 'in'; readonly values: readonly string[] },
  options: readonly string[],
): boolean {
  const [wanted, given] = [flags(values), flags(options)]
  const subset = given.every((flag) => wanted.includes(flag))
  return operator === 'in' ? subset : subset && wanted.every((flag) => given.includes(flag))
}

function string(value: unknown, argument: string): string {
  if (typeof value !== 'string') throw invalidArgType(argument, 'of type string', value)
  return value
}
