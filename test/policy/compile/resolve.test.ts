import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { decide, parseProfile, profilesIn, resolveIncludes } from 'apparmor/policy'
import t from 'tap'

const root = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
t.teardown(() => rmSync(root, { recursive: true }))
for (const name of ['first', 'base', 'base/parts', 'base/parts/deep']) mkdirSync(join(root, name))
const write = (file: string, text: string): void => writeFileSync(join(root, file), text)
write('base/both', '/base r,\n')
write('first/both', '/first r,\n')
write('base/loop', 'include <loop>\n/loop r,\n')
write('base/parts/b', '/b r,\n')
write('base/parts/a', '/a r,\n')
write('base/parts/a~', '/backup r,\n')
write('base/parts/deep/c', '/c r,\n')
write('base/bytes', Buffer.from('/\xff r,\n', 'latin1').toString('latin1'))
symlinkSync(join(root, 'nowhere'), join(root, 'base/broken'))

const base = join(root, 'base')
const paths = (text: string, options = {}): readonly boolean[] => {
  const resolve = resolveIncludes({ base, ...options })
  const policy = parseProfile(`profile x {\n${text}\n}\n`, { resolve })
  return ['/base', '/first', '/loop', '/a', '/b', '/backup', '/c'].map(
    (file) => decide(policy, { profile: 'x', file, permissions: 'r' }).allowed,
  )
}
const only = (...names: readonly string[]): readonly boolean[] =>
  ['/base', '/first', '/loop', '/a', '/b', '/backup', '/c'].map((file) => names.includes(file))

t.test('included files are found where the compiler finds them', async (t) => {
  t.strictSame(paths('include <both>'), only('/base'))
  t.strictSame(paths('include <both>', { include: [join(root, 'first')] }), only('/first'))
  t.strictSame(paths('include <loop>'), only('/loop'))
  t.strictSame(paths('include <parts>'), only('/a', '/b'), 'of a directory, not of those in it')
  t.strictSame(paths(`include "${join(root, 'first/both')}"`), only('/first'))
  t.strictSame(paths('include if exists <none>'), only())
  t.strictSame(paths('include <both>', { base: pathToFileURL(base) }), only('/base'))
  t.throws(() => paths('include <broken>'), { code: 'ERR_APPARMOR_POLICY_SYNTAX' })
  const policy = parseProfile('include <tunables/global>\nprofile x {\n}\n', {
    resolve: resolveIncludes(),
  })
  t.strictSame(
    profilesIn(policy).map(({ name }) => name),
    ['x'],
    "the machine's own",
  )
})

t.test('bad arguments', async (t) => {
  for (const bad of [null, 1, 'x']) {
    t.throws(() => resolveIncludes(bad as never), { code: 'ERR_INVALID_ARG_TYPE' })
    t.throws(() => resolveIncludes({ base: bad === 'x' ? 1 : bad } as never), /base|TypeError/)
  }
  t.throws(() => resolveIncludes({ include: 'x' } as never), { code: 'ERR_INVALID_ARG_TYPE' })
  t.throws(() => resolveIncludes({ base: '' }), { code: 'ERR_INVALID_ARG_VALUE' })
  t.throws(() => resolveIncludes({ bases: 'x' } as never), { code: 'ERR_INVALID_ARG_VALUE' })
})
