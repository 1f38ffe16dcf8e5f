import { rulesIn, worldOf } from './decide.ts'
import { checkPolicy } from './shape.ts'
import { locate, type Location } from './origin.ts'
import { Glob, type Pattern } from './pattern.ts'
import type { ExecMode } from './rules/file.ts'
import type { AccessRule, Policy } from './rules/index.ts'

/** A way from one profile to another. */
export interface Edge {
  /** a profile of the policy; `null`: unconfined */
  readonly from: string | null
  /**
   * a profile's label; `null`: unconfined. A pattern of a `change_profile` rule stands for every label that it
   * matches
   */
  readonly to: Pattern | null
  readonly via: 'exec' | 'change_profile' | 'change_hat' | 'attachment'
  /** the programs whose execution makes this transition */
  readonly path?: Pattern
  readonly exec?: ExecMode
  /** the rule that permits it; hats and attachments need no rule */
  readonly rule?: AccessRule
  readonly location?: Location
}

/**
 * Lists every transition from one profile to another: by execution, change_profile, change_hat and attachment.
 *
 * For `px` without a target there is an edge to each profile whose attachment is the same text as the path, or to
 * the path itself if there is none. `ix` leads from a profile to itself. It makes no system call and runs anywhere.
 *
 * @param policy as `parseProfile` returned it, with `resolve` if it includes files
 * @returns the edges, profile by profile in the order of the rules
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 * @example
 * ```js
 * import { parseProfile, transitions } from 'apparmor/policy'
 * transitions(parseProfile('profile web {\n  /bin/sh Cx -> shell,\n  profile shell {\n  }\n}\n'))
 * // [{ from: 'web', to: 'web//shell', via: 'exec', path: '/bin/sh', exec: 'Cx', … }]
 * ```
 */
export function transitions(policy: Policy): readonly Edge[] {
  checkPolicy(policy)
  const world = worldOf(policy)
  return world.profiles.flatMap((named): Edge[] => {
    const { name, profile } = named
    const head: Edge[] = []
    const attachment = profile.attachment ?? (isPath(profile.name) ? profile.name : undefined)
    if (attachment !== undefined && !name.includes('//') && profile.kind === 'profile') {
      head.push({ from: null, to: name, via: 'attachment', path: attachment })
    }
    const hats = world.profiles.filter(
      (other) => other.profile.kind === 'hat' && parentOf(other.name) === name,
    )
    const toHats = hats.map((hat): Edge => ({ from: name, to: hat.name, via: 'change_hat' }))
    const byRules = rulesIn(world, named).flatMap(({ rule, written }): Edge[] => {
      if (rule.access === 'deny') return []
      const location = locate(written)
      const common = { from: name, rule: written, ...(location && { location }) }
      if (rule.kind === 'change_profile') {
        const path = rule.exec === undefined ? {} : { path: rule.exec }
        return [{ ...common, to: rule.target ?? new Glob('**'), via: 'change_profile', ...path }]
      }
      if (rule.kind !== 'file' || rule.exec === undefined || rule.exec === 'x') return []
      const { exec, path = new Glob('/**') } = rule
      return targets(name, rule.exec, path, rule.target, world.profiles).map((to) => ({
        ...common,
        to,
        via: 'exec',
        path,
        exec,
      }))
    })
    return [...head, ...byRules, ...toHats]
  })
}

const isPath = (name: Pattern): boolean => String(name).startsWith('/')
const parentOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('//')))

type Profiles = readonly {
  readonly name: string
  readonly profile: { readonly name: Pattern; readonly attachment?: Pattern }
}[]

function targets(
  from: string,
  exec: ExecMode,
  path: Pattern,
  target: string | undefined,
  profiles: Profiles,
): (Pattern | null)[] {
  const kind = exec[0]?.toLowerCase()
  if (kind === 'i') return [from]
  if (kind === 'u') return [null]
  const fallback = /[iI]x$/.test(exec) ? [from] : /[uU]x$/.test(exec) ? [null] : []
  const local = kind === 'c'
  if (target !== undefined) return [local ? `${from}//${target}` : target, ...fallback]
  const attached = profiles.filter(({ name, profile }) => {
    const own = String(profile.attachment ?? profile.name) === String(path)
    return own && (local ? parentOf(name) === from : !name.includes('//'))
  })
  const found = attached.map(({ name }) => name)
  return [...(found.length > 0 ? found : [local ? `${from}//${String(path)}` : path]), ...fallback]
}
