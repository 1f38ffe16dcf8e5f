import t from 'tap'
import { Attachments } from '#lib/inspect/attachment.js'
import type { LoadedProfile } from 'apparmor'

t.test('the profile that says most is meant', async (t) => {
  const profile = (name: string, attachment: string | null, rest: Partial<LoadedProfile> = {}) =>
    ({ namespace: null, parent: null, ...rest, name, attachment }) as LoadedProfile
  const attachments = await Attachments.of([
    profile('any', '/usr/**'),
    profile('node', '/usr/bin/node*'),
    profile('exact', '/usr/bin/node20'),
    profile('none', null),
    profile('elsewhere', '/usr/bin/node18', { namespace: 'ns' }),
    profile('parent///usr/bin/perl', '/usr/bin/perl', { parent: 'parent' }),
  ])
  t.equal(attachments.match('/usr/bin/node20'), 'exact')
  t.equal(attachments.match('/usr/bin/node20 (deleted)'), 'exact', 'replaced while it runs')
  t.equal(attachments.match('/usr/bin/node18'), 'node', 'a namespace has its own')
  t.equal(attachments.match('/usr/bin/perl'), 'any', 'a child is for what its parent starts')
  t.equal(attachments.match('/bin/sh'), null)
})
