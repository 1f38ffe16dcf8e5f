import t from 'tap'
import {
  attachedTo,
  capability,
  compile,
  covers,
  decide,
  diff,
  file,
  Glob,
  glob,
  network,
  parseProfile,
  profilesIn,
  signal,
  transitions,
  type Policy,
  type Question,
  type SocketPermission,
} from 'apparmor/policy'
import { PATTERNS } from '../support/patterns.ts'

type Asked = Question extends infer Q ? (Q extends Question ? Omit<Q, 'profile'> : never) : never

const inX = (rules: string, preamble = ''): Policy =>
  parseProfile(`${preamble}profile x {\n${rules}\n}\n`)

const ask = (rules: string, question: Asked, preamble = ''): string => {
  const { allowed, denied, audited } = decide(inX(rules, preamble), {
    profile: 'x',
    ...question,
  } as Question)
  return `${allowed ? 'allowed' : denied ? 'denied' : 'unmentioned'}${audited ? ', audited' : ''}`
}

t.test('patterns match as apparmor.d(5) says', async (t) => {
  for (const [pattern, yes, no] of PATTERNS) {
    const policy = inX(`"${pattern}" r,`)
    for (const path of [...yes, ...no]) {
      const { allowed } = decide(policy, { profile: 'x', file: path, permissions: 'r' })
      t.equal(allowed, yes.includes(path), `${pattern} ${path}`)
    }
  }
})

t.test('files', async (t) => {
  const r = { file: '/a', permissions: 'r' }
  t.equal(ask('/a r,', r), 'allowed')
  t.equal(ask('/a r,', { ...r, permissions: 'rw' }), 'unmentioned, audited')
  t.equal(ask('audit /a r,', r), 'allowed, audited')
  t.equal(ask('/a r, deny /a r,', r), 'denied')
  t.equal(ask('/a r, audit deny /* r,', r), 'denied, audited')
  t.equal(ask('priority=1 /a r, deny /* r,', r), 'allowed')
  t.equal(ask('owner /a r,', r), 'unmentioned, audited')
  t.equal(ask('owner /a r,', { ...r, owner: true }), 'allowed')
  t.equal(ask('/a w,', { file: '/a', permissions: 'a' }), 'allowed')
  t.equal(ask('/a w, deny /a w,', { file: '/a', permissions: 'a' }), 'denied')
  t.equal(ask('@{X}/a r,', r, '@{X} = "" /b\n'), 'allowed')
  t.equal(ask('@{X}/a r,', { ...r, file: '/b/a' }, '@{X} = "" /b/\n'), 'allowed')
  t.equal(ask('if $B { /a r, } else { /b r, }', r, '$B = true\n'), 'allowed')
  t.equal(ask('if $B { /a r, } else { /b r, }', r, '$B = false\n'), 'unmentioned, audited')
  t.equal(ask('deny { /a r, }', r), 'denied')
  t.equal(ask('all,', r), 'allowed')
  t.equal(ask('/a l,', { link: '/a', target: '/b' }), 'allowed')
  t.equal(
    ask('/a lr,', { link: '/a', target: '/b' }),
    'unmentioned, audited',
    'more than its target',
  )
  t.equal(ask('/a r, link /a -> /b,', { link: '/a', target: '/b' }), 'allowed')
  t.equal(
    ask('/a rl, link /a -> /b,', { link: '/a', target: '/b' }),
    'unmentioned, audited',
    'one rule that compares is enough',
  )
  t.equal(ask('all,', { link: '/a', target: '/b' }), 'allowed')
  t.equal(ask('link /a -> /c,', { link: '/a', target: '/b' }), 'unmentioned, audited')
  t.equal(ask('/usr/a r,', { ...r, file: '/mnt/a' }, 'alias /usr/ -> /mnt/,\n'), 'allowed')
})

t.test('execution: the rule that names the program goes before patterns', async (t) => {
  const policy = inX('/bin/* ix,\n/bin/a Px -> other,\n/{x,y} cx,')
  const exec = (path: string) =>
    decide(policy, { profile: 'x', file: path, permissions: 'x' }).transition
  t.strictSame(exec('/bin/b'), { exec: 'ix' })
  t.strictSame(exec('/bin/a'), { exec: 'Px', target: 'other' })
  t.strictSame(exec('/y'), { exec: 'cx' })
  t.equal(exec('/z'), undefined)
})

t.test('everything else', async (t) => {
  t.equal(ask('capability chown kill,', { capability: 'kill' }), 'allowed')
  t.equal(ask('capability, deny capability kill,', { capability: 'kill' }), 'denied')
  t.equal(ask('network inet tcp,', { network: { family: 'inet', type: 'stream' } }), 'allowed')
  t.equal(
    ask('network tcp,', { network: { family: 'unix', type: 'stream' } }),
    'unmentioned, audited',
  )
  const term = { signal: 'term', permission: 'send', peer: 'web' } as const
  t.equal(ask('signal (send) set=(term) peer=w*,', term), 'allowed')
  t.equal(ask('signal (receive) set=(term) peer=w*,', term), 'unmentioned, audited')
  t.equal(ask('ptrace read peer=web,', { ptrace: 'read', peer: 'web' }), 'allowed')
  t.equal(ask('ptrace read peer=web,', { ptrace: 'trace', peer: 'web' }), 'unmentioned, audited')
  t.equal(ask('change_profile -> a//*,', { changeProfile: 'a//b' }), 'allowed')
  t.equal(ask('all,', { changeProfile: 'a' }), 'unmentioned, audited')
  const send = { dbus: { permission: 'send', bus: 'system', path: '/a/b' } } as const
  t.equal(ask('dbus send bus=system path=/a/*,', send), 'allowed')
  t.equal(ask('dbus bus=system name=a,', send), 'unmentioned, audited')
  const tmpfs = {
    mount: { fstype: 'tmpfs', source: 'none', mountpoint: '/mnt/', options: ['nosuid', 'rw'] },
  }
  t.equal(ask('mount fstype=tmpfs options=(rw, nosuid) none -> /mnt/,', tmpfs), 'allowed')
  t.equal(
    ask('mount fstype=tmpfs options=(ro, nosuid) none -> /mnt/,', tmpfs),
    'unmentioned, audited',
  )
  t.equal(ask('mount options in (ro, nosuid),', tmpfs), 'allowed')
  t.equal(
    ask('unix (send) type=stream peer=(label=b),', {
      unix: { permission: 'send', type: 'stream', peerLabel: 'b' },
    }),
    'allowed',
  )
  t.equal(ask('userns,', { userns: 'create' }), 'allowed')
  t.equal(ask('mqueue (open) /q*,', { mqueue: '/q1', permission: 'open' }), 'allowed')
  t.equal(ask('io_uring sqpoll,', { ioUring: 'sqpoll' }), 'allowed')
})

t.test('sockets, queues and rings with conditions', async (t) => {
  const no = 'unmentioned, audited'
  const unix = (permission: SocketPermission, more: object = {}): Asked => ({
    unix: { permission, type: 'stream', ...more },
  })
  t.equal(ask('unix addr=@a,', unix('create')), 'allowed', 'a socket has no address at first')
  t.equal(ask('unix peer=(label=**),', unix('create')), no)
  t.equal(ask('unix addr=@a,', unix('bind', { addr: '@a' })), 'allowed')
  t.equal(ask('unix addr=@a,', unix('bind')), no)
  t.equal(ask('unix addr=auto,', unix('bind')), 'allowed')
  t.equal(ask('unix (send) addr=auto,', unix('send', { addr: '@0a1b2' })), 'allowed')
  t.equal(ask('unix (send) addr=none,', unix('send')), 'allowed')
  t.equal(ask('unix addr=@a*,', unix('listen', { addr: '@a\0b' })), 'allowed')
  t.equal(ask('unix (accept) peer=(label=l),', unix('accept', { peerLabel: 'k' })), 'allowed')
  t.equal(ask('network unix,', unix('bind', { addr: '@a' })), 'allowed')
  t.equal(ask('network (send) stream,', unix('connect')), 'allowed')
  t.equal(ask('network tcp,', unix('connect')), no)
  t.equal(ask('unix, deny network unix,', unix('connect')), 'denied')
  const socket = { network: { family: 'unix', type: 'stream' } } as const
  t.equal(ask('unix (create) type=stream,', socket), 'allowed')
  t.equal(ask('unix (send) type=stream,', socket), no)
  const queue = { permission: 'open', label: 'l' } as const
  t.equal(ask('mqueue type=sysv,', { mqueue: '/a', ...queue }), no)
  t.equal(ask('mqueue type=sysv,', { mqueue: '7', ...queue }), 'allowed')
  t.equal(ask('mqueue label=k,', { mqueue: '/a', ...queue }), no)
  t.equal(ask('io_uring label=k,', { ioUring: 'override_creds', label: 'l' }), no)
  t.equal(ask('io_uring label=k,', { ioUring: 'sqpoll' }), 'allowed')
})

t.test('by which rules: file, line and the chain of includes', async (t) => {
  const resolve = ({ path }: { path: string }) => ({ file: path, text: '\n/a r,\n' })
  const policy = parseProfile('profile x {\n  include <base>\n  include <base>\n}\n', {
    file: 'x',
    resolve,
  })
  const { rules, closed } = decide(policy, { profile: 'x', file: '/a', permissions: 'r' })
  t.strictSame(
    rules.map(({ location, includes }) => [location, includes.map(({ path }) => path)]),
    [[{ file: 'base', line: 2, column: 1 }, ['base']]],
  )
  t.strictSame(closed, [])
  const unread = decide(inX('include <base>'), { profile: 'x', file: '/a', permissions: 'r' })
  t.strictSame(
    unread.closed.map(({ path }) => path),
    ['base'],
    'what was not read is named',
  )
  t.throws(() => decide(policy, { profile: 'y', file: '/a', permissions: 'r' }), {
    code: 'ERR_INVALID_ARG_VALUE',
  })
  t.throws(() => decide(policy, { profile: 'x' } as Question), { code: 'ERR_INVALID_ARG_VALUE' })
  t.throws(() => decide(policy, null as never), { code: 'ERR_INVALID_ARG_TYPE' })
})

t.test('transitions', async (t) => {
  const policy = parseProfile(
    'profile a /bin/a {\n/bin/b Px,\n/bin/c Cx -> child,\n/bin/d ux,\nchange_profile -> b,\n' +
      'profile child {\n/x ix,\n}\n^hat {\n}\n}\nprofile b /bin/b {\n}\n',
  )
  t.strictSame(
    transitions(policy).map(({ from, to, via, exec }) => [from, to, via, exec ?? '']),
    [
      [null, 'a', 'attachment', ''],
      ['a', 'b', 'exec', 'Px'],
      ['a', 'a//child', 'exec', 'Cx'],
      ['a', null, 'exec', 'ux'],
      ['a', 'b', 'change_profile', ''],
      ['a', 'a//hat', 'change_hat', ''],
      ['a//child', 'a//child', 'exec', 'ix'],
      [null, 'b', 'attachment', ''],
    ],
  )
})

t.test('what change_profile and execution name by leaving it out is a pattern', async (t) => {
  const edges = transitions(inX('change_profile,\nfile,'))
  t.ok(edges.some(({ via, to }) => via === 'change_profile' && to instanceof Glob))
  t.ok(edges.some(({ via, path }) => via === 'exec' && path instanceof Glob))
})

t.test('which profiles there are, and which a program gets', async (t) => {
  const policy = parseProfile(
    '@{BIN} = /bin /usr/bin\nprofile web @{BIN}/web* {\n^hat {\n}\nprofile /child /bin/x {\n}\n}\n' +
      '/bin/[xy] {\n}\nprofile :ns:in /bin/web {\n}\nprofile none {\n}\n',
  )
  t.strictSame(
    profilesIn(policy).map(({ name, attachment }) => [name, attachment && String(attachment)]),
    [
      ['web', '@{BIN}/web*'],
      ['web//hat', null],
      ['web///child', '/bin/x'],
      ['/bin/[xy]', '/bin/[xy]'],
      [':ns://in', '/bin/web'],
      ['none', null],
    ],
  )
  t.strictSame(attachedTo(policy, '/usr/bin/web2'), ['web'])
  t.strictSame(attachedTo(policy, '/bin/web'), ['web', ':ns://in'])
  t.strictSame(attachedTo(policy, '/bin/x'), ['/bin/[xy]'], 'a child is not attached so')
  t.strictSame(attachedTo(policy, '/bin/z'), [])
  for (const bad of [undefined, null, 'x', []]) {
    t.throws(() => profilesIn(bad as never), { code: 'ERR_INVALID_ARG_TYPE' })
    t.throws(() => attachedTo(bad as never, '/a'), { code: 'ERR_INVALID_ARG_TYPE' })
  }
  t.throws(() => attachedTo(policy, 1 as never), { code: 'ERR_INVALID_ARG_TYPE' })
})

t.test('covers, diff', async (t) => {
  const yes = [
    [file(glob('/srv/**'), 'rw'), file(glob('/srv/*.html'), 'r')],
    [file(glob('/srv/{a,b}'), 'r'), file('/srv/a', 'r')],
    [file(glob('/**'), 'w'), file('/a', 'a')],
    [file(glob('/[a-z]*'), 'r'), file(glob('/{abc,d?f}'), 'r')],
    [capability(), capability('kill')],
    [network({ family: 'inet' }), network({ family: 'inet', type: 'tcp' })],
    [signal(), signal({ peer: 'a', signals: ['term'] })],
  ] as const
  for (const [a, b] of yes) {
    t.ok(covers(a, b), `${JSON.stringify([a, b])}`)
    t.notOk(covers(b, a), 'and not the other way round')
  }
  t.notOk(covers(file(glob('/srv/*'), 'r'), file(glob('/srv/**'), 'r')))
  t.notOk(covers(file('/a', 'r', { owner: true }), file('/a', 'r')))
  t.notOk(covers(file('/a', 'rix'), file('/a', 'rpx')))
  t.notOk(covers(file('/a', 'r', { access: 'deny' }), file('/a', 'r')))
  const same = diff(inX('@{X}/* r,', '@{X} = /a /b\n'), inX('/{b,a}/* r,\n/a/x r,'))
  t.strictSame(same, [], 'the same in other words')
  const changed = diff(inX('/a r, /b r,'), inX('/a rw, /b r,'))
  t.strictSame(
    changed.map(({ change, profile }) => [change, profile]),
    [['added', 'x']],
  )
})

t.test('hats and children of a branch that is not taken do not exist', async (t) => {
  for (const value of [true, false]) {
    const text = `$X = ${value}\nprofile a {\n  if $X {\n    hat h {\n      /x r,\n    }\n  } else {\n    profile k {\n      /x r,\n    }\n  }\n}\n`
    const names = (
      await compile(text, { features: '/usr/share/apparmor-features/features' })
    ).profiles.map(({ name }) => name)
    t.strictSame(names, ['a', value ? 'a//h' : 'a//k'], 'what the compiler makes of it')
    const policy = parseProfile(text)
    for (const profile of ['a//h', 'a//k']) {
      const ask = () => decide(policy, { profile, file: '/x', permissions: 'r' }).allowed
      if (names.includes(profile)) t.ok(ask())
      else t.throws(ask, { code: 'ERR_INVALID_ARG_VALUE' })
    }
  }
})
