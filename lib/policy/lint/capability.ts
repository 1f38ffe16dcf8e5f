import { widened } from '../supports/mediation.ts'
import { ofKind, type Finding, type Lint, type Subject } from './finding.ts'

export const widenedCapability: Lint<'capability-widened'> = {
  code: 'capability-widened',
  severity: 'error',
  dangerous: true,
  *find(subject: Subject): Iterable<Finding> {
    for (const site of ofKind(subject, 'capability')) {
      const { rule } = site
      const names = widened(rule, subject.environment)
      if (names.length === 0 || rule.capabilities?.includes('sys_admin')) continue
      const denies = rule.access === 'deny'
      yield {
        site,
        message: `apparmor_parser compiles "${names.join(' ')}" to sys_admin, since the features of the kernel do not name it: this rule ${denies ? 'denies' : 'permits'} all of sys_admin`,
        dangerous: !denies,
      }
    }
  },
}

export const capabilityPriority: Lint<'capability-priority'> = {
  code: 'capability-priority',
  severity: 'warning',
  dangerous: false,
  *find(subject: Subject): Iterable<Finding> {
    if (!subject.environment.isParser('4.1.0')) return
    for (const site of ofKind(subject, 'capability')) {
      const { priority, ...rest } = site.rule
      if (priority === undefined) continue
      yield {
        site,
        message:
          'the priority of a capability rule counts for nothing: every apparmor_parser ignores it, and "deny" always wins',
        rewrite: { target: site.rule, replacement: [rest] },
      }
    }
  },
}
