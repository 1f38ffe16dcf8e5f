import { worldOf } from '../decide.ts'
import type { Item } from '../edit.ts'
import type { Comment } from '../rules/comment.ts'
import { ofKind, type Finding, type Lint, type Subject } from './finding.ts'

export const lostValue: Lint<'variable-value-lost'> = {
  code: 'variable-value-lost',
  severity: 'error',
  dangerous: true,
  *find(subject: Subject): Iterable<Finding> {
    const { variables, closed } = worldOf(subject.policy)
    if (!subject.environment.isParser('5.0.0') || closed.length > 0) return
    for (const site of ofKind(subject, 'variable')) {
      for (const value of site.rule.values) {
        const used = Array.from(String(value).matchAll(/@\{([A-Za-z]\w*)\}/g), ([, name]) => name)
        const missing = used.find((name) => !variables.has(name ?? '') && !BUILT_IN.has(name ?? ''))
        if (missing === undefined) continue
        yield {
          site,
          message: `"@{${missing}}" is not declared: from version 5.0 on apparmor_parser leaves out the value "${String(value)}" and compiles the rest`,
        }
      }
    }
  },
}

const BUILT_IN: ReadonlySet<string> = new Set(['profile_name', 'attach_path', 'exec_path'])

export const commentAsValue: Lint<'variable-comment'> = {
  code: 'variable-comment',
  severity: 'error',
  dangerous: true,
  *find(subject: Subject): Iterable<Finding> {
    if (!subject.environment.isParser('3.0.0', '3.1.99')) return
    for (const site of ofKind(subject, 'variable')) {
      const comment = commentBehind(site.rule, site.siblings)
      if (!comment) continue
      yield {
        site,
        message:
          'every word of the comment is a value of this variable: apparmor_parser 3 knows no comments behind values. Write it on a line of its own',
        rewrite: { target: comment, replacement: [{ kind: 'comment', text: comment.text }] },
      }
    }
  },
}

function commentBehind(rule: Item, siblings: readonly Item[]): Comment | undefined {
  const next = siblings[siblings.indexOf(rule) + 1]
  return next?.kind === 'comment' && next.trailing ? next : undefined
}
