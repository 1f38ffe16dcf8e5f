/** The profiles that are being learned, while they are loaded. */
import { AppArmorError } from '../../border/errors.ts'
import { isOwnNamespace } from '../../inspect/namespace.ts'
import { profiles } from '../../inspect/profiles.ts'
import type { CompileOptions } from '../../policy/compile/compile.ts'
import { edit } from '../../policy/edit.ts'
import { format } from '../../policy/format.ts'
import { load, replace } from '../../policy/load/load.ts'
import { processesUnder, remove } from '../../policy/load/remove.ts'
import { signal } from '../../policy/make.ts'
import type { Policy } from '../../policy/rules/index.ts'
import type { AuditRecord } from '../record.ts'

// In milliseconds.
const PAUSE = 50
const DYING = 5000

export class Confinement {
  /** the one that the program is started under */
  readonly profile: string
  readonly #compile: CompileOptions
  #policy: Policy
  #names: ReadonlySet<string>

  private constructor(profile: string, policy: Policy, compile: CompileOptions) {
    this.profile = profile
    this.#compile = compile
    this.#policy = policy
    this.#names = namesOf(policy)
  }

  /** Loads profiles that nobody else has loaded. */
  static async load(
    profile: string,
    policy: Policy,
    compile: CompileOptions,
  ): Promise<Confinement> {
    await load(format(policy), compile)
    return new Confinement(profile, policy, compile)
  }

  async replace(policy: Policy): Promise<void> {
    await replace(format(policy), this.#compile)
    this.#policy = policy
    this.#names = new Set([...this.#names, ...namesOf(policy)])
  }

  /** Of these profiles, those that others have loaded. */
  async foreign(names: readonly string[]): Promise<ReadonlySet<string>> {
    const others = names.filter((name) => !this.#names.has(topOf(name)))
    if (others.length === 0) return new Set()
    const loaded = new Set((await profiles()).map(({ label }) => label))
    return new Set(others.filter((name) => loaded.has(topOf(name))))
  }

  /** Whether a record is about one of the profiles: one of that name in another namespace is not. */
  owns({ profile, namespace }: AuditRecord): boolean {
    if (profile === undefined) return false
    if (!profile.split('//&').some((one) => this.#names.has(topOf(one)))) return false
    return namespace === undefined || isOwnNamespace(namespace.replace(/^root\/\//, ''))
  }

  /** Waits until nothing runs under the profile any more, but no longer than that. */
  async settle(ms: number): Promise<void> {
    const end = performance.now() + ms
    while ((await this.#left()).length > 0 && performance.now() < end) await pause()
  }

  /**
   * Ends what runs under the profile. It need not permit that: until they have ended, the processes are under a profile
   * that permits only that.
   */
  async end(): Promise<void> {
    let left = await this.#left()
    if (left.length === 0) return
    await replace(format(closed(this.#policy, this.profile)), this.#compile)
    for (const end = performance.now() + DYING; left.length > 0; left = await this.#left()) {
      if (performance.now() > end) break
      for (const pid of left) kill(pid)
      await pause()
    }
    await this.replace(this.#policy)
  }

  /** Removes the profiles, when nothing runs under them. */
  async remove(): Promise<void> {
    for (const name of this.#names) {
      try {
        await remove({ profile: name })
      } catch (error) {
        if ((error as AppArmorError).code !== 'ENOENT') throw error
      }
    }
  }

  // Not what runs under the others: they attach to programs that somebody else may have started.
  async #left(): Promise<readonly number[]> {
    return (await processesUnder([this.profile])).map(({ pid }) => pid)
  }
}

const pause = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, PAUSE))

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended, or it remains and is looked for again
  }
}

const NAME = /^(:[^:]+:\/\/)?(.*?)(?:\/\/.*)?$/s

/** The profile that a child profile, or a hat, is part of. */
const topOf = (name: string): string => {
  const [, namespace = '', top = ''] = NAME.exec(name) ?? []
  return namespace + top
}

/** Removing one takes its children along. */
const namesOf = ({ rules }: Policy): ReadonlySet<string> =>
  new Set(
    rules.flatMap((rule) => {
      if (rule.kind !== 'profile') return []
      const { namespace, name } = rule
      return [namespace === undefined ? String(name) : `:${namespace}://${String(name)}`]
    }),
  )

/** The profile and its children without what they permit, but for the end of their processes. */
function closed(policy: Policy, profile: string): Policy {
  return edit(policy, (rule, parents) => {
    if (rule.kind === 'profile' || rule.kind === 'hat') {
      if (parents.length === 0 && String(rule.name) !== profile) return null
      const { flags: _, ...rest } = rule
      return { ...rest, rules: [signal({ permissions: ['receive'] }), ...rule.rules] }
    }
    return parents.length === 0 ? undefined : null
  })
}
