import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AppArmorError } from 'apparmor'
import {
  check,
  compile,
  file,
  load,
  parseProfile,
  policy,
  PolicyCompileError,
  profile,
  replace,
  sync,
} from 'apparmor/policy'
import t from 'tap'

const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
t.teardown(() => rmSync(dir, { recursive: true }))
const write = (name: string, text: string, mode = 0o644): string => {
  const file = join(dir, name)
  writeFileSync(file, text)
  chmodSync(file, mode)
  return file
}

t.test('text, a file by its path, and by its URL', async (t) => {
  const text = 'profile a { /x r, ^h { /y r, } }'
  const profiles = [
    { namespace: null, name: 'a' },
    { namespace: null, name: 'a//h' },
  ]
  const path = write('a', `${text}\n`)
  for (const source of [
    text,
    `${text} # no newline`,
    { file: path },
    { file: pathToFileURL(path) },
  ]) {
    const compiled = await compile(source)
    t.strictSame(compiled.profiles, profiles)
    t.ok(Object.isFrozen(compiled) && Object.isFrozen(compiled.profiles))
  }
})

t.test('what was read or made here', async (t) => {
  const made = policy(profile('a b', { rules: [file('/x', 'r')] }))
  const read = parseProfile('profile c { ^h { /y r, } } # the end\n')
  t.match(await compile(made), { profiles: [{ name: 'a b' }] })
  t.match(await compile(read), { profiles: [{ name: 'c' }, { name: 'c//h' }] })
  await t.rejects(compile({ kind: 'policy' } as never), { name: 'TypeError', code: /ERR_INVALID/ })
  await t.rejects(compile({ kind: 'compiled', binary: 1 } as never), {
    name: 'TypeError',
    code: /ERR_INVALID/,
  })
})

t.test('a policy with a mistake: compile throws it, check reports it', async (t) => {
  const file = write('wrong', 'profile a {\n  capability fly,\n}\n')
  const found = [{ severity: 'error', file, line: 2, message: 'Invalid capability fly.' }]
  t.match(await check({ file }), found)
  await t.rejects(compile({ file }), {
    name: 'PolicyCompileError',
    code: 'ERR_APPARMOR_COMPILE',
    message: `The policy does not compile: ${file}:2: Invalid capability fly.`,
    diagnostics: found,
  })
  await t.rejects(compile('profile a {', { name: 'web' }), PolicyCompileError)
})

t.test('an error in an included file names that file', async (t) => {
  write('part', '\n\n/x rq,\n')
  const found = await check('profile a {\n  include <part>\n}', { include: [dir], name: 'main' })
  t.match(found, [{ severity: 'error', file: join(dir, 'part'), line: 3 }])
})

t.test(
  'rules that this kernel does not enforce are told, though the parser is content',
  async (t) => {
    const found = await check('profile a { dbus, }', {
      features: '/usr/share/apparmor-features/features',
    })
    t.match(found, [{ severity: 'warning', profile: 'a', message: 'dbus rules not enforced' }])
  },
)

t.test('a profile that is switched off comes out as nothing, and that is told', async (t) => {
  const base = join(dir, 'base')
  mkdirSync(join(base, 'disable'), { recursive: true })
  const file = write('base/off', 'profile off { /x r, }\n')
  symlinkSync(file, join(base, 'disable/off'))
  const { profiles, diagnostics } = await compile({ file }, { base })
  t.strictSame(profiles, [])
  t.match(diagnostics.at(-1), { severity: 'warning', code: 'nothing-compiled' })
  t.strictSame(await check('# nothing'), [])
})

t.test('the options', async (t) => {
  const { profiles } = await compile('profile a { /x r, }', { namespace: 'ns' })
  t.strictSame(profiles, [{ namespace: 'ns', name: 'a' }])
  const plain = await compile('profile a { /x r, }', { config: false, optimize: ['0'] })
  const small = await compile('profile a { /x r, }', { config: false, optimize: ['compress-fast'] })
  t.ok(plain.binary.length > 0 && small.binary.length > 0)
})

t.test('bad arguments', async (t) => {
  const value = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' }
  const type = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
  for (const source of [undefined, null, 1, [], {}, { file: 1 }, { file: null }]) {
    await t.rejects(compile(source as never), type)
  }
  await t.rejects(compile({ file: '' }), value)
  await t.rejects(compile('profile a { }\0'), value)
  await t.rejects(compile({ file: dir }), value, 'a directory')
  await t.rejects(compile('', { nmespace: 'ns' } as never), value, 'a misspelt option')
  await t.rejects(compile('', { mode: 'enforce' as never }), value)
  await t.rejects(compile('', { include: 'x' as never }), type)
  await t.rejects(compile('', { signal: {} as never }), type)
  await t.rejects(compile('', { timeout: 0 }), { code: 'ERR_OUT_OF_RANGE' })
  await t.rejects(compile('', Object.create({ namespace: 'ns' })), value, 'an inherited option')
  await t.rejects(compile({ file: join(dir, 'none') }), { code: 'ENOENT', syscall: 'stat' })
})

t.test('a null byte in a path is refused before anything runs', async (t) => {
  const value = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' }
  const file = write('nul', 'profile a {\n}\n')
  const parser = join(dir, 'none')
  for (const path of [`${file}\0x`, new URL(`${pathToFileURL(file)}%00x`)]) {
    for (const put of [check, compile, load, replace]) {
      await t.rejects(put({ file: path }, { parser }) as Promise<unknown>, value)
    }
    await t.rejects(sync(path as string, { owner: 'x', parser }), value)
  }
  const path = `${dir}\0x`
  for (const name of ['base', 'features', 'abi', 'config', 'parser', 'cache'] as const) {
    await t.rejects(compile('', { [name]: path }), value, name)
  }
  await t.rejects(compile('', { include: [path] }), value)
  await t.rejects(sync(dir, { owner: 'x', state: path, parser }), value)
})

t.test('no compiler, and one that is none', async (t) => {
  const none = join(dir, 'none')
  await t.rejects(compile('', { parser: none }), {
    name: 'AppArmorError',
    code: 'ERR_APPARMOR_PARSER_MISSING',
    path: none,
    message: /Debian, Ubuntu and Arch: the package apparmor/,
  })
  const other = write('other', '#!/bin/sh\necho nothing\n', 0o755)
  await t.rejects(compile('', { parser: other }), { code: 'ERR_APPARMOR_PARSER' })
  const noFormat = write('no-format', 'x', 0o755)
  await t.rejects(compile('', { parser: noFormat }), { code: 'ERR_APPARMOR_PARSER' })
  const liar = write('liar', '#!/bin/sh\necho AppArmor parser version 3.0.8\n', 0o755)
  await t.rejects(compile('profile a { }', { parser: liar }), { code: 'ERR_APPARMOR_PARSER' })
})

t.test('the compiler is not taken from where PATH says', async (t) => {
  write('apparmor_parser', `#!/bin/sh\ntouch ${join(dir, 'ran')}\n`, 0o755)
  const before = process.env['PATH']
  process.env['PATH'] = `${dir}:${before}`
  t.teardown(() => (process.env['PATH'] = before))
  await compile('profile a { /x r, }')
  t.notOk(readdirSync(dir).includes('ran'))
})

t.test('a compiler that does not end is stopped', async (t) => {
  const slow = write(
    'slow',
    '#!/bin/sh\n[ "$1" = --version ] && exec echo version 3.0.8\nexec sleep 60\n',
    0o755,
  )
  await t.rejects(compile('', { parser: slow, timeout: 100 }), {
    code: 'ERR_APPARMOR_PARSER',
    message: /stopped after 100 ms/,
  })
  const controller = new AbortController()
  const reason = new Error('enough')
  setTimeout(() => controller.abort(reason), 100)
  await t.rejects(compile('', { parser: slow, signal: controller.signal }), reason)
  await t.rejects(compile('', { signal: AbortSignal.abort(reason) }), reason)
})

t.test('many at once', async (t) => {
  const names = Array.from({ length: 30 }, (_, i) => `many-${i}`)
  const all = await Promise.all(names.map((name) => compile(`profile ${name} { /x r, }`)))
  t.strictSame(
    all.flatMap(({ profiles }) => profiles.map(({ name }) => name)),
    names,
  )
})

t.test('an error has the class of the main module', async (t) => {
  const error: unknown = await compile('', { parser: '/none' }).catch((error: unknown) => error)
  t.ok(error instanceof AppArmorError)
})
