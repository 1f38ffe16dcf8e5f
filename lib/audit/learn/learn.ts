import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { checkText } from '../../border/args.ts'
import { invalidArgType, invalidArgValue, outOfRange } from '../../border/invalid.ts'
import { builtin, path } from '../../border/node.ts'
import { readOptions } from '../../border/options.ts'
import { queryFile } from '../../inspect/query.ts'
import type { CompileOptions } from '../../policy/compile/compile.ts'
import { decide } from '../../policy/decide.ts'
import { edit } from '../../policy/edit.ts'
import { format } from '../../policy/format.ts'
import { include, policy as makePolicy, profile as makeProfile } from '../../policy/make.ts'
import { parseProfile } from '../../policy/parse.ts'
import type { Policy } from '../../policy/rules/index.ts'
import type { AuditRecord, LostRecord } from '../record.ts'
import { apply } from '../suggest/apply.ts'
import { suggest, type Suggestion, type SuggestOptions } from '../suggest/suggest.ts'
import { shown } from '../suggest/words.ts'
import { Confinement } from './confinement.ts'
import { Log, run, type Command, type Outcome } from './run.ts'

/** Options of {@link learn}. */
export interface LearnOptions
  extends
    Pick<SuggestOptions, 'exec' | 'generalise' | 'abstractions' | 'resolve'>,
    Pick<SpawnOptions, 'cwd' | 'env' | 'uid' | 'gid' | 'timeout' | 'stdio'> {
  /** the name of the profile, which must not be loaded yet; default: the program's name and a random part */
  readonly name?: string
  /** the policy to start from; it must contain the profile `name` */
  readonly policy?: Policy
  /** uses the program while it runs, and ends it unless it ends by itself */
  readonly exercise?: (child: ChildProcess) => unknown
  /** decides whether the program worked; default: whether it ended as it did in complain mode */
  readonly works?: (outcome: Outcome) => boolean
  /** how many times to run it at most; default: 12 */
  readonly rounds?: number
  /** the source of the records, as for {@link follow}; default: the audit netlink group, or otherwise `'auto'` */
  readonly source?: string
  readonly signal?: AbortSignal
  /** options of the compiler */
  readonly compile?: CompileOptions
}

/** One run of the program. */
export interface Round {
  readonly mode: 'complain' | 'enforce'
  readonly outcome: Outcome
  readonly works: boolean
  /** what was refused, or what complain mode let through */
  readonly records: readonly AuditRecord[]
  /** missing records: such a round proves nothing, and the program is run again */
  readonly lost: readonly LostRecord[]
  /** the suggestions that were applied, without advice */
  readonly added: readonly Suggestion[]
}

/** An act that the profile does not permit, and that the kernel refuses. */
export interface Refusal {
  readonly path: string
  readonly permissions: 'r' | 'w'
}

/** What was learned. */
export interface Lesson {
  readonly profile: string
  readonly policy: Policy
  /** the policy as text, in enforce mode */
  readonly text: string
  readonly rounds: readonly Round[]
  /**
   * `true` when in the last run, in enforce mode, the program worked, nothing was refused, no record was lost, and
   * the kernel refuses the acts next to the permitted ones
   */
  readonly proven: boolean
  /** why it is not proven, and what a person has to decide */
  readonly problems: readonly string[]
  /** acts next to the permitted ones, which the kernel was asked about and refuses under the loaded profile */
  readonly refused: readonly Refusal[]
}

const OPTIONS = [
  ...(['exec', 'generalise', 'abstractions', 'resolve', 'name', 'policy', 'exercise'] as const),
  ...(['works', 'rounds', 'source', 'signal', 'compile'] as const),
  ...(['cwd', 'env', 'uid', 'gid', 'timeout', 'stdio'] as const),
]

/**
 * Learns a minimal profile by running a program. It runs the program first in complain mode, then in enforce mode,
 * and adds what was refused until nothing is refused any more. Then it proves the result.
 *
 * The profile permits what the program did while it ran, so exercise everything that it has to do. It also permits
 * what an attacker in the program did, so run only programs that you trust. It needs root, apparmor_parser and a
 * log (docs/audit.md). It loads the profile under a name of its own, ends processes that the program leaves behind,
 * and removes the profile at the end. On Linux 6.12, do not let a program change into unknown hats in complain
 * mode: the kernel then loads no more policy.
 *
 * @param command the program and its arguments; the program by its absolute path, or by its name in `PATH`
 * @returns what was learned; `proven` says whether it is proven to be enough
 * @throws `AppArmorError` (rejects) as `load`, `spawn` and {@link follow}; `EEXIST` when a profile with that
 *   name is loaded
 * @throws TypeError, RangeError (reject) `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
 * @example
 * ```js
 * import { learn } from 'apparmor/audit'
 * const { text, proven, problems } = await learn(['/bin/sh', '-c', 'date > /tmp/now'])
 * if (proven) console.log(text)
 * else console.error(problems.join('\n'))
 * ```
 */
export async function learn(
  command: readonly [string, ...(readonly string[])],
  options?: LearnOptions,
): Promise<Lesson> {
  const settings = readSettings(command, options)
  const log = await Log.open(settings.source, settings.signal)
  try {
    return await new Learner(settings, log).learn()
  } finally {
    await log.close()
  }
}

interface Settings {
  readonly command: Command
  readonly name: string
  readonly policy: Policy
  readonly works: ((outcome: Outcome) => boolean) | undefined
  readonly rounds: number
  readonly source: string | undefined
  readonly signal: AbortSignal | undefined
  readonly compile: CompileOptions
  readonly suggest: SuggestOptions
}

function readSettings(command: unknown, options: LearnOptions | undefined): Settings {
  const found = readOptions<LearnOptions>(options, OPTIONS)
  if (!Array.isArray(command) || command.length === 0) {
    throw invalidArgType('command', 'an Array with a program and its arguments', command)
  }
  command.forEach((word, i) => checkText(word, `command[${i}]`))
  const { exec, generalise, abstractions, resolve } = found
  const { cwd, env, uid, gid, timeout, stdio } = found
  const { exercise, works, rounds = 12, source, signal, compile = {} } = found
  for (const [name, value] of Object.entries({ exercise, works })) {
    if (value !== undefined && typeof value !== 'function') {
      throw invalidArgType(`options.${name}`, 'of type function', value)
    }
  }
  if (typeof rounds !== 'number') throw invalidArgType('options.rounds', 'of type number', rounds)
  if (!Number.isInteger(rounds) || rounds < 2)
    throw outOfRange('options.rounds', 'at least 2', rounds)
  if (timeout !== undefined && typeof timeout !== 'number')
    throw invalidArgType('options.timeout', 'of type number', timeout)
  if (timeout !== undefined && !(Number.isInteger(timeout) && timeout >= 0 && timeout < 2 ** 31))
    throw outOfRange('options.timeout', 'an integer from 0 to 2147483647', timeout)
  const program = path.basename(command[0] as string).replaceAll(/[^\w.-]/g, '_')
  const random = builtin('node:crypto').randomBytes(4).toString('hex')
  const { name = `learn-${program}-${random}` } = found
  checkText(name, 'options.name')
  // An abstraction may need the variables.
  const tunables =
    Array.isArray(abstractions) && abstractions.length > 0 ? [include('tunables/global')] : []
  const { policy = makePolicy(...tunables, makeProfile(name)) } = found
  const has = (policy as Policy).rules?.some(
    (rule) => rule.kind === 'profile' && rule.namespace === undefined && String(rule.name) === name,
  )
  if (!has) throw invalidArgValue('options.policy', `must have the profile ${name}`, policy)
  const given = (values: object): object =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
  return {
    command: {
      command: [...(command as string[])],
      spawn: given({ cwd, env, uid, gid, stdio }),
      exercise: exercise as LearnOptions['exercise'],
      timeout,
      signal: signal as AbortSignal | undefined,
    },
    name,
    policy: policy as Policy,
    works: works as LearnOptions['works'],
    rounds,
    source: source as string | undefined,
    signal: signal as AbortSignal | undefined,
    compile: compile as CompileOptions,
    suggest: given({ exec, generalise, abstractions, resolve }),
  }
}

class Learner {
  readonly #settings: Settings
  readonly #log: Log
  #policy: Policy
  readonly #rounds: Round[] = []
  readonly #advice = new Set<string>()
  #first: Outcome | undefined

  constructor(settings: Settings, log: Log) {
    this.#settings = settings
    this.#log = log
    this.#policy = inMode(settings.policy, 'enforce')
  }

  async learn(): Promise<Lesson> {
    const { name, compile } = this.#settings
    const confinement = await Confinement.load(name, inMode(this.#policy, 'complain'), compile)
    try {
      let last = await this.#round('complain', confinement)
      while (this.#rounds.length < this.#settings.rounds && !this.#isEnough(last)) {
        const stuck = last.mode === 'enforce' && last.added.length === 0 && last.lost.length === 0
        if (stuck) break
        // What was lost in complain mode is seen there again, and in enforce mode refused one by one.
        const mode = last.lost.length > 0 ? last.mode : 'enforce'
        await confinement.replace(inMode(this.#policy, mode))
        last = await this.#round(mode, confinement)
      }
      return this.#lesson(last)
    } finally {
      // Also when the program could not be ended: then this says that the profile is in use.
      await confinement.end().finally(() => confinement.remove())
    }
  }

  async #round(mode: Round['mode'], confinement: Confinement): Promise<Round> {
    const { command, works, suggest: options } = this.#settings
    const { outcome, records, lost } = await run(command, confinement, this.#log)
    this.#first ??= outcome
    const found = suggest(records, { ...options, policy: reread(this.#policy, options) })
    for (const one of found) if (one.kind === 'advice') this.#advice.add(one.text)
    const added = await this.#own(
      found.filter(({ kind }) => kind !== 'advice'),
      confinement,
    )
    this.#policy = apply(this.#policy, added)
    const like = this.#first
    const isSame = outcome.status === like.status && outcome.signal === like.signal
    const round = {
      mode,
      outcome,
      works: works ? works(outcome) === true : isSame,
      records,
      lost,
      added,
    }
    this.#rounds.push(round)
    return round
  }

  /** Without what is for profiles of others. */
  async #own(
    found: readonly Suggestion[],
    confinement: Confinement,
  ): Promise<readonly Suggestion[]> {
    const foreign = await confinement.foreign(found.map(({ profile }) => profile))
    for (const name of foreign) {
      this.#advice.add(`The profile ${shown(name)} is loaded already, and is left as it is.`)
    }
    return found.filter(({ profile }) => !foreign.has(profile))
  }

  #isEnough({ mode, works, records, lost, added }: Round): boolean {
    const complete = lost.length === 0 && added.length === 0 && !records.some(isRefusal)
    return mode === 'enforce' && works && complete
  }

  #lesson(last: Round): Lesson {
    const { name } = this.#settings
    const refused = neighbours(this.#policy, name).filter(({ path, permissions }) => {
      return !queryFile(name, path, permissions).allowed
    })
    const enough = this.#isEnough(last)
    const problems = Array.from(this.#advice)
    if (last.lost.length > 0) {
      problems.unshift(
        'The log has lost records in every run: what they would have asked for is missing.',
      )
    }
    if (!last.works) {
      const { status, signal } = last.outcome
      problems.unshift(
        `The program does not work under the profile: it ended with ${signal ?? status}.`,
      )
    }
    if (!enough && last.records.some(isRefusal) && last.works) {
      problems.unshift('The last run was still refused something.')
    }
    if (refused.length === 0)
      problems.unshift('The kernel refuses nothing beside what is permitted.')
    return {
      profile: name,
      policy: this.#policy,
      text: format(this.#policy),
      rounds: this.#rounds,
      proven: enough && refused.length > 0,
      problems,
      refused,
    }
  }
}

const isRefusal = ({ event }: AuditRecord): boolean => event === 'denied' || event === 'killed'

/** With the text of its includes, which `apply` does not need. */
function reread(policy: Policy, { resolve }: SuggestOptions): Policy {
  return parseProfile(format(policy), resolve === undefined ? {} : { resolve })
}

function inMode(policy: Policy, mode: Round['mode']): Policy {
  return edit(policy, (rule) => {
    if (rule.kind !== 'profile' && rule.kind !== 'hat') return undefined
    const others = (rule.flags ?? []).filter((flag) => flag !== 'complain' && flag !== 'enforce')
    const flags = mode === 'complain' ? [...others, 'complain'] : others
    const { flags: _, ...rest } = rule
    return flags.length === 0 ? rest : { ...rest, flags }
  })
}

// Files beside those that are permitted.
function neighbours(policy: Policy, name: string): readonly Refusal[] {
  const profile = policy.rules.find((rule) => rule.kind === 'profile' && String(rule.name) === name)
  const rules = profile?.kind === 'profile' ? profile.rules : []
  const paths = rules.flatMap((rule) =>
    rule.kind === 'file' && typeof rule.path === 'string' ? [`${rule.path}.neighbour`] : [],
  )
  const acts = [...paths, '/etc/shadow', '/neighbour'].flatMap((file): Refusal[] => [
    { path: file, permissions: 'r' },
    { path: file, permissions: 'w' },
  ])
  return acts.filter(({ path, permissions }) => {
    return !decide(policy, { profile: name, file: path, permissions }).allowed
  })
}
