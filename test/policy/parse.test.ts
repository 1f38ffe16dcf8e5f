import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import fc from 'fast-check'
import {
  edit,
  format,
  Glob,
  included,
  locate,
  parseProfile,
  PolicySyntaxError,
  type Policy,
  type Profile,
  type Rule,
} from 'apparmor/policy'
import { compile, reads } from '../support/apparmor_parser.ts'
import '../support/seed.ts'

const CORPUS = 'test/policy/corpus'
const read = (name: string): string => readFileSync(join(CORPUS, name), 'utf8')

/** The rules of a profile around them. */
const rulesOf = (text: string): readonly Rule[] =>
  (parseProfile(`profile x {\n${text}\n}\n`).rules[0] as Profile).rules

const ruleOf = (text: string): Rule => rulesOf(text)[0] as Rule

/** What is wrong with a text. */
function faults(text: string): readonly string[] {
  try {
    parseProfile(text)
  } catch (error) {
    if (error instanceof PolicySyntaxError) {
      return error.errors.map(({ line, column, message }) => `${line}:${column} ${message}`)
    }
    throw error
  }
  return []
}

t.test('what was read is written as it was, and written anew it means the same', async (t) => {
  for (const name of readdirSync(CORPUS)) {
    const text = read(name)
    const policy = parseProfile(text, { file: name })
    t.equal(format(policy), text, name)
    const anew = format(policy, { anew: true })
    t.equal(format(parseProfile(anew), { anew: true }), anew, `${name} anew`)
  }
  const three = read('three.aa')
  t.ok(
    compile(three).equals(compile(format(parseProfile(three), { anew: true }))),
    'the same binary',
  )
})

t.test(
  'the policy of this machine is read, and means the same when it is written anew',
  async (t) => {
    const base = '/etc/apparmor.d'
    const files = readdirSync(base, { recursive: true, encoding: 'utf8' })
      .filter((file) => !/^(?:abi|cache|disable|force-complain)\b|README|\.dpkg-/.test(file))
      .filter((file) => statSync(join(base, file)).isFile())
    t.ok(files.length > 50, `${files.length} files`)
    for (const file of files) {
      const text = readFileSync(join(base, file), 'utf8')
      if (/^(?:abstractions|local)\//.test(file)) {
        const wrapped = `profile x {\n${text}\n}\n`
        t.equal(format(parseProfile(wrapped, { file })), wrapped, file)
        continue
      }
      const policy = parseProfile(text, { file })
      t.equal(format(policy), text, file)
      if (file.startsWith('tunables/')) continue
      t.ok(
        compile(text).equals(compile(format(policy, { anew: true }))),
        `${file}: the same binary`,
      )
    }
  },
)

t.test('rules as objects', async (t) => {
  t.strictSame(ruleOf('priority=5 audit deny owner /a\\ b rwk,'), {
    kind: 'file',
    priority: 5,
    audit: true,
    access: 'deny',
    owner: true,
    path: '/a b',
    permissions: 'rwk',
  })
  const exec = { kind: 'file', path: '/bin/a', permissions: 'r', exec: 'Px', target: 'a//b' }
  t.strictSame(ruleOf('/bin/a Pxr -> a//b,'), exec)
  t.strictSame(ruleOf('signal (receive, send) set=(tstp) peer="a b",'), {
    kind: 'signal',
    permissions: ['send', 'receive'],
    signals: ['stp'],
    peer: 'a b',
  })
  t.strictSame(ruleOf('network inet tcp,'), { kind: 'network', family: 'inet', type: 'tcp' })
  const glob = ruleOf('/a/{b,c}\\** r,')
  t.ok(glob.kind === 'file' && glob.path instanceof Glob)
  t.equal(glob.kind === 'file' && String(glob.path), '/a/{b,c}\\**')
  const literals = [
    ['"/a\\"b"', '/a"b'],
    ['/a\\x2ab', '/a*b'],
    ['/a\\101\\d066\\x43', '/aABC'],
    ['/\\303\\244', '/ä'],
    ['/\\xff', '/\udcff'],
    ['/a\\,b', '/a,b'],
    ['/a,b', '/a,b'],
    ['/a#b', '/a#b'],
  ] as const
  for (const [word, path] of literals) {
    t.strictSame(ruleOf(`${word} r,`), { kind: 'file', path, permissions: 'r' }, word)
  }
})

t.test('faults: place, text around, and going on behind them', async (t) => {
  const text = 'profile web {\n  /etc/passwd r\n  /b r,\n  capability flying,\n  /c rz,\n}\n'
  t.throws(() => parseProfile(text, { file: 'web' }), {
    name: 'PolicySyntaxError',
    code: 'ERR_APPARMOR_POLICY_SYNTAX',
    file: 'web',
    line: 3,
    column: 3,
    message: "web:3:3: expected ',', found '/'\n3 |   /b r,\n  |   ^\n(and 2 more)",
  })
  t.strictSame(faults(text), [
    "3:3 expected ',', found '/'",
    "4:14 no capability 'flying'",
    "5:6 expected permissions, found 'rz'",
  ])
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['profile x {', /expected '}'/],
    ['}\n', /no '{' to this '}'/],
    ['profile x { /a r, }\n@{A} = b\n', /preamble ends/],
    ['foo {\n}\n', /expected 'profile', or a name/],
    ['@{A} = /b,\n', /without ','/],
    ['profile x flags=(fly) {\n}\n', /no flag 'fly'/],
    ['profile x flags=(kill, complain) {\n}\n', /exclude each other/],
    ['profile x { # no end', /expected the end of the line/],
    ['profile x { /a x, }\n', /'x' needs/],
    ['profile x { deny /a px, }\n', /'x' alone/],
    ['profile x { owner network, }\n', /'owner' cannot stand before 'network'/],
    ['profile x { /a\0b r, }\n', /null bytes/],
    ['\ufeffprofile x { }\n', /byte order mark/],
    ['profile x { "/a r, }\n', /expected '"'/],
    ['profile :ns {}\n', /a namespace ends/],
    ['profile x { network inet icmp6, }\n', /no network/],
    ['profile x { set rlimit nofile <= 1 MB, }\n', /no unit/],
    ['@AB=/x\n', /a blank/],
    ['abi <abi/3.0>,include <x>\n', /a blank/],
    ['include\n<x>\n', /expected a profile/],
    ['profile x { pivot_root r, }\n', /found permissions/],
    ['profile x { { change_profile /a -> b, } }\n', /only a block that denies/],
    ['profile x { audit { deny { change_profile /a -> b, } } }\n', /only a block that denies/],
    ['profile x { deny { /a px, } }\n', /takes no 'px'/],
    ['@AB+=/x\n', /a blank/],
    ['profile x flags=(complain\r\n) {\n}\n', /no flag/],
    ['profile x { signal set=(term\r\n), }\n', /no signal/],
  ]
  for (const [text, message] of wrong) t.match(faults(text).join('\n'), message, text)
})

t.test('a block that denies takes change_profile at an execution', async (t) => {
  t.strictSame(faults('profile x { deny { change_profile /a -> b, } }\n'), [])
  t.strictSame(faults('profile x { audit { change_profile unsafe /a -> b, } }\n'), [])
  t.match(faults('profile x { deny { change_profile unsafe /a -> b, } }\n'), [/takes no 'unsafe'/])
})

t.test('layout: comments, blank lines, line ends of other systems', async (t) => {
  const text = 'profile x { # head\r\n\r\n\t/a r, # why\r\n\r\n\r\n  /b r, /c r,\r\n} # tail\r\n  '
  const policy = parseProfile(text)
  t.equal(format(policy), text)
  const [profile] = policy.rules as readonly [Profile]
  t.strictSame(
    profile.rules.map(({ kind }) => kind),
    ['comment', 'blank', 'file', 'comment', 'blank', 'file', 'file'],
  )
  t.strictSame(locate(profile.rules[5] as Rule), { line: 6, column: 3 })
})

t.test('what is in parentheses is read as apparmor_parser does, letter by letter', async (t) => {
  const read = ruleOf('dbus send peer=(label=x\r\n name=y\u00a0z),')
  t.match(read, { peer: { label: 'x\r', name: 'y\u00a0z' } })
  t.strictSame(faults('@A=/x\n@{AB}=/x\n@AB =/x\nprofile x {\n}\n'), [])
  const texts = [
    '@AB=/x\n',
    '@A=/x\n',
    '@AB =/x\n',
    '@ABC = /x\n',
    'profile x flags=(complain\r\n) {\n}\n',
    'profile x flags=(complain,\r\n audit) {\n}\n',
    'profile x {\n  dbus send peer=(label=x\r\n name=y\u00a0z),\n}\n',
  ]
  for (const text of texts) t.equal(faults(text).length === 0, reads(text), JSON.stringify(text))
})

t.test('an edit changes its line alone', async (t) => {
  const text =
    'profile  x   {\n\n    /a   r, # why\n    /b   w,\n  ^hat { /c r, }\n  if $x {\n\t/d r,\n  }\n}\n'
  const policy = parseProfile(text)
  const change = (path: string, to: (rule: Rule) => Rule | readonly Rule[] | null): string =>
    format(
      edit(policy, (rule) =>
        rule.kind === 'file' && rule.path === path ? to(rule as Rule) : undefined,
      ),
    )
  const more = (rule: Rule): Rule => ({ ...rule, permissions: 'rw' }) as Rule
  t.equal(change('/a', more), text.replace('/a   r, # why', '/a rw, # why'))
  t.equal(change('/b', more), text.replace('/b   w,', '/b rw,'))
  t.equal(change('/d', more), text.replace('\t/d r,', '    /d rw,'))
  t.equal(
    change('/b', () => null),
    text.replace('    /b   w,\n', ''),
  )
  t.equal(
    change('/b', (rule) => [rule, more(rule)]),
    text.replace('/b   w,\n', '/b   w,\n    /b rw,\n'),
  )
  t.equal(
    edit(policy, () => undefined),
    policy,
    'nothing changed',
  )
  const flags = edit(policy, (rule) => (rule.kind === 'hat' ? { ...rule, flags: ['audit'] } : rule))
  t.equal(format(flags), text.replace('^hat {', '^hat flags=(audit) {'))
  t.throws(() => (((policy.rules[0] as Profile).rules[1] as { access: string }).access = 'deny'), {
    name: 'TypeError',
    message: /not extensible|read only|read-only/,
  })
})

t.test('includes: found by the caller, each once, loops end', async (t) => {
  const texts: Record<string, string> = {
    a: '/a r,\ninclude <b>\n',
    b: '/b r,\ninclude <a>\n',
    tunables: '@{X} = /x\n',
  }
  const resolve = ({ path }: { path: string }) =>
    path in texts ? { file: path, text: texts[path] as string } : null
  const text = 'include <tunables>\nprofile x {\n  include <a>\n  include if exists <none>\n}\n'
  const policy = parseProfile(text, { resolve })
  const [first, profile] = policy.rules as readonly [{ kind: 'include' } & Rule, Profile]
  t.equal(included(first)?.[0]?.rules[0]?.kind, 'variable')
  const a = included(profile.rules[0] as typeof first)?.[0]
  t.equal(a?.file, 'a')
  const b = included(a?.rules[1] as typeof first)?.[0]
  t.equal(included(b?.rules[1] as typeof first)?.[0], a)
  t.strictSame(locate(b?.rules[0] as Rule), { file: 'b', line: 1, column: 1 })
  t.equal(format(policy), text)
  t.throws(() => parseProfile('profile x {\n  include <none>\n}\n', { resolve }), {
    message: /2:3: there is no file 'none' to include/,
  })
  texts.b = '/b r\n'
  t.throws(() => parseProfile(text, { resolve, file: 'x' }), { message: /^b:2:1: expected ','/ })
})

t.test('bad input: the designed error, in time in proportion to the text', async (t) => {
  for (const value of [undefined, null, 1, {}, [], Buffer.from('x')]) {
    t.throws(() => parseProfile(value as unknown as string), { code: 'ERR_INVALID_ARG_TYPE' })
    t.throws(() => format(value as unknown as Policy), /./)
  }
  // Of the processor's time, the least of three: what is quadratic takes 64 times as much for 8 times the text.
  const cost = (text: string): number =>
    Math.min(
      ...[1, 2, 3].map(() => {
        const before = process.cpuUsage()
        faults(text)
        return process.cpuUsage(before).user
      }),
    )
  const bad = [
    '{',
    '"',
    'profile x {',
    '/a',
    '\\"',
    '#',
    '(',
    ' ',
    ',',
    '\n',
    '@{A}',
    'a,\n',
    'if not ',
    'peer=(',
    '/a r,\n/b\n',
    '/{a,',
    '/a r -> b ',
    '"\\"',
  ]
  for (const piece of bad) {
    for (const head of [
      '',
      'profile x {\n',
      'profile x {\nsignal ',
      'profile x {\n/a',
      '@{A} = ',
    ]) {
      const [less, more] = [8_000, 64_000].map((length) =>
        cost(head + piece.repeat(length / piece.length)),
      ) as [number, number]
      const what = `${JSON.stringify(head + piece)}…: ${less} us, eight times the text ${more} us`
      t.ok(more < 32 * less + 20_000, what)
    }
  }
})

t.test('anything: read, or refused by PolicySyntaxError alone', async (t) => {
  const words = read('three.aa').split(/(?<=\s)/)
  const piece = fc.oneof(
    fc.constantFrom(...words),
    fc.constantFrom(...'{}()[]",=:@$#^!\\\n\t &|<>*?;'),
    fc.string({ unit: 'binary', maxLength: 4 }),
  )
  const property = fc.property(
    fc.array(piece, { maxLength: 40 }),
    fc.boolean(),
    (pieces, inside) => {
      const text = inside ? `profile x {\n${pieces.join('')}\n}\n` : pieces.join('')
      let policy
      try {
        policy = parseProfile(text)
      } catch (error) {
        if (!(error instanceof PolicySyntaxError)) throw error
        return
      }
      if (format(policy) !== text) throw new Error('not written as it was')
      const anew = format(policy, { anew: true })
      if (format(parseProfile(anew), { anew: true }) !== anew) throw new Error(`not fixed: ${anew}`)
    },
  )
  const { failed, counterexample, errorInstance } = fc.check(property, { numRuns: 3000 })
  t.notOk(failed, `${errorInstance}: ${JSON.stringify(counterexample)}`)
})

t.test('mutants: apparmor_parser reads what we read, and refuses what we refuse', async (t) => {
  const lines = read('three.aa').split('\n')
  let [same, seed] = [0, 1]
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
    return (seed >> 8) % below
  }
  const odd: string[] = []
  const profiles = lines.filter((line) => /^ {2}[^ #].*,$/.test(line))
  const COUNT = 400
  for (let i = 0; i < COUNT; i++) {
    const line = profiles[random(profiles.length)] as string
    const at = random(line.length)
    const put = ['', ' ', ',', '"', '(', ')', '=', '/', 'x', '\\', '->', '*', '{', '}'][random(14)]
    const text = `$FANCY = true\n@{HOME} = /h\nprofile x {\n${line.slice(0, at)}${put}${line.slice(at + random(2))}\n}\n`
    if ((faults(text).length === 0) === reads(text)) same++
    else odd.push(text.split('\n')[3] as string)
  }
  t.comment(`${same} of ${COUNT} alike; not alike: ${odd.join(' | ')}`)
  t.ok(same >= COUNT * 0.99, `${same} of ${COUNT}`)
})

t.test('an option that is inherited is refused, not passed over', async (t) => {
  const value = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' }
  const policy = parseProfile('profile a {\n}\n')
  t.throws(() => parseProfile('profile a {\n}\n', Object.create({ file: 'x' })), value)
  t.throws(() => format(policy, Object.create({ anew: true })), value)
})
