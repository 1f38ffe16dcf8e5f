// What each lint says is what the compiler does: the installed one, or the one that APPARMOR_PARSER names
// (npm run test:parsers).
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { features } from 'apparmor'
import { compile } from 'apparmor/policy'
import t, { type Test } from 'tap'
// The part that runs anywhere: it takes nothing of this machine.
import {
  applyFixes,
  format,
  lint,
  parseProfile,
  type IncludeRule,
  type Policy,
} from '#lib/policy/index.js'
import { parserVersion } from '#lib/policy/compile/parser.js'
import { LINT_CODES, LINTS } from '#lib/policy/lint/lints.js'
import { lintCases, type LintCase } from '../../support/lint_cases.ts'

t.setTimeout(120_000)

const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
t.teardown(() => rmSync(dir, { recursive: true }))
const included = join(dir, 'included')
writeFileSync(included, '/included r,\ndeny /secret r,\n')

const DISTRIBUTION = readFileSync('/usr/share/apparmor-features/features', 'utf8')
const SETS = {
  distribution: DISTRIBUTION,
  'no capabilities': DISTRIBUTION.replace(/perfmon bpf checkpoint_restore\s*/, ''),
  'no xattrs': DISTRIBUTION.replace(/attach_conditions \{xattr \{yes\s*\}\s*\}/, ''),
  dbus: `${DISTRIBUTION}dbus {mask {acquire send receive\n}\n}\n`,
  addresses: DISTRIBUTION.replace('network_v8 {', 'network_v8 {af_inet {yes\n}\n'),
}
const CASES = lintCases(included)
const program = process.env.APPARMOR_PARSER
const version = (await parserVersion(program)).join('.')
t.comment(`apparmor_parser ${version}`)

function setOf(name: keyof typeof SETS): string {
  const file = join(dir, name)
  writeFileSync(file, SETS[name])
  return file
}

const resolve = ({ path }: IncludeRule): { file: string; text: string } => ({
  file: path,
  text: readFileSync(path, 'utf8'),
})
const parse = (text: string): Policy => parseProfile(text, { resolve })

async function binaryOf(text: string, set: string): Promise<string> {
  const more = program === undefined ? {} : { parser: program }
  const { binary } = await compile(text, { features: set, config: false, abi: set, ...more })
  return Buffer.from(binary).toString('latin1')
}

const codesOf = (text: string, set: string, parser = version): readonly string[] =>
  lint(parse(text), { parser, features: features(set) }).map(({ code }) => code)

t.test('every lint has a case, and a code of its own', async (t) => {
  t.strictSame(
    LINTS.map(({ code }) => code),
    LINT_CODES,
  )
  t.equal(new Set(LINT_CODES).size, LINT_CODES.length)
  t.strictSame([...new Set(CASES.map(({ code }) => code))].sort(), LINT_CODES.toSorted())
})

t.test('every lint is in the table of the documentation', async (t) => {
  const text = readFileSync('docs/policy.md', 'utf8')
  for (const code of LINT_CODES) t.match(text, `| \`${code}\``)
})

t.test('the finding: where, how bad, and what to write', async (t) => {
  for (const [i, one] of CASES.entries()) {
    const set = setOf(one.features ?? 'distribution')
    const found = lint(parse(one.text), { features: features(set) }).find(
      ({ code }) => code === one.code,
    )
    const what = `${i} ${one.code}`
    t.match(found, { source: 'lint', dangerous: one.dangerous, message: /\w/ }, what)
    t.ok((found?.line ?? 0) > 0, `${what}: line`)
    t.equal(found?.fix !== undefined, one.fix === true, `${what}: fix`)
    t.notOk(codesOf(one.fine, set).includes(one.code), `${what}: the neighbour is fine`)
    if (!found?.fix) continue
    const fixed = format(applyFixes(parse(one.text), []))
    t.equal(fixed, one.text, 'nothing is rewritten unless asked for')
  }
})

for (const [i, one] of CASES.entries()) {
  t.test(`${i} ${one.code}: what ${version} makes of it`, (t) => check(t, one))
}

async function check(t: Test, one: LintCase): Promise<void> {
  const set = setOf(one.features ?? 'distribution')
  const does = one.parsers?.test(version) ?? true
  t.equal(codesOf(one.text, set).includes(one.code), does, does ? 'it does' : 'it does not')
  const made = await attempt(one.text, set)
  if (made === undefined) {
    t.notOk(does, 'only what is found has to compile')
    return
  }
  if (!does) {
    if (one.meant !== undefined) t.equal(made, await binaryOf(one.meant, set), 'as it is meant')
    return
  }
  if (one.same !== undefined) t.equal(made, await binaryOf(one.same, set), 'made the same as')
  if (one.meant !== undefined) t.not(made, await binaryOf(one.meant, set), 'not as it is meant')
  if (one.holds !== undefined) t.ok(made.includes(one.holds), `holds ${one.holds}`)
  if (!one.fix) return
  const policy = parse(one.text)
  const findings = lint(policy, { parser: version, features: features(set) })
  const fixed = format(applyFixes(policy, findings))
  t.notOk(codesOf(fixed, set).includes(one.code), 'the fix is fine')
  t.equal(await binaryOf(fixed, set), await binaryOf(one.meant ?? one.same ?? '', set), 'the fix')
}

async function attempt(text: string, set: string): Promise<string | undefined> {
  try {
    return await binaryOf(text, set)
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_APPARMOR_COMPILE') return undefined
    throw error
  }
}

t.test('addresses of the network are not dropped where the kernel has them', async (t) => {
  const set = setOf('addresses')
  const text = 'profile a {\n  network inet tcp ip=10.0.0.1,\n}\n'
  t.strictSame(codesOf(text, set), [])
  const made = await attempt(text, set)
  if (made !== undefined) {
    t.not(made, await binaryOf('profile a {\n  network inet tcp,\n}\n', set))
  }
})

t.test('without a version all versions count, without features no kernel', async (t) => {
  const codes = (text: string, options?: object): readonly string[] =>
    lint(parse(text), options).map(({ code }) => code)
  const block = 'profile a {\n  {\n    deny /x r,\n  }\n}\n'
  t.strictSame(codes(block), ['deny-block-allows'])
  for (const [parser, found] of [
    ['3.0.8', 0],
    ['3.1.7', 0],
    ['4.0.0', 1],
    ['4.1.7', 1],
    ['4.1.8', 0],
    ['5.0.0', 1],
    ['5.0.2', 1],
    ['5.0.3', 0],
    ['6.0.0~alpha1', 0],
  ] as const) {
    t.equal(codes(block, { parser }).length, found, parser)
  }
  t.strictSame(codes('profile a {\n  userns,\n  network inet tcp ip=::1,\n}\n'), [])
})

t.test('a rule of an included file: its place, and what brought it', async (t) => {
  const [found] = lint(
    parseProfile('profile a {\n  include <outer>\n}\n', {
      file: 'a',
      resolve: ({ path }) => ({
        file: path,
        text: path === 'outer' ? 'include <inner>\n' : '\n  mount /a->/b,\n',
      }),
    }),
  )
  t.match(found, { code: 'mount-arrow', file: 'inner', line: 2, column: 3, profile: 'a' })
  t.strictSame(
    found?.includes.map(({ path }) => path),
    ['outer', 'inner'],
  )
})

t.test('an included file is found once, however many profiles include it', async (t) => {
  const text = `profile a {\n  include "x"\n}\nprofile b {\n  include "x"\n}\n`
  const policy = parseProfile(text, { resolve: () => ({ file: 'x', text: 'mount /a->/b,\n' }) })
  t.equal(lint(policy).length, 1)
})

t.test('branches that are not taken are not looked at, unless that is not known', async (t) => {
  const body = 'profile a {\n  if $X {\n    mount /a->/b,\n  }\n}\n'
  const parser = '4.1.0'
  t.equal(lint(parse(`$X = true\n${body}`), { parser }).length, 1)
  t.equal(lint(parse(`$X = false\n${body}`), { parser }).length, 0)
  const unknown = parseProfile(`include <tunables>\n${body}`)
  t.equal(lint(unknown, { parser }).length, 1, 'a closed include')
})

t.test('rewrites keep every other byte', async (t) => {
  const text =
    '# head\nprofile a { # here\n\t/x   r,\n  {\n    # why\n    network inet stream,\n  }\n  mount /a->/b,   # there\n}\n'
  const policy = parse(text)
  t.equal(
    format(applyFixes(policy, lint(policy))),
    '# head\nprofile a { # here\n\t/x   r,\n    # why\n\tnetwork inet stream,\n\tmount /a -> /b,   # there\n}\n',
  )
  t.equal(applyFixes(policy, []), policy)
})

t.test('bad arguments', async (t) => {
  const type = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
  const value = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' }
  const policy = parse('profile a {\n}\n')
  for (const bad of [undefined, null, 1, 'x', {}, []]) t.throws(() => lint(bad as never), type)
  for (const bad of [null, 1, 'x', []]) t.throws(() => lint(policy, bad as never), type)
  for (const features of [null, 1, 'x', []]) {
    t.throws(() => lint(policy, { features } as never), type)
  }
  t.throws(() => lint(policy, { parser: 4 } as never), type)
  for (const parser of ['', '4', 'x', '4.x', '-1.0', '4.1.0.1']) {
    t.throws(() => lint(policy, { parser }), value)
  }
  t.throws(() => lint(policy, { feature: {} } as never), value, 'a misspelt option')
  t.throws(() => lint(policy, Object.create({ parser: '4.1.0' })), value, 'an inherited one')
  t.throws(() => applyFixes(policy, null as never), type)
})
