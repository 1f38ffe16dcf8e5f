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
  type Statement,
} from 'apparmor/policy'
import { compile, namesIn } from '../support/apparmor_parser.ts'
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

const PREAMBLE: readonly string[] = ['variable', 'alias', 'abi']
/** Of these there are tests of their own, or the installed compiler does not know them. */
const NOT_INSIDE: readonly string[] = [
  ...PREAMBLE,
  'network',
  'profile',
  'hat',
  'mqueue',
  'io_uring',
  'include',
]

/** Every function, with the string in each place that takes one. */
const MAKERS: readonly ((s: string) => Rule | Statement)[] = [
  (s) => file(s, 'r'),
  (s) => file('/a', s as 'r'),
  (s) => file('/a', 'px', { target: s }),
  (s) => file('/a', 'px', { environment: s as 'safe' }),
  (s) => file('/a', 'r', { access: s as 'deny' }),
  (s) => file('/a', 'r', { priority: s as never }),
  (s) => file('/a', 'r', { owner: s as never }),
  (s) => link('/a', s),
  (s) => link(s, '/a'),
  (s) => capability(s as 'kill'),
  (s) => network({ family: s as 'inet' }),
  (s) => network({ family: 'inet', type: s as 'tcp' }),
  (s) => network({ permissions: [s as 'send'], family: 'inet' }),
  (s) => network({ family: 'inet', ip: s }),
  (s) => network({ family: 'inet', port: s }),
  (s) => network({ family: 'inet', interface: s }),
  (s) => network({ family: 'inet', label: s }),
  (s) => network({ family: 'inet', peer: { ip: s } }),
  (s) => network({ family: 'inet', peer: { port: s } }),
  (s) => network({ family: 'inet', peer: { label: s } }),
  (s) => network({ family: 'inet', peer: { [s]: 'x' } }),
  (s) => unix({ addr: `@${s}`, peer: { label: s } }),
  (s) => unix({ addr: s, type: 'stream' }),
  (s) => unix({ type: s as 'stream', permissions: ['send'] }),
  (s) => unix({ permissions: [s as 'send'] }),
  (s) => unix({ peer: { addr: `@${s}` } }),
  (s) => signal({ peer: s }),
  (s) => signal({ signals: [s as 'term'] }),
  (s) => signal({ permissions: [s as 'send'] }),
  (s) => ptrace({ peer: s }),
  (s) => ptrace({ permissions: [s as 'read'] }),
  (s) => dbus({ permissions: ['send'], path: s, member: s, peer: { name: s, label: s } }),
  (s) => dbus({ bus: s, interface: s }),
  (s) => dbus({ permissions: ['bind'], name: s }),
  (s) => mount({ source: s, mountpoint: s }),
  (s) => mount({ fstype: [{ operator: '=', values: [s] }] }),
  (s) => mount({ options: [{ operator: 'in', values: [s as 'ro'] }] }),
  (s) => mount({ options: [{ operator: s as 'in', values: ['ro'] }] }),
  (s) => remount({ mountpoint: s }),
  (s) => umount({ mountpoint: s }),
  (s) => pivotRoot({ oldroot: s }),
  (s) => pivotRoot({ newroot: s }),
  (s) => pivotRoot({ target: s }),
  (s) => mqueue({ name: s }),
  (s) => mqueue({ label: s }),
  (s) => mqueue({ type: s as 'posix' }),
  (s) => mqueue({ permissions: [s as 'open'] }),
  (s) => ioUring({ label: s }),
  (s) => ioUring({ permissions: [s as 'sqpoll'] }),
  (s) => userns({ permissions: [s as 'create'] } as never),
  (s) => changeProfile(s, { exec: s }),
  (s) => changeProfile(s),
  (s) => changeProfile('a', { exec: '/a', environment: s as 'safe' }),
  (s) => rlimit('as', s as 'infinity'),
  (s) => rlimit(s as 'as', 1),
  (s) => include(s),
  (s) => include(s.slice(1)),
  (s) => abi(s),
  (s) => abi(s.slice(1)),
  (s) => comment(s),
  (s) => variable(s, ['/a']),
  (s) => variable('A', [s]),
  (s) => variable('A', ['/a'], s as '='),
  (s) => alias(s, '/b'),
  (s) => alias('/b', s),
  (s) => profile(s),
  (s) => profile('a', { attach: s }),
  (s) => profile('a', { flags: [s] }),
  (s) => profile('a', { flags: [`attach_disconnected.path=${s}`] }),
  (s) => profile('a', { namespace: s }),
  (s) => profile('a', { attach: '/a', xattrs: [{ name: s, value: 'x' }] }),
  (s) => profile('a', { attach: '/a', xattrs: [{ name: 'user.a', value: s }] }),
  (s) => hat(s),
  (s) => hat('a', { flags: [s] }),
  (s) => file(glob`/d/${s}/**`, 'r'),
  (s) => file(glob`/d/{${s},x}`, 'r'),
]

/** What stands there for whoever reads it. */
function readBack(rule: Rule | Statement): readonly (Rule | Statement)[] {
  const text = format(rule)
  if (PREAMBLE.includes(rule.kind)) {
    const { rules } = parseProfile(`${text}profile x {\n}\n`)
    const [x] = rules.slice(-1)
    if (x?.kind !== 'profile' || x.name !== 'x' || x.rules.length > 0) throw new Error(text)
    return rules.slice(0, -1)
  }
  const [x, ...more] = parseProfile(`profile x {\n${text}}\n`).rules
  if (more.length > 0) throw new Error(`more than a profile: ${text}`)
  return (x as Profile).rules
}

const globs = (value: unknown): number =>
  value instanceof Glob
    ? 1
    : typeof value === 'object' && value
      ? Object.values(value).reduce((n: number, v) => n + globs(v), 0)
      : 0

/** Every string in a rule; letters of permissions have no order. */
function strings(value: unknown, key = ''): readonly string[] {
  if (value instanceof Glob) return [value.text]
  if (typeof value === 'string') {
    return [key === 'permissions' ? Array.from(value).sort().join('') : value]
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value)
    .flatMap(([name, one]) => strings(one, name))
    .sort()
}

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
  const made = (s: string): readonly (Rule | Statement)[] =>
    MAKERS.flatMap((make) => {
      try {
        return [make(s)]
      } catch (error) {
        if (!(error as NodeJS.ErrnoException).code?.startsWith('ERR_INVALID_ARG')) throw error
        refused++
        return []
      }
    })
  const property = fc.property(string, (s) => {
    for (const rule of made(s)) {
      said++
      const [read, ...others] = readBack(rule)
      if (others.length > 0) throw new Error(`more than a rule: ${format(rule)}`)
      if (read?.kind !== rule.kind) throw new Error(`another rule: ${format(rule)}`)
      if (globs(read) !== globs(rule)) throw new Error(`a pattern: ${format(rule)}`)
      const [before, after] = [strings(rule), strings(read)]
      // A comment is one line.
      if (rule.kind !== 'comment' && before.join() !== after.join())
        throw new Error(`another text: ${format(rule)}`)
    }
  })
  const { failed, errorInstance, counterexample } = fc.check(property, { numRuns: 300 })
  t.notOk(failed, `${errorInstance} ${JSON.stringify(counterexample)}`)
  t.comment(`${said} rules said, ${refused} refused`)
  t.ok(said > 10_000)
  // and apparmor_parser finds no profile more
  for (const attack of ATTACKS) {
    t.equal(
      format(alias('/a/', attack))
        .replaceAll(/\\[*?[\]{}^]|@\\\{/g, '')
        .search(/[*?[\]{}]|@\{/),
      -1,
      'what an alias puts before other paths is no pattern',
    )
    const rules = made(attack).filter(({ kind }) => !NOT_INSIDE.includes(kind)) as Rule[]
    const before = made(attack).filter(({ kind }) => kind === 'variable' || kind === 'alias')
    const text = format(policy(...(before as Statement[]), profile('x', { rules })))
    t.strictSame(namesIn(text), ['x'], JSON.stringify(attack))
  }
  // and apparmor_parser reads one rule, too: the same binary as with a harmless name, but for the name
  const harmless = compile(format(policy(profile('x', { rules: [file('/zzzz', 'r')] }))))
  for (const attack of ATTACKS) {
    const binary = compile(format(policy(profile('x', { rules: [file(attack, 'r')] }))))
    t.ok(Math.abs(binary.length - harmless.length) < 1500, JSON.stringify(attack))
  }
})
