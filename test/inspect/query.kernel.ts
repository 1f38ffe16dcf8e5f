import { execFileSync } from 'node:child_process'
import { explainAccess, queryDbus, queryFile, queryLink, supports } from 'apparmor'
import t from 'tap'
import { afterScript, child } from '../support/child.ts'

const LABEL = 'apparmor-test-query'
const SECOND = 'apparmor-test-query-second'
const NO = { allowed: false, audited: true }
const YES = { allowed: true, audited: false }
const at = (name: string): string => `/srv/query/${name}`

t.test('queryFile: letters and names', async (t) => {
  t.strictSame(queryFile(LABEL, at('read'), 'r'), YES)
  t.strictSame(queryFile(LABEL, at('read'), ['read', 'open', 'getattr']), YES)
  t.strictSame(queryFile(LABEL, at('read'), 'w'), NO)
  t.strictSame(queryFile(LABEL, at('read'), 'rw'), NO, 'all of it has to be allowed')
  t.strictSame(queryFile(LABEL, at('write'), 'w'), YES)
  t.strictSame(queryFile(LABEL, at('write'), ['append', 'create']), YES, 'w means these too')
  t.strictSame(queryFile(LABEL, at('all'), 'rwkm'), YES)
  t.strictSame(queryFile(LABEL, at('all'), 'x'), NO)
})

t.test('queryFile: a path without a rule is refused, and that is audited', async (t) => {
  t.strictSame(queryFile(LABEL, '/srv/elsewhere', 'r'), NO)
  t.strictSame(queryFile(LABEL, at('audit'), 'r'), { allowed: true, audited: true })
  t.strictSame(
    queryFile(LABEL, at('deny'), 'r'),
    { allowed: false, audited: false },
    'deny is quiet',
  )
})

t.test('queryFile: a hat, a stack, a namespace, unconfined', async (t) => {
  t.strictSame(queryFile(`${LABEL}//inner`, at('write'), 'r'), YES)
  t.strictSame(queryFile(`${LABEL}//inner`, at('read'), 'r'), NO)
  const stack = `${LABEL}//&${SECOND}`
  t.strictSame(queryFile(stack, at('all'), 'r'), YES, 'nothing runs under this stack')
  t.strictSame(queryFile(stack, at('all'), 'w'), NO, 'both have to allow it')
  t.strictSame(queryFile('unconfined', at('all'), 'rwxmkl'), YES)
  // the second part is in the namespace, too: nothing else has this name
  const within = ':apparmor-test-ns:inner//&inner'
  t.equal(queryFile(within, '/any', 'r').allowed, true)
  t.equal(queryFile(within, '/any/denied', 'r').allowed, false)
  t.equal(queryFile(':apparmor-test-ns://inner', '/any', 'r').allowed, true)
  t.equal(queryFile(':apparmor-test-ns://inner', '/any/denied', 'r').allowed, false)
})

t.test('an unknown label, a path that is too long', async (t) => {
  const error = { name: 'AppArmorError', code: 'ENOENT', syscall: 'aa_query_label' }
  const unknown = { ...error, profile: 'apparmor-test-missing', message: /no such label/ }
  t.throws(() => queryFile('apparmor-test-missing', '/', 'r'), unknown)
  t.throws(() => queryFile(`${LABEL}//&apparmor-test-missing`, '/', 'r'), unknown)
  t.throws(() => explainAccess('apparmor-test-missing', '/'), unknown)
  t.throws(() => queryFile(LABEL, `/${'x'.repeat(5000)}`, 'r'), { code: 'EFBIG' })
})

t.test('explainAccess: all at once', async (t) => {
  const all = explainAccess(LABEL, at('all'))
  t.equal(all.letters, 'rwamk')
  t.ok((['read', 'write', 'mmap', 'lock'] as const).every((name) => all.allowed.includes(name)))
  t.notOk(all.allowed.includes('exec'))
  t.ok(explainAccess(LABEL, at('audit')).audited.includes('read'))
  const denied = explainAccess(LABEL, at('deny'))
  t.notOk(denied.allowed.includes('read'))
  t.ok(denied.quiet.includes('read') || denied.denied.includes('read'))
  t.equal(explainAccess('unconfined', '/x').letters, 'rwaxmkl')
})

t.test('queryLink: the name, the pair, and no more rights than the target gives', async (t) => {
  const links = (name: string) => at(`links/${name}`)
  t.equal(queryLink(LABEL, links('target'), links('pair')).allowed, true)
  t.equal(queryLink(LABEL, links('other'), links('pair')).allowed, false, 'another target')
  t.equal(queryLink(LABEL, links('target'), links('unknown')).allowed, false, 'no link rule')
  t.equal(queryLink(LABEL, links('target'), links('new')).allowed, true, 'as many rights')
  t.equal(queryLink(LABEL, at('read'), links('new')).allowed, false, 'the target gives less')
  t.equal(queryLink('unconfined', '/a', '/b').allowed, true)
})

t.test('queryDbus: as the bus asks', async (t) => {
  const name = 'apparmor-test-dbus'
  const policy = `abi <abi/3.0>,\nprofile ${name} {
    dbus send bus=session path=/a interface=org.a member=M peer=(name=org.peer, label=unconfined),
    dbus bind bus=session name=org.own,
    deny dbus eavesdrop bus=system,
  }\n`
  // The kernel's own features may know nothing of dbus, but the bus asks it all the same.
  const features = ['-M', '/etc/apparmor.d/abi/3.0']
  execFileSync('apparmor_parser', ['-r', '-K', ...features], { input: policy })
  t.teardown(() => execFileSync('apparmor_parser', ['-R', '-K'], { input: policy }))
  const message = {
    access: 'send',
    bus: 'session',
    name: 'org.peer',
    peerLabel: 'unconfined',
    path: '/a',
    interface: 'org.a',
    member: 'M',
  } as const
  // From Linux 6.17 on, dbus asks nothing of policy for an older ABI, and the kernel allows it all.
  const asked = !supports('network_v9/af_unix')
  const allows = (query: Parameters<typeof queryDbus>[1]) => queryDbus(name, query).allowed
  t.equal(allows(message), true)
  t.equal(allows({ ...message, member: 'N' }), !asked)
  t.equal(allows({ ...message, access: 'receive' }), !asked)
  t.equal(allows({ ...message, peerLabel: LABEL }), !asked)
  t.equal(allows({ access: 'bind', bus: 'session', name: 'org.own' }), true)
  t.equal(allows({ access: 'bind', bus: 'session', name: 'org.other' }), !asked)
  t.equal(allows({ access: 'eavesdrop', bus: 'system' }), !asked)
  t.throws(() => queryDbus('apparmor-test-missing', message), { code: 'ENOENT' })
})

t.test('without securityfs the error tells so, and a later question is answered', async (t) => {
  const through = afterScript('umount -l /sys/kernel/security', 'unshare', '-m')
  const [query, again] = child(
    [
      ['call', 'queryFile', LABEL, '/', 'r'],
      ['spawn', 'mount', '-t', 'securityfs', 'securityfs', '/sys/kernel/security'],
      ['call', 'queryFile', LABEL, at('read'), 'r'],
    ],
    { through },
  ).filter((_, i) => i !== 1)
  const message = /interface is not visible/
  t.match(query, { error: { code: 'ENOENT', syscall: 'aa_find_mountpoint', message } })
  t.strictSame(again, { ok: YES })
})
