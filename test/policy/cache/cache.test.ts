// What compile keeps, and when it takes it. No kernel needed: the features are a file.
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { featureId } from 'apparmor'
import { cache, compile, type CompileOptions } from 'apparmor/policy'
import t, { type Test } from 'tap'
import { refuseForeign } from '#lib/policy/cache/trust.js'

const FEATURES = '/usr/share/apparmor-features/features'
const FOREIGN = { name: 'AppArmorError', code: 'ERR_APPARMOR_CACHE_FOREIGN' }

/** A cache, a file of policy, and a compiler that counts. */
function place(t: Test) {
  const root = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
  t.teardown(() => rmSync(root, { recursive: true }))
  const file = join(root, 'web')
  const parser = join(root, 'parser')
  writeFileSync(
    parser,
    `#!/bin/sh\ncase $1 in --version) ;; *) echo x >> ${root}/runs ;; esac\nexec apparmor_parser "$@"\n`,
  )
  chmodSync(parser, 0o755)
  const options = { cache: join(root, 'cache'), features: FEATURES, parser, config: false as const }
  return {
    root,
    file,
    options,
    write: (text: string, to = file) => {
      writeFileSync(to, text)
      utimesSync(to, 1, 1) // times tell nothing
    },
    compile: (more: CompileOptions = {}) => compile({ file }, { ...options, ...more }),
    runs: () => {
      const count = existsSync(`${root}/runs`) ? readFileSync(`${root}/runs`, 'utf8').length / 2 : 0
      rmSync(`${root}/runs`, { force: true })
      return count
    },
    entry: () => join(root, 'cache', `${featureId(FEATURES)}.0`, 'web'),
  }
}

t.test('what was compiled of the same is taken, and nothing else', async (t) => {
  const here = place(t)
  here.write('profile web { /a r, dbus, }\n')
  const first = await here.compile()
  t.equal(here.runs(), 1)
  const again = await here.compile()
  t.equal(here.runs(), 0, 'nothing is compiled')
  t.strictSame(again, first, 'the same binary, names and warnings')
  t.equal(statSync(here.entry()).mode & 0o777, 0o600)
  t.strictSame(readFileSync(here.entry()), Buffer.from(first.binary), "libapparmor's layout")

  here.write('profile web { /b r, }\n')
  t.notSame((await here.compile()).binary, first.binary, 'another text with the same times')
  t.equal(here.runs(), 1)
  await here.compile({ mode: 'complain' })
  t.equal(here.runs(), 1, 'another option')
  const include = join(here.root, 'part')
  here.write('/c r,\n', include)
  here.write(`profile web { include "${include}"\n}\n`)
  await here.compile()
  here.write('/d r,\n', include)
  here.runs()
  await here.compile()
  t.equal(here.runs(), 1, 'another text of an included file')
  rmSync(include)
  await t.rejects(here.compile(), { code: 'ERR_APPARMOR_COMPILE' }, 'one that is gone')
})

t.test('files of one name do not take each other’s binary', async (t) => {
  const here = place(t)
  here.write('profile web { /a r, }\n')
  const first = await here.compile()
  const other = join(here.root, 'other')
  mkdirSync(other)
  here.write('profile web { /b r, }\n', join(other, 'web'))
  const second = await compile({ file: join(other, 'web') }, here.options)
  t.notSame(second.binary, first.binary)
  t.strictSame((await here.compile()).binary, first.binary)
})

t.test('a damaged or half written entry is made anew', async (t) => {
  const here = place(t)
  here.write('profile web { /a r, }\n')
  const { binary } = await here.compile()
  const label = here.entry().replace(/web$/, '.web.json')
  for (const [file, content] of [
    [here.entry(), 'x'],
    [here.entry(), Buffer.concat([binary, binary])],
    [label, ''],
    [label, '{"source":1}'],
    [label, 'null'],
  ] as const) {
    here.runs()
    writeFileSync(file, content)
    t.strictSame((await here.compile()).binary, binary)
    t.equal(here.runs(), 1)
  }
})

t.test('a cache that others can write to is refused before anything is compiled', async (t) => {
  const here = place(t)
  here.write('profile web { /a r, }\n')
  await here.compile()
  here.runs()
  const entries = here.entry().replace(/\/web$/, '')
  for (const [file, path] of [
    [here.options.cache, here.options.cache],
    [entries, entries],
    [here.entry(), here.entry()],
    [here.root, here.root],
  ] as const) {
    const { mode } = statSync(file)
    chmodSync(file, mode | 0o002)
    await t.rejects(here.compile(), { ...FOREIGN, path }, path)
    chmodSync(file, mode)
  }
  t.equal(here.runs(), 0)
  await here.compile()
  t.equal(here.runs(), 0, 'then it is fine again')
  if (process.getuid?.() === 0) {
    chownSync(here.entry(), 1000, 0)
    await t.rejects(here.compile(), FOREIGN, 'the file of another user')
    chownSync(here.entry(), 0, 0)
  }
  const link = join(here.root, 'link')
  mkdirSync(join(here.root, 'open'))
  chmodSync(join(here.root, 'open'), 0o777)
  symlinkSync(join(here.root, 'open'), link)
  await t.rejects(here.compile({ cache: link }), FOREIGN, 'what a link leads to counts')
  t.strictSame(readdirSync(join(here.root, 'open')), [])
})

t.test('a place below a sticky directory is as good as its own directories', async (t) => {
  t.doesNotThrow(() => refuseForeign(place(t).root))
  t.throws(() => refuseForeign('/tmp'), FOREIGN)
})

t.test('text is not kept: it has no name', async (t) => {
  const here = place(t)
  await compile('profile web { }', here.options)
  await compile('profile web { }', here.options)
  t.equal(here.runs(), 2)
})

t.test('a removed cache is gone', async (t) => {
  const here = place(t)
  here.write('profile web { /a r, }\n')
  await here.compile()
  await cache.remove({ cache: here.options.cache })
  t.notOk(existsSync(here.options.cache) && readdirSync(here.options.cache).length > 0)
  await t.rejects(cache.remove({ cache: join(here.root, 'nothing') }), {
    code: 'ENOENT',
    syscall: 'aa_policy_cache_remove',
  })
})

t.test('bad arguments', async (t) => {
  const type = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
  for (const bad of [null, 1, 'x']) {
    t.throws(() => cache.directory(bad as never), type)
    await t.rejects(cache.remove(bad as never), type)
    await t.rejects(cache.replaceAll(bad as never), type)
  }
  t.throws(() => cache.directory({ directory: '/x' } as never), { code: 'ERR_INVALID_ARG_VALUE' })
  await t.rejects(cache.remove({ cache: 1 } as never), type)
  await t.rejects(compile('', { cache: 1 } as never), type)
})
