/**
 * Which profile of the policy a record counts for. In complain mode the kernel makes a profile for each program that
 * is started without a rule: `web//null-/usr/bin/curl`, and below it again. Where its records belong depends on how
 * the program is to be started. Rests on aa_new_learning_profile of the kernel's policy.c.
 */
import { automaton } from '../../policy/aare.ts'
import type { World } from '../../policy/effective.ts'
import type { Pattern } from '../../policy/pattern.ts'
import type { ExecMode } from '../../policy/rules/file.ts'
import type { AuditRecord } from '../record.ts'

/**
 * What a started program runs under: this profile (`ix`), a profile of its own (`px`), a child profile (`cx`), or
 * none (`ux`).
 */
export type ExecChoice = Exclude<ExecMode, 'x'>

export type ChooseExec = (program: string, profile: string) => ExecChoice

const LEARNED = '//null-'
const STACKED = '//&'

export class Labels {
  readonly #choose: ChooseExec
  readonly #world: World | undefined
  /** by profile and name: which program has it */
  readonly #children = new Map<string, string>()

  constructor(choose: ChooseExec, world: World | undefined) {
    this.#choose = choose
    this.#world = world
  }

  /** The profiles that a record is about, by their whole names; none for what is unconfined. */
  subjects({ profile, namespace }: AuditRecord): readonly string[] {
    if (profile === undefined) return []
    const names = profile.split(STACKED).flatMap((part) => this.#resolve(part, namespace) ?? [])
    return Array.from(new Set(names))
  }

  /** The label of the other side, as a rule has it. */
  readonly peer = (label: string | undefined): Pattern | undefined => {
    if (label === undefined || !label.includes(LEARNED)) return label
    const parts = label.split(STACKED).map((part) => this.#resolve(part, undefined) ?? 'unconfined')
    return parts.join(STACKED)
  }

  choice(program: string, profile: string): ExecChoice {
    const choice = this.#choose(program, profile)
    // Children of children cannot be entered by a rule.
    return /^c/i.test(choice) && profile.includes('//') ? 'ix' : choice
  }

  /** The profile that a program gets; nothing when it is none. */
  next(program: string, profile: string, choice: ExecChoice): string | undefined {
    if (/^u/i.test(choice)) return undefined
    if (choice === 'ix') return profile
    if (/^p/i.test(choice)) return this.attached(program) ?? program
    return `${profile}//${this.child(program, profile)}`
  }

  /** The name of the child for a program: its own as far as it is plain, with a number where that is taken. */
  child(program: string, profile: string): string {
    const plain = program.slice(program.lastIndexOf('/') + 1).replaceAll(/^\W+|[^\w.+-]/g, '_')
    for (let i = 1; ; i++) {
      const name = i === 1 ? plain : `${plain}-${i}`
      const owner = this.#children.get(`${profile}//${name}`)
      if (owner !== undefined && owner !== program) continue
      this.#children.set(`${profile}//${name}`, program)
      return name
    }
  }

  /** The profile of the policy that attaches to a program. */
  attached(program: string): string | undefined {
    const world = this.#world
    return world?.profiles.find(({ name, profile }) => {
      if (profile.kind !== 'profile' || name.includes('//')) return false
      const pattern = profile.attachment ?? profile.name
      const text = world.expand(pattern, name)
      return text?.startsWith('/') && automaton(text)?.matches(program)
    })?.name
  }

  #resolve(label: string, namespace: string | undefined): string | undefined {
    const [base = '', ...learned] = label.split(LEARNED)
    if (base === 'unconfined' || base === '') return undefined
    let name: string | undefined = inNamespace(base, namespace)
    for (const one of learned) {
      if (name === undefined) return undefined
      const path = one.startsWith('/')
      name = path ? this.next(one, name, this.choice(one, name)) : `${name}//${one}`
    }
    return name
  }
}

// A record names the namespace from the root on, a label in it by `:ns:`, and policy as `:ns://`.
function inNamespace(name: string, namespace: string | undefined): string {
  const [, own, rest] = /^:([^:]+):(?:\/\/)?(.+)$/s.exec(name) ?? []
  if (own !== undefined) return `:${own}://${rest}`
  const below = namespace?.replace(/^root\/\//, '')
  return below === undefined || below === 'root' ? name : `:${below}://${name}`
}
