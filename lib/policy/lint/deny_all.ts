import { Glob } from '../pattern.ts'
import type { FileRule } from '../rules/file.ts'
import { ofKind, type Finding, type Lint, type Subject } from './finding.ts'

export const denyAll: Lint<'deny-all-owner-only'> = {
  code: 'deny-all-owner-only',
  severity: 'error',
  dangerous: true,
  *find(subject: Subject): Iterable<Finding> {
    if (!subject.environment.isParser('4.1.0')) return
    for (const site of ofKind(subject, 'all')) {
      const { rule } = site
      if (rule.access !== 'deny' || isCovered(site.siblings)) continue
      yield {
        site,
        message:
          '"deny all" leaves the files of other users: from apparmor_parser 4.1.0 on it denies reading and writing only to the owner of a file. Add "deny /{**,} mrwlkx,"',
        rewrite: { target: rule, replacement: [rule, denyFiles(rule.audit)] },
      }
    }
  },
}

const PATH = '/{**,}'

const denyFiles = (audit: boolean | undefined): FileRule => ({
  kind: 'file',
  ...(audit && { audit }),
  access: 'deny',
  path: new Glob(PATH),
  permissions: 'mrwlk',
  exec: 'x',
})

const isCovered = (siblings: Subject['policy']['rules'] | readonly object[]): boolean =>
  siblings.some((one) => {
    const { kind, access, owner, path, permissions = '' } = one as Partial<FileRule>
    if (kind !== 'file' || access !== 'deny' || owner !== undefined) return false
    return String(path) === PATH && Array.from('mrwlk').every((bit) => permissions.includes(bit))
  })
