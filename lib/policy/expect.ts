import { checkPolicy } from './shape.ts'
import { invalidArgType, invalidArgValue } from '../border/invalid.ts'
import { isObject } from './check.ts'
import { decide, type Decision, type Question, type Reason, type Transition } from './decide.ts'
import { format } from './format.ts'
import { take } from './make.ts'
import { locate } from './origin.ts'
import type { ExecMode } from './rules/file.ts'
import type { Policy } from './rules/index.ts'

/** What a {@link Question} asks, without its profile. */
export type Act = Question extends infer Q
  ? Q extends Question
    ? Omit<Q, 'profile'>
    : never
  : never

/** How {@link expectPolicy} decides. */
export interface ExpectOptions {
  /**
   * what to do about an include that was not read. It could hold any rule, so by default (`'refuse'`) every
   * expectation fails
   */
  readonly unread?: 'refuse' | 'ignore'
}

/** Expectations about one profile. Each call throws at once, or returns the same object. */
export interface ProfileExpectation extends PolicyExpectation {
  /** Expects that all of these permissions (`'rw'`) for a file are allowed, or another act. */
  allows(permissions: string, path: string, options?: { readonly owner?: boolean }): this
  allows(act: Act): this
  /** Expects that they are not allowed: a `deny` rule refuses them, or no rule permits them. */
  denies(permissions: string, path: string, options?: { readonly owner?: boolean }): this
  denies(act: Act): this
  /** Expects that a program may be executed, and which profile it then runs under. */
  executes(path: string, transition: { readonly exec: ExecMode; readonly target?: string }): this
}

/** Expectations about a policy. */
export interface PolicyExpectation {
  /** Selects a profile by its full name: `'web'`, `'web//upload'`. */
  profile(name: string): ProfileExpectation
}

/**
 * The error for an expectation that a policy does not meet. Test runners recognise it by `code`, and show `actual`
 * and `expected`.
 */
export class PolicyExpectationError extends Error {
  readonly code = 'ERR_ASSERTION'
  readonly generatedMessage = false
  readonly operator: 'allows' | 'denies' | 'executes'
  readonly actual: unknown
  readonly expected: unknown
  /** the rules that decide */
  readonly rules: readonly Reason[]

  /** @internal */
  constructor(
    message: string,
    details: Pick<PolicyExpectationError, 'operator' | 'actual' | 'expected' | 'rules'>,
    caller?: (...args: never[]) => unknown,
  ) {
    super(message)
    this.name = 'AssertionError'
    this.operator = details.operator
    this.actual = details.actual
    this.expected = details.expected
    this.rules = details.rules
    if (caller) Error.captureStackTrace?.(this, caller)
  }
}

/**
 * Tests what a policy permits and refuses, in any test runner.
 *
 * {@link decide} checks each expectation. If one fails, it throws, and names the rules that decide and where they
 * are. It makes no system call and runs anywhere. In Node, `{ kernel: true }` asks the running kernel, too.
 *
 * @param policy as `parseProfile` returned it, with `resolve` if it includes files, or as it was made by code
 * @param options `unread`: what to do about an include that was not read
 * @throws {@link PolicyExpectationError} (from `allows`, `denies`, `executes`)
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for a profile that is not in the policy
 * @example
 * ```js
 * import { expectPolicy, parseProfile } from 'apparmor/policy'
 * const policy = parseProfile('profile web {\n  /srv/** r,\n  deny /srv/secret rw,\n}\n')
 * expectPolicy(policy)
 *   .profile('web')
 *   .allows('r', '/srv/index.html')
 *   .denies('r', '/srv/secret')
 *   .denies({ capability: 'sys_admin' })
 * ```
 */
export function expectPolicy(policy: Policy, options?: ExpectOptions): PolicyExpectation {
  const { unread = 'refuse' } = take(options, ['unread'])
  if (unread !== 'refuse' && unread !== 'ignore') {
    throw invalidArgValue('options.unread', "must be 'refuse' or 'ignore'", unread)
  }
  return expecting(policy, unread, () => undefined)
}

/** Whom else to ask: says whether it permits, and who it is; nothing when it is not asked. */
export type Second = (
  question: Question,
) => { readonly allowed: boolean; readonly who: string } | undefined

/** As {@link expectPolicy}, with somebody else who is asked the same. */
export function expecting(
  policy: Policy,
  unread: 'refuse' | 'ignore',
  second: Second,
): PolicyExpectation {
  checkPolicy(policy)
  return { profile: (name) => new Expectation(policy, unread, second, name) }
}

class Expectation implements ProfileExpectation {
  readonly #policy: Policy
  readonly #unread: 'refuse' | 'ignore'
  readonly #second: Second
  readonly #name: string

  constructor(policy: Policy, unread: 'refuse' | 'ignore', second: Second, name: string) {
    this.#policy = policy
    this.#unread = unread
    this.#second = second
    this.#name = name
    // a profile that is not there is told at once
    decide(policy, { profile: name, file: '/', permissions: 'r' })
  }

  profile(name: string): ProfileExpectation {
    return new Expectation(this.#policy, this.#unread, this.#second, name)
  }

  allows(...act: ActArguments): this {
    this.#expect('allows', toAct(act), this.allows)
    return this
  }

  denies(...act: ActArguments): this {
    this.#expect('denies', toAct(act), this.denies)
    return this
  }

  executes(path: string, transition: Transition): this {
    const { exec, target } = take(transition, ['exec', 'target'])
    const act = { file: path, permissions: 'x' }
    const { transition: found, rules } = this.#expect('executes', act, this.executes)
    if (found?.exec !== exec || found.target !== target) {
      const [actual, expected] = [found, { exec, ...(target !== undefined && { target }) }]
      const message = `the profile '${this.#name}' must execute ${path} as ${shown(expected)}, and does it as ${shown(actual)}${listed(rules)}`
      const details = { operator: 'executes', actual, expected, rules } as const
      throw new PolicyExpectationError(message, details, this.executes)
    }
    return this
  }

  #expect(
    operator: 'allows' | 'denies' | 'executes',
    act: object,
    caller: (...args: never[]) => unknown,
  ): Decision {
    const question = { ...act, profile: this.#name } as Question
    const decision = decide(this.#policy, question)
    const wanted = operator !== 'denies'
    const fail = (actual: string, what: string): never => {
      const expected = wanted ? 'allowed' : 'not allowed'
      const message = `the profile '${this.#name}' must ${wanted ? '' : 'not '}permit ${described(act)}${what}`
      throw new PolicyExpectationError(
        message,
        { operator, actual, expected, rules: decision.rules },
        caller,
      )
    }
    const [unread] = decision.closed
    if (unread && this.#unread === 'refuse') {
      fail('unknown', `: '${unread.path}' was not read, and could say anything (see resolve)`)
    }
    const { allowed, denied, rules } = decision
    const actual = allowed ? 'allowed' : denied ? 'denied' : 'not mentioned'
    if (allowed !== wanted) fail(actual, `, and it is ${actual}${listed(rules)}`)
    const other = this.#second(question)
    if (other && other.allowed !== wanted) {
      fail(
        other.allowed ? 'allowed' : 'refused',
        `, and ${other.who} does not agree${listed(rules)}`,
      )
    }
    return decision
  }
}

type ActArguments =
  readonly [Act] | readonly [string, string, ({ readonly owner?: boolean } | undefined)?]

function toAct([act, file, options]: readonly [unknown?, unknown?, unknown?]): object {
  if (isObject(act)) return { ...act }
  if (typeof act !== 'string') throw invalidArgType('permissions', 'of type string, or an act', act)
  const { owner } = take(options as { owner?: boolean } | undefined, ['owner'])
  return { file, permissions: act, ...(owner !== undefined && { owner }) }
}

function described(act: object): string {
  const { file, permissions } = act as { file?: string; permissions?: string }
  return file === undefined ? shown(act) : `'${permissions}' on ${file}`
}

const shown = (value: unknown): string => JSON.stringify(value) ?? 'nothing'

/** The rules, one a line, each with its place. */
function listed(rules: readonly Reason[]): string {
  const lines = rules.map(({ rule, includes }) => {
    const by = includes.map((include) => ` (included at ${placeOf(include)})`).join('')
    return `\n  ${placeOf(rule)}: ${format(rule).trim()}${by}`
  })
  return lines.length === 0 ? '' : ` by${lines.join('')}`
}

function placeOf(rule: object): string {
  const place = locate(rule)
  if (!place) return 'a rule that was made'
  return `${place.file ?? 'line'}:${place.line}:${place.column}`
}
