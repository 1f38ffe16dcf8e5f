import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { closureHash } from '#lib/policy/compile/closure.js'

const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
t.teardown(() => rmSync(dir, { recursive: true }))
const write = (name: string, text: string): string => {
  const file = join(dir, name)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, text)
  utimesSync(file, 1, 1) // times tell nothing here
  return file
}

write('base/abstractions/one', 'include "abstractions/two"\n')
write('base/abstractions/two', '/x r,\n')
write('base/local/a', '/y r,\n')
write('other/unrelated', 'x')
const file = write(
  'policy',
  'abi <abi/3.0>,\nprofile a { include <abstractions/one>\n  include if exists <local>\n}\n',
)
const hash = (): string => closureHash(file, [join(dir, 'first'), join(dir, 'base')])

t.test('another hash for every change that could be another policy', async (t) => {
  const seen = new Set([hash()])
  const changes: readonly [string, string, string][] = [
    [
      'the file',
      'policy',
      'abi <abi/3.0>,\nprofile a { include <abstractions/one>\n  include if exists <local>\n }\n',
    ],
    ['an include of an include', 'base/abstractions/two', '/z r,\n'],
    ['an abi file that appears', 'base/abi/3.0', 'policy {}'],
    ['a file of an included directory', 'base/local/a', '/yy r,\n'],
    ['a new file in it', 'base/local/b', '/y r,\n'],
    ['an include in an earlier directory', 'first/abstractions/one', '/x r,\n'],
  ]
  for (const [what, name, text] of changes) {
    write(name, text)
    t.notOk(seen.has(hash()), what)
    seen.add(hash())
  }
})

t.test('the same hash as long as nothing of it changes', async (t) => {
  const before = hash()
  write('other/unrelated', 'y')
  write('base/abstractions/unrelated', 'y')
  t.equal(hash(), before)
})

t.test('an include of itself ends', async (t) => {
  const loop = write('loop', `include "${join(dir, 'loop')}"\ninclude "${dir}"\n`)
  t.equal(typeof closureHash(loop, []), 'string')
})
