import { Glob, parsePattern, type Pattern } from '../pattern.ts'
import { ofKind, type Finding, type Lint, type Subject } from './finding.ts'

export const swallowedArrow: Lint<'mount-arrow'> = {
  code: 'mount-arrow',
  severity: 'error',
  dangerous: true,
  *find(subject: Subject): Iterable<Finding> {
    for (const site of ofKind(subject, 'mount')) {
      const { source, mountpoint } = site.rule
      const [from, to] = source === undefined ? [] : split(source)
      if (from === undefined || to === undefined || mountpoint !== undefined) continue
      yield {
        site,
        message: `"${String(source)}" is one word: the rule is for that source and for every mount point. Put a blank before and behind "->"`,
        dangerous: site.rule.access !== 'deny',
        rewrite: {
          target: site.rule,
          replacement: [{ ...site.rule, source: from, mountpoint: to }],
        },
      }
    }
  },
}

function split(source: Pattern): readonly Pattern[] {
  const text = Glob.is(source) ? source.text : source
  const at = text.indexOf('->')
  if (at <= 0 || at + 2 === text.length) return []
  const parts = [text.slice(0, at), text.slice(at + 2)]
  return Glob.is(source) ? parts.map(parsePattern) : parts
}

export const ignoredFstype: Lint<'mount-fstype-ignored'> = {
  code: 'mount-fstype-ignored',
  severity: 'error',
  dangerous: true,
  *find(subject: Subject): Iterable<Finding> {
    for (const site of ofKind(subject, 'umount')) {
      if (site.rule.fstype === undefined) continue
      const denies = site.rule.access === 'deny'
      yield {
        site,
        message: `"fstype" counts for nothing in a rule of "umount": it ${denies ? 'denies' : 'permits'} to unmount every type of file system`,
        dangerous: !denies,
      }
    }
  },
}
