import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { featureId, profiles } from 'apparmor'
import { cache, compile, remove } from 'apparmor/policy'
import t from 'tap'

t.setTimeout(120_000)

const NAME = 'apparmor-test-cache'
const root = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
const place = join(root, 'cache')
const loaded = async (): Promise<readonly string[]> =>
  (await profiles())
    .map(({ label }) => label)
    .filter((label) => label.startsWith(NAME))
    .sort()
t.teardown(async () => {
  for (const label of await loaded()) if (!label.includes('//')) await remove({ profile: label })
  rmSync(root, { recursive: true })
})

const write = (name: string, text: string): string => {
  const file = join(root, name)
  writeFileSync(file, text)
  return file
}

t.test('where it lies is where apparmor_parser has it', async (t) => {
  const { stdout } = spawnSync('apparmor_parser', ['--print-cache-dir', '--cache-loc', place])
  t.equal(cache.directory({ cache: place }), String(stdout).trim())
  t.equal(cache.directory(), `/var/cache/apparmor/${featureId()}.0`)
})

t.test('all that was compiled is loaded, without a compiler', async (t) => {
  await t.rejects(cache.replaceAll({ cache: place }), {
    name: 'AppArmorError',
    syscall: 'aa_policy_cache_new',
  })
  for (const name of ['a', 'b']) {
    const file = write(name, `profile ${NAME}-${name} { /${name} r, ^hat { } }\n`)
    await compile({ file }, { cache: place })
  }
  t.strictSame(await loaded(), [])
  const done = await cache.replaceAll({ cache: place })
  t.strictSame(
    done.map(({ name }) => name),
    [`${NAME}-a`, `${NAME}-a//hat`, `${NAME}-b`, `${NAME}-b//hat`],
  )
  t.strictSame(
    await loaded(),
    done.map(({ name }) => name),
  )
})

t.test('what apparmor_parser wrote is loaded, too', async (t) => {
  const file = write('c', `profile ${NAME}-c { }\n`)
  const { status } = spawnSync('apparmor_parser', ['-QW', '--cache-loc', place, file])
  t.equal(status, 0)
  t.ok((await cache.replaceAll({ cache: place })).some(({ name }) => name === `${NAME}-c`))
  t.ok((await loaded()).includes(`${NAME}-c`))
})

t.test('what others can write, is damaged, or crashes kernels is not loaded', async (t) => {
  const entries = cache.directory({ cache: place })
  const evil = join(entries, 'evil')
  const { binary } = await compile(`profile ${NAME}-evil { }\n`)
  writeFileSync(evil, binary)
  chmodSync(evil, 0o666)
  await t.rejects(cache.replaceAll({ cache: place }), {
    code: 'ERR_APPARMOR_CACHE_FOREIGN',
    path: evil,
  })
  chmodSync(evil, 0o600)
  writeFileSync(evil, readFileSync(evil).subarray(0, 100))
  await t.rejects(cache.replaceAll({ cache: place }), {
    code: 'ERR_APPARMOR_CACHE_DAMAGED',
    path: evil,
  })
  writeFileSync(evil, Buffer.concat([binary, binary]))
  await t.rejects(cache.replaceAll({ cache: place }), { code: 'ERR_APPARMOR_POLICY_HARMFUL' })
  t.notOk((await loaded()).includes(`${NAME}-evil`))
  rmSync(evil)
})

t.test('a full disk: the policy is compiled, and says that it was not kept', async (t) => {
  const full = join(root, 'full')
  mkdirSync(full)
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k,mode=700', 'full', full])
  t.teardown(() => void spawnSync('umount', [full]))
  const file = write('d', `profile ${NAME}-d { /d r, }\n`)
  await compile({ file }, { cache: full }).catch(() => {})
  writeFileSync(join(full, 'rest'), Buffer.alloc(4096))
  try {
    writeFileSync(join(full, 'more'), Buffer.alloc(65_536))
  } catch {
    // it is full now
  }
  writeFileSync(file, `profile ${NAME}-d { /dd r, }\n`)
  const { profiles: made, diagnostics } = await compile({ file }, { cache: full })
  t.match(made, [{ name: `${NAME}-d` }])
  t.match(diagnostics.at(-1), { code: 'not-cached', severity: 'warning', message: /ENOSPC/ })
})
