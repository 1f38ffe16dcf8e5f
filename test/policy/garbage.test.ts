// Every public function of apparmor/policy, with whatever there is: the designed error, or an answer.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as apparmor from 'apparmor/policy'
import {
  check,
  compile,
  load,
  parseProfile,
  PolicySyntaxError,
  replace,
  sync,
} from 'apparmor/policy'
import fc from 'fast-check'
import t from 'tap'
import { anything } from '../support/anything.ts'
import '../support/seed.ts'

const policy = parseProfile('profile x {\n  /a r,\n  ^hat {\n  }\n}\n')
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    '/',
    '\0',
    '\n',
    'x',
    'x {',
    '}',
    '/a r,',
    'profile x {\n}\n',
    '\udcff',
    '\ud800',
    '*',
    '@{X}',
  ),
)
const rule = fc.record(
  {
    kind: fc.constantFrom(
      'policy',
      'profile',
      'hat',
      'file',
      'link',
      'block',
      'if',
      'include',
      'mount',
      'x',
    ),
    name: fc.oneof(text, anything),
    path: fc.oneof(text, anything),
    permissions: fc.oneof(fc.constantFrom('r', 'rwx', 'px'), anything),
    rules: fc.oneof(fc.array(anything), fc.constant(policy.rules), anything),
    branches: anything,
    options: anything,
    file: anything,
  },
  { requiredKeys: ['kind'] },
)
const options = fc.record(
  {
    file: fc.oneof(text, anything),
    resolve: anything,
    profile: fc.oneof(fc.constant('x'), text, anything),
    rules: fc.array(fc.oneof(rule, anything)),
    parser: fc.oneof(text, anything),
    features: anything,
    signal: anything,
    timeout: anything,
  },
  { requiredKeys: [] },
)
const argument = fc.oneof(
  text,
  anything,
  rule,
  options,
  fc.constant(policy),
  fc.constant(policy.rules[0]),
)

const CODES = /^ERR_(?:INVALID_ARG|OUT_OF_RANGE|APPARMOR_|ASSERTION)|^E[A-Z]+$/
const isDesigned = (error: unknown): boolean =>
  error instanceof Error && CODES.test(String((error as { code?: unknown }).code))

/** What starts compilers, or changes what is on the disk or in the kernel, has tests of its own below. */
const OTHERS = [
  'check',
  'compile',
  'load',
  'replace',
  'remove',
  'setMode',
  'sync',
  'cache',
  'expectPolicy',
]
const FUNCTIONS = Object.entries(apparmor).filter(
  ([name, value]) => typeof value === 'function' && !/^[A-Z]/.test(name) && !OTHERS.includes(name),
) as unknown as readonly (readonly [string, (...args: readonly unknown[]) => unknown])[]

t.test('anything for every function', async (t) => {
  t.ok(FUNCTIONS.length > 40, `${FUNCTIONS.length} functions`)
  for (const [name, call] of FUNCTIONS) {
    const property = fc.property(fc.array(argument, { maxLength: 3 }), (args) => {
      try {
        call(...args)
      } catch (error) {
        if (!isDesigned(error)) throw error
      }
    })
    const { failed, counterexample, errorInstance } = fc.check(property, { numRuns: 150 })
    t.notOk(
      failed,
      failed
        ? `${name}(${fc.stringify(counterexample?.[0])}): ${(errorInstance as Error).stack}`
        : name,
    )
  }
})

t.test('files that are no policy: refused, by name', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
  t.teardown(() => rmSync(root, { recursive: true }))
  mkdirSync(join(root, 'directory'))
  const files: Readonly<Record<string, string | Uint8Array>> = {
    bytes: Uint8Array.from([0xff, 0xfe, 0x00, 0x80, 0x0a]),
    brace: '{'.repeat(1000),
    loop: `include "${join(root, 'loop')}"\nprofile x {\n}}\n`,
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, name), content)
  for (const name of Object.keys(files)) {
    const file = join(root, name)
    const found = await check({ file })
    t.ok(
      found.some(({ severity }) => severity === 'error'),
      `check: ${name}`,
    )
    await t.rejects(compile({ file }), { code: 'ERR_APPARMOR_COMPILE' }, name)
    for (const put of [load, replace])
      await t.rejects(put({ file }), { code: 'ERR_APPARMOR_COMPILE' }, name)
  }
  const all: readonly ((source: never) => Promise<unknown>)[] = [check, compile, load, replace]
  for (const put of all) {
    await t.rejects(put({ file: join(root, 'directory') } as never), {
      code: 'ERR_INVALID_ARG_VALUE',
    })
    await t.rejects(put({ file: join(root, 'none') } as never), { code: 'ENOENT' })
    for (const bad of [undefined, null, 1, [], {}, { file: 1 }, { file: 'a\0b' }, 'a\0b']) {
      await t.rejects(put(bad as never), { code: /^ERR_INVALID_ARG_/ })
    }
  }
  // The compiler reads on behind a null byte as if nothing were there. That is loaded by nobody.
  const file = join(root, 'nul')
  writeFileSync(file, 'profile x {\n  /a\0b r,\n}\n')
  t.match(await check({ file }), [{ code: 'not-linted', dangerous: true, line: 2 }])
  for (const put of [load, replace]) {
    await t.rejects(put({ file }), { code: 'ERR_APPARMOR_POLICY_DANGEROUS' })
  }
  await t.rejects(sync(join(root, 'none'), { owner: 'x', state: join(root, 'state') }), {
    code: 'ENOENT',
  })
  t.strictSame(readdirSync(root).sort(), ['brace', 'bytes', 'directory', 'loop', 'nul'])
})

t.test('line ends of other systems and bytes that are not UTF-8 are policy', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
  t.teardown(() => rmSync(root, { recursive: true }))
  const file = join(root, 'x')
  writeFileSync(file, 'profile x {\r\n  /a r,\r\n}\r\n')
  const { binary } = await compile({ file })
  t.strictSame(
    Buffer.from(binary),
    Buffer.from((await compile('profile x {\n  /a r,\n}\n')).binary),
  )
  writeFileSync(file, Buffer.from('profile x {\n  /\xff r,\n}\n', 'latin1'))
  const one = await compile({ file })
  t.strictSame(
    Buffer.from(one.binary),
    Buffer.from((await compile('profile x {\n  /\udcff r,\n}\n')).binary),
  )
})

t.test('10 MB of anything: the designed error', async (t) => {
  const SIZE = 10_000_000
  const bytes = Array.from({ length: 4096 }, (_, i) => String.fromCharCode((i * 7919) % 251)).join(
    '',
  )
  for (const piece of [
    '{',
    '}',
    '"',
    '\\',
    'a',
    '/a r\n',
    '(',
    '@',
    '\0',
    bytes,
    'profile x {\n',
    '/{a,',
  ]) {
    const bad = piece.repeat(SIZE / piece.length)
    const name = `${JSON.stringify(piece.slice(0, 12))} for 10 MB`
    try {
      parseProfile(bad)
      t.fail(name)
    } catch (error) {
      t.ok(error instanceof PolicySyntaxError, name)
      t.ok((error as PolicySyntaxError).errors.length <= 100)
      t.ok((error as PolicySyntaxError).message.length < 1000)
    }
  }
})
