import t from 'tap'
import {
  expectPolicy,
  file,
  glob,
  parseProfile,
  policy,
  PolicyExpectationError,
  profile,
  type ProfileExpectation,
} from 'apparmor/policy'

const WEB = parseProfile(
  `profile web {
  /srv/** r,
  deny /srv/secret rw,
  owner /home/** rw,
  capability net_bind_service,
  network inet stream,
  signal send set=(term) peer=worker,
  /usr/bin/* ix,
  /usr/bin/cat Px -> cat,
  change_profile -> worker,
}
`,
  { file: 'web.profile' },
)

t.test('a chain of what a policy does', async (t) => {
  const web = expectPolicy(WEB)
    .profile('web')
    .allows('r', '/srv/a')
    .denies('r', '/srv/secret')
    .denies('w', '/etc/passwd')
    .denies('r', '/home/a')
    .allows('rw', '/home/a', { owner: true })
    .allows({ capability: 'net_bind_service' })
    .denies({ capability: 'sys_admin' })
    .allows({ network: { family: 'inet', type: 'stream' } })
    .denies({ network: { family: 'inet', type: 'dgram' } })
    .allows({ signal: 'term', permission: 'send', peer: 'worker' })
    .denies({ signal: 'kill', permission: 'send', peer: 'worker' })
    .allows({ changeProfile: 'worker' })
    .denies({ ptrace: 'trace', peer: 'worker' })
    .denies({ mount: { mountpoint: '/mnt/' } })
    .executes('/usr/bin/ls', { exec: 'ix' })
    .executes('/usr/bin/cat', { exec: 'Px', target: 'cat' })
  t.ok(web)
})

t.test('what fails names the rules that decide, and where they stand', async (t) => {
  const web = expectPolicy(WEB).profile('web')
  const failed = (act: (web: ProfileExpectation) => unknown): PolicyExpectationError => {
    try {
      act(web)
    } catch (error) {
      if (error instanceof PolicyExpectationError) return error
      throw error
    }
    throw new Error('nothing failed')
  }
  const allowed = failed((web) => web.denies('r', '/srv/a'))
  t.match(allowed, {
    name: 'AssertionError',
    code: 'ERR_ASSERTION',
    operator: 'denies',
    actual: 'allowed',
    expected: 'not allowed',
  })
  t.equal(
    allowed.message,
    "the profile 'web' must not permit 'r' on /srv/a, and it is allowed by\n  web.profile:2:3: /srv/** r,",
  )
  t.match(allowed.stack, /^AssertionError: .*\n.*\n +at (?!Expectation)/, 'the stack begins here')
  t.equal(
    failed((web) => web.allows('r', '/srv/secret')).message,
    "the profile 'web' must permit 'r' on /srv/secret, and it is denied by\n  web.profile:3:3: deny /srv/secret rw,",
  )
  t.equal(
    failed((web) => web.allows({ capability: 'kill' })).message,
    'the profile \'web\' must permit {"capability":"kill"}, and it is not mentioned',
  )
  t.match(
    failed((web) => web.executes('/usr/bin/cat', { exec: 'ix' })),
    {
      operator: 'executes',
      actual: { exec: 'Px', target: 'cat' },
      expected: { exec: 'ix' },
    },
  )
  t.match(failed((web) => web.executes('/bin/no', { exec: 'ix' })).message, /is not mentioned/)
})

t.test('by an include: the chain; by a rule that was made: that', async (t) => {
  const resolve = ({ path }: { path: string }) => ({ file: path, text: '/a r,\n' })
  const text = 'profile x {\n  include <base>\n}\n'
  const read = parseProfile(text, { file: 'x', resolve })
  t.throws(() => expectPolicy(read).profile('x').denies('r', '/a'), {
    message: /\n {2}base:1:1: \/a r, \(included at x:2:3\)$/,
  })
  const made = policy(profile('x', { rules: [file(glob('/*'), 'r')] }))
  t.throws(() => expectPolicy(made).profile('x').denies('r', '/a'), {
    message: /rule that was made/,
  })
  const unread = parseProfile(text)
  t.throws(() => expectPolicy(unread).profile('x').denies('r', '/a'), {
    code: 'ERR_ASSERTION',
    message: /'base' was not read/,
  })
  expectPolicy(unread, { unread: 'ignore' }).profile('x').denies('r', '/a')
})

t.test('bad arguments are no failed expectations', async (t) => {
  const web = expectPolicy(WEB).profile('web')
  const wrong: readonly (() => unknown)[] = [
    () => expectPolicy('profile x {}' as never),
    () => expectPolicy(WEB, { unraed: 'ignore' } as never),
    () => expectPolicy(WEB, { unread: 'yes' } as never),
    () => expectPolicy(WEB, { kernel: 1 } as never),
    () => expectPolicy(WEB, { kernel: true } as never),
    () => expectPolicy(WEB).profile('wbe'),
    () => web.allows('q', '/a'),
    () => web.allows('r', 1 as never),
    () => web.allows(1 as never),
    () => web.denies({} as never),
    () => web.denies('r', '/a', { onwer: true } as never),
    () => web.executes('/a', null as never),
  ]
  for (const act of wrong) t.throws(act, { code: /^ERR_INVALID_ARG_(TYPE|VALUE)$/ }, String(act))
})
