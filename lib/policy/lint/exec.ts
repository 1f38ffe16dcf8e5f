import type { ExecMode, FileRule } from '../rules/file.ts'
import { parsePattern } from '../pattern.ts'
import { worldOf } from '../decide.ts'
import { ofKind, type Finding, type Lint, type Subject } from './finding.ts'

const VARIABLE = /@\{([A-Za-z]\w*)\}/g

export const variableTarget: Lint<'exec-target-variable'> = {
  code: 'exec-target-variable',
  severity: 'error',
  dangerous: false,
  *find(subject: Subject): Iterable<Finding> {
    for (const site of ofKind(subject, 'file')) {
      const { rule, profile } = site
      if (rule.exec === undefined || rule.target === undefined) continue
      if (rule.target.search(VARIABLE) < 0) continue
      const target = expand(rule.target, profile ?? '', subject)
      yield {
        site,
        message: `the target of an execution has no variables: this one is the profile with the name "${rule.target}", to the letter${fallback(rule.exec)}`,
        dangerous: /u/.test(rule.exec.slice(1)),
        rewrite:
          target === undefined ? undefined : { target: rule, replacement: [{ ...rule, target }] },
      }
    }
  },
}

function fallback(exec: ExecMode): string {
  if (/u/.test(exec.slice(1))) return '. Without it the program runs unconfined'
  return /i/.test(exec.slice(1)) ? '. Without it the program keeps this profile' : ''
}

/** The target with the value of each variable; nothing where one has not exactly one plain value. */
function expand(target: string, profile: string, { policy }: Subject): string | undefined {
  const { variables } = worldOf(policy)
  let plain = true
  const text = target.replaceAll(VARIABLE, (_, name: string) => {
    const values = name === 'profile_name' ? [profile] : (variables.get(name) ?? [])
    const [value] = values
    plain &&= values.length === 1 && typeof value === 'string'
    return String(value)
  })
  return plain ? text : undefined
}

/** Old compilers take `/a l -> /b` for a rule with a transition. */
const isTrailingLink = ({ permissions, exec, target }: FileRule): boolean =>
  permissions.includes('l') && exec === undefined && target !== undefined

export const linkTarget: Lint<'link-target-ignored'> = {
  code: 'link-target-ignored',
  severity: 'error',
  dangerous: true,
  *find(subject: Subject): Iterable<Finding> {
    if (!subject.environment.isParser('3.0.0', '4.1.7')) return
    for (const site of ofKind(subject, 'file')) {
      const { rule } = site
      if (!isTrailingLink(rule) || rule.target === undefined) continue
      const { target, ...rest } = rule
      yield {
        site,
        message: `this link may be to any file: up to version 4.1.7 apparmor_parser takes what follows "->" for a profile. Write "${rule.permissions} ${String(rule.path)} -> ${target},"`,
        dangerous: rule.access !== 'deny',
        rewrite: {
          target: rule,
          replacement: [{ ...rest, link: parsePattern(target) }],
        },
      }
    }
  },
}

export const idleTarget: Lint<'target-without-exec'> = {
  code: 'target-without-exec',
  severity: 'warning',
  dangerous: false,
  *find(subject: Subject): Iterable<Finding> {
    for (const site of ofKind(subject, 'file')) {
      const { rule } = site
      if (rule.target === undefined || rule.exec !== undefined || isTrailingLink(rule)) continue
      const { target: _, ...rest } = rule
      yield {
        site,
        message:
          'what follows "->" counts for nothing without a permission to execute, and takes one of the 12 places for targets of a profile',
        rewrite: { target: rule, replacement: [rest] },
      }
    }
  },
}
