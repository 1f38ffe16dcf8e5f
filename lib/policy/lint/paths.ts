import { Glob, patternText } from '../pattern.ts'
import { restricts } from './blocks.ts'
import { ofKind, type Finding, type Lint, type Subject } from './finding.ts'

export const impossiblePath: Lint<'path-never-matches'> = {
  code: 'path-never-matches',
  severity: 'warning',
  dangerous: false,
  *find(subject: Subject): Iterable<Finding> {
    for (const site of ofKind(subject, 'file', 'link')) {
      const { rule, parents } = site
      const text = rule.path === undefined ? '' : patternText(rule.path)
      const fault =
        text !== '' && !/^(?:\/|@\{|\{|\*|\[|\?)/.test(text)
          ? 'a path begins with "/"'
          : /\/\.{1,2}(?:\/|$)/.test(text)
            ? 'the kernel names files without "." and ".."'
            : undefined
      if (fault === undefined) continue
      yield {
        site,
        message: `this rule is for no file: ${fault}`,
        dangerous: restricts(rule, parents),
      }
    }
  },
}

export const alternation: Lint<'dbus-alternation'> = {
  code: 'dbus-alternation',
  severity: 'warning',
  dangerous: false,
  *find(subject: Subject): Iterable<Finding> {
    for (const site of ofKind(subject, 'dbus')) {
      const { bus, path, interface: name, member, peer } = site.rule
      const patterns = [bus, path, name, member, site.rule.name, peer?.name, peer?.label]
      const odd = patterns.find((pattern) => /\|/.test(String(pattern ?? '')))
      if (odd === undefined) continue
      const text = Glob.is(odd) ? odd.text : odd
      yield {
        site,
        message: `"${text}" is matched to the letter: alternatives are written {a,b}`,
        dangerous: restricts(site.rule, site.parents),
      }
    }
  },
}
