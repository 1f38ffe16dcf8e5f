import t from 'tap'
import { Attachments, toRegExp } from '#lib/attachment.js'
import type { LoadedProfile } from 'apparmor'

const CASES: readonly (readonly [
  pattern: string,
  yes: readonly string[],
  no: readonly string[],
])[] = [
  ['/bin/a', ['/bin/a'], ['/bin/ab', '/bin', '/sbin/a']],
  ['/bin/*', ['/bin/a', '/bin/a.b'], ['/bin/', '/bin/a/b']],
  ['/bin/a*', ['/bin/a', '/bin/ab'], ['/bin/a/b']],
  ['/opt/**', ['/opt/a', '/opt/a/b'], ['/opt/', '/opt']],
  ['/opt/**/x', ['/opt/a/x', '/opt/a/b/x'], ['/opt/x']],
  ['/bin/?', ['/bin/a'], ['/bin/ab', '/bin/']],
  ['/{usr/,}bin/a', ['/usr/bin/a', '/bin/a'], ['/opt/bin/a']],
  ['/bin/{a,{b,c}d}', ['/bin/a', '/bin/bd', '/bin/cd'], ['/bin/b']],
  ['/bin/[ab]', ['/bin/a', '/bin/b'], ['/bin/c']],
  ['/bin/[^a-c]', ['/bin/d'], ['/bin/b']],
  ['/bin/a\\*', ['/bin/a*'], ['/bin/ab']],
  ['/bin/a,b', ['/bin/a,b'], ['/bin/a']],
  ['/bin/a.b+(c)|$', ['/bin/a.b+(c)|$'], ['/bin/axb']],
  ['/bin/a\nb', ['/bin/a\nb'], []],
]

for (const [pattern, yes, no] of CASES) {
  t.test(`the pattern ${JSON.stringify(pattern)}`, async (t) => {
    const expression = toRegExp(pattern)
    for (const path of yes) t.ok(expression?.test(path), path)
    for (const path of no) t.notOk(expression?.test(path), path)
  })
}

t.test('what is no pattern', async (t) => {
  for (const pattern of ['/bin/{a', '/bin/[a', '/bin/[z-a]']) t.equal(toRegExp(pattern), null)
})

t.test('the profile that says most is meant', async (t) => {
  const profile = (name: string, attachment: string | null, namespace: string | null = null) =>
    ({ name, attachment, namespace }) as LoadedProfile
  const attachments = await Attachments.of([
    profile('any', '/usr/**'),
    profile('node', '/usr/bin/node*'),
    profile('exact', '/usr/bin/node20'),
    profile('none', null),
    profile('elsewhere', '/usr/bin/node18', 'ns'),
  ])
  t.equal(attachments.match('/usr/bin/node20'), 'exact')
  t.equal(attachments.match('/usr/bin/node20 (deleted)'), 'exact', 'replaced while it runs')
  t.equal(attachments.match('/usr/bin/node18'), 'node', 'a namespace has its own')
  t.equal(attachments.match('/usr/bin/perl'), 'any')
  t.equal(attachments.match('/bin/sh'), null)
})
