import t from 'tap'
import fc from 'fast-check'
import {
  abi,
  alias,
  all,
  audit,
  capability,
  changeProfile,
  comment,
  dbus,
  deny,
  file,
  format,
  glob,
  Glob,
  hat,
  include,
  ioUring,
  link,
  mount,
  mqueue,
  network,
  parseProfile,
  pivotRoot,
  policy,
  profile,
  ptrace,
  remount,
  rlimit,
  signal,
  umount,
  unix,
  userns,
  variable,
  type Profile,
  type Rule,
} from 'apparmor/policy'
import { compile } from '../support/apparmor_parser.ts'
import '../support/seed.ts'

const text = (rule: Rule): string => format(rule).trimEnd()

t.test('each function makes its rule', async (t) => {
  const made: readonly (readonly [Rule, string])[] = [
    [file('/a b', 'rw'), '"/a b" rw,'],
    [file(glob('/srv/**'), 'kr', { owner: true }), 'owner /srv/** rk,'],
    [file('/bin/a', 'rPx', { target: 'a//b' }), '/bin/a rPx -> a//b,'],
    [deny(file('/bin/a', 'rix')), 'deny /bin/a rx,'],
    [audit(deny(file('/a', 'w'))), 'audit deny /a w,'],
    [file('/a', 'r', { priority: -5, access: 'allow' }), 'priority=-5 allow /a r,'],
    [file(glob('/a,b'), 'r'), '/a,b r,'],
    [file(glob('/a\\*b'), 'r'), '/a\\*b r,'],
    [link('/a', glob('/b/*'), { subset: true }), 'link subset /a -> /b/*,'],
    [capability(), 'capability,'],
    [capability('chown', 'kill'), 'capability chown kill,'],
    [network({ family: 'inet', type: 'tcp' }), 'network inet tcp,'],
    [unix({ permissions: ['send'], peer: { label: 'a,b' } }), 'unix send peer=(label="a\\,b"),'],
    [signal({ signals: ['term', 'rtmin+3'] }), 'signal set=(term, rtmin+3),'],
    [
      ptrace({ permissions: ['read', 'trace'], peer: glob('web*') }),
      'ptrace (read, trace) peer=web*,',
    ],
    [
      dbus({ permissions: ['bind'], bus: 'session', name: 'a.b' }),
      'dbus bind bus=session name=a.b,',
    ],
    [mount({ source: 'tmpfs', mountpoint: '/mnt/' }), 'mount tmpfs -> /mnt/,'],
    [remount({ mountpoint: '/mnt/' }), 'remount /mnt/,'],
    [umount({ mountpoint: '/mnt/' }), 'umount /mnt/,'],
    [
      pivotRoot({ oldroot: '/o/', newroot: '/n/', target: 'b' }),
      'pivot_root oldroot=/o/ /n/ -> b,',
    ],
    [mqueue({ permissions: ['open'], name: '/q' }), 'mqueue open /q,'],
    [ioUring({ permissions: ['sqpoll'] }), 'io_uring sqpoll,'],
    [userns(), 'userns,'],
    [all(), 'all,'],
    [changeProfile(), 'change_profile,'],
    [changeProfile('a', { exec: '/bin/a' }), 'change_profile /bin/a -> a,'],
    [rlimit('nofile', 1024), 'set rlimit nofile <= 1024,'],
    [rlimit('as', '1 GB'), 'set rlimit as <= 1 GB,'],
    [include('abstractions/base'), 'include <abstractions/base>'],
    [include('/etc/x y', { ifExists: true }), 'include if exists "/etc/x y"'],
    [abi('abi/3.0'), 'abi <abi/3.0>,'],
    [comment(' why'), '# why'],
    [comment('include <x>\nnot'), '# include <x> not'],
  ]
  for (const [rule, expected] of made) t.equal(text(rule), expected)
})

t.test("'x' alone denies, and says so", async (t) => {
  t.equal(text(file('/bin/a', 'rx', { access: 'deny' })), 'deny /bin/a rx,')
  t.throws(() => file('/bin/a', 'x'), {
    code: 'ERR_INVALID_ARG_VALUE',
    message: /'x' alone denies: pass \{ access: 'deny' \}/,
  })
})

t.test('a whole file', async (t) => {
  const web = policy(
    abi('abi/3.0'),
    variable('ROOT', [glob('/srv/*'), '/odd, "root"']),
    alias('/usr/', '/mnt/'),
    profile('web', {
      attach: '/usr/bin/web',
      flags: ['attach_disconnected', 'complain'],
      rules: [file(glob('@{ROOT}/**'), 'r')],
      hats: [hat('upload', { rules: [file('/srv/upload', 'w')] }), profile('child')],
    }),
    profile('inner', { namespace: 'ns' }),
  )
  const expected = [
    'abi <abi/3.0>,',
    '@{ROOT} = /srv/* "/odd\\, \\042root\\042"',
    'alias /usr/ -> /mnt/,',
    'profile web /usr/bin/web flags=(attach_disconnected, complain) {',
    '  @{ROOT}/** r,',
    '  hat upload {',
    '    /srv/upload w,',
    '  }',
    '  profile child {',
    '  }',
    '}',
    'profile :ns:inner {',
    '}',
    '',
  ]
  t.equal(format(web), expected.join('\n'))
  t.ok(compile(format(web)).length > 0)
})

t.test('what cannot be said is refused', async (t) => {
  const wrong: Record<string, () => unknown> = {
    relative: () => file('a', 'r'),
    'no permissions': () => file('/a', '' as 'r'),
    letters: () => file('/a', 'rz' as 'r'),
    'two modes': () => file('/a', 'ixpx' as 'r'),
    'x alone': () => file('/a', 'x'),
    'null byte': () => file('/a\0', 'r'),
    option: () => file('/a', 'r', { onwer: true } as object),
    priority: () => file('/a', 'r', { priority: 1001 }),
    capability: () => capability('kill,\n  capability sys_admin' as 'kill'),
    'two capabilities in one': () => capability('chown kill' as 'kill'),
    'own pattern': () => file({ text: '/**' } as Glob, 'r'),
    'name with a pattern': () => profile('a*'),
    'name with a namespace': () => profile(':ns:a'),
    'no name': () => profile(''),
    flag: () => profile('a', { flags: ['fly'] }),
    flags: () => profile('a', { flags: ['kill) {\n /** rw,\n}\nprofile b flags=(kill'] }),
    signal: () => signal({ signals: ['term, kill' as 'term'] }),
    'a rule that is text': () => policy('/a r,' as never),
    'no rule': () => profile('x', { rules: [undefined as never] }),
    'a rule that is none': () => format(policy({ kind: 'x' } as never)),
    rlimit: () => rlimit('nofile', '1,\n /** rw' as 'infinity'),
    braces: () => glob('/a{b'),
    'one alternative': () => glob('/a{b}'),
    class: () => glob('/a[b'),
    tag: () => glob`/a/${1 as unknown as string}`,
  }
  for (const [name, make] of Object.entries(wrong)) {
    t.throws(make, { code: /^ERR_INVALID_ARG_(?:TYPE|VALUE)$/ }, name)
  }
})

t.test('wrong rules do not compile', async (t) => {
  const types: readonly (() => unknown)[] = [
    // @ts-expect-error no such permission
    () => file('/a', 'rz'),
    // @ts-expect-error two modes
    () => file('/a', 'rixpx'),
    // @ts-expect-error no such capability
    () => capability('fly'),
    // @ts-expect-error no such family
    () => network({ family: 'inet5' }),
    // @ts-expect-error no such signal
    () => signal({ signals: ['sigterm'] }),
    // @ts-expect-error no such limit
    () => rlimit('files', 1),
    // @ts-expect-error no string permissions
    () => ptrace({ permissions: 'read' }),
  ]
  for (const make of types) t.throws(make, { code: /^ERR_INVALID_ARG/ })
})

t.test('a string never becomes a rule, a permission or a pattern', async (t) => {
  const ATTACKS = [
    '/x rw, /** rwlkmx',
    '/x rw,\n  /** rwlkmx',
    '/x\n}\nprofile evil {\n  /** rwx',
    '/x"y',
    '/x" rw, /** rw, "/y',
    '/x\\',
    '/x\\" rw, /y',
    '/{a,b}',
    '/*',
    '/**',
    '/?',
    '/[a-z]',
    '/@{HOME}/x',
    '/\\x40{HOME}',
    '/a,b',
    '/a #include <x>',
    '/a -> b',
    '/a) peer=(label=x',
    '/\udcff',
    '/é\u{1f600}',
    '/a\rb\tc\vd',
  ]
  const PIECES = [
    '{',
    '}',
    '"',
    '\\',
    ',',
    '\n',
    ' ',
    '*',
    '?',
    '[',
    ']',
    '@{X}',
    '#',
    '->',
    '^',
    '!',
    '(',
    ')',
    '=',
    '/',
  ]
  const string = fc.oneof(
    fc.constantFrom(...ATTACKS),
    fc
      .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 3 })))
      .map((p) => `/${p.join('')}`),
  )
  let [said, refused] = [0, 0]
  const property = fc.property(string, (s) => {
    const makers: readonly (() => Rule)[] = [
      () => file(s, 'r'),
      () => file('/a', 'px', { target: s }),
      () => link('/a', s),
      () => unix({ addr: `@${s}`, peer: { label: s } }),
      () => signal({ peer: s }),
      () => ptrace({ peer: s }),
      () => dbus({ permissions: ['send'], path: s, member: s, peer: { name: s, label: s } }),
      () => mount({ source: s, mountpoint: s }),
      () => umount({ mountpoint: s }),
      () => changeProfile(s, { exec: s }),
      () => include(s),
      () => profile(s),
      () => profile('a', { attach: s }),
      () => hat(s),
      () => capability(s as 'kill'),
      () => rlimit('as', s as 'infinity'),
      () => comment(s),
      () => file(glob`/d/${s}/**`, 'r'),
    ]
    for (const make of makers) {
      let rule
      try {
        rule = make()
      } catch (error) {
        if (!(error as NodeJS.ErrnoException).code?.startsWith('ERR_INVALID_ARG')) throw error
        refused++
        continue
      }
      said++
      const [x, ...more] = parseProfile(`profile x {\n${format(rule)}}\n`).rules
      const [read, ...others] = (x as Profile).rules
      if (more.length > 0 || others.length > 0) throw new Error(`more than a rule: ${format(rule)}`)
      const globs = (value: unknown): number =>
        value instanceof Glob
          ? 1
          : typeof value === 'object' && value
            ? Object.values(value).reduce((n, v) => n + globs(v), 0)
            : 0
      if (globs(read) !== globs(rule)) throw new Error(`a pattern: ${format(rule)}`)
    }
  })
  const { failed, errorInstance, counterexample } = fc.check(property, { numRuns: 1500 })
  t.notOk(failed, `${errorInstance} ${JSON.stringify(counterexample)}`)
  t.comment(`${said} rules said, ${refused} refused`)
  t.ok(said > 10_000)
  // and apparmor_parser reads one rule, too: the same binary as with a harmless name, but for the name
  const harmless = compile(format(policy(profile('x', { rules: [file('/zzzz', 'r')] }))))
  for (const attack of ATTACKS) {
    const binary = compile(format(policy(profile('x', { rules: [file(attack, 'r')] }))))
    t.ok(Math.abs(binary.length - harmless.length) < 1500, JSON.stringify(attack))
  }
})
