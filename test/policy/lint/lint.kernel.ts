import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { profiles, queryFile } from 'apparmor'
import { spawnSync } from 'node:child_process'
import {
  check,
  load,
  parseProfile,
  PolicyDangerError,
  remove,
  replace,
  supports,
  sync,
} from 'apparmor/policy'
import t from 'tap'

t.setTimeout(120_000)

const NAME = 'apparmor-test-lint'
const ARROW = `profile ${NAME} { mount /a->/b, }\n`
const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
t.teardown(async () => {
  for (const { label } of await profiles()) {
    if (label.startsWith(NAME) && !label.includes('//')) await remove({ profile: label })
  }
  rmSync(dir, { recursive: true })
})
const loaded = async (): Promise<readonly string[]> =>
  (await profiles()).map(({ label }) => label).filter((label) => label.startsWith(NAME))

const REFUSED = { name: 'AppArmorError', code: 'ERR_APPARMOR_POLICY_DANGEROUS' }
const DANGEROUS = {
  ...REFUSED,
  profile: NAME,
  diagnostics: [{ code: 'mount-arrow', line: 1, source: 'lint', dangerous: true }],
}

t.test('what is dangerous is not loaded, unless its code is allowed', async (t) => {
  t.match(await check(ARROW), [{ code: 'mount-arrow' }], 'check only reports it')
  await t.rejects(load(ARROW), DANGEROUS)
  await t.rejects(replace(ARROW, { allow: ['deny-all-owner-only'] }), DANGEROUS)
  t.ok((await load(ARROW).catch((error: unknown) => error)) instanceof PolicyDangerError)
  t.strictSame(await loaded(), [])
  const { diagnostics } = await load(ARROW, { allow: ['mount-arrow'] })
  t.match(diagnostics, [{ code: 'mount-arrow' }], 'it is still reported')
  t.strictSame(await loaded(), [NAME])
  await replace(`profile ${NAME} { mount /a -> /b, }\n`)
})

t.test('sync refuses the file, loads the others, and sees another `allow`', async (t) => {
  const policy = join(dir, 'policy')
  mkdirSync(policy)
  writeFileSync(join(policy, 'a'), ARROW.replace(NAME, `${NAME}-a`))
  writeFileSync(join(policy, 'b'), `profile ${NAME}-b { }\n`)
  const options = { owner: 'lint', state: join(dir, 'state') }
  t.match(await sync(policy, options), {
    steps: [{ action: 'load', profile: `${NAME}-b` }],
    errors: [{ file: 'a', error: { code: 'ERR_APPARMOR_POLICY_DANGEROUS' } }],
  })
  t.match(await sync(policy, { ...options, allow: ['mount-arrow'] }), {
    steps: [{ action: 'load', profile: `${NAME}-a` }],
    errors: [],
  })
  t.match(await sync(policy, options), {
    errors: [{ file: 'a', error: { code: 'ERR_APPARMOR_POLICY_DANGEROUS' } }],
  })
})

t.test('bad codes are refused before anything is compiled', async (t) => {
  const value = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' }
  await t.rejects(load(ARROW, { allow: ['everything'] } as never), value)
  await t.rejects(load(ARROW, { allow: true } as never), { code: 'ERR_INVALID_ARG_TYPE' })
})

t.test('a program that two profiles are attached to runs under neither', async (t) => {
  const program = join(dir, 'program')
  writeFileSync(program, '#!/bin/cat\n')
  const print = join(dir, 'cat')
  spawnSync('cp', ['/bin/cat', print])
  const labelOf = (): string => String(spawnSync(print, ['/proc/self/attr/current']).stdout).trim()
  const one = (name: string): string => `profile ${NAME}-${name} "${print}" flags=(complain) { }\n`
  await load(one('x'))
  t.equal(labelOf(), `${NAME}-x (complain)`)
  const text = one('x') + one('y')
  await t.rejects(replace(text), { ...REFUSED, diagnostics: [{ code: 'attachment-conflict' }] })
  await replace(text, { allow: ['attachment-conflict'] })
  t.equal(labelOf(), 'unconfined')
})

t.test('a path with ".." in a rule denies nothing', async (t) => {
  const text = `profile ${NAME}-p { /** r, deny /tmp/../etc/hostname r, }\n`
  await t.rejects(load(text), { ...REFUSED, diagnostics: [{ code: 'path-never-matches' }] })
  await load(text, { allow: ['path-never-matches'] })
  t.match(queryFile(`${NAME}-p`, '/etc/hostname', 'r'), { allowed: true })
  await replace(`profile ${NAME}-p { /** r, deny /etc/hostname r, }\n`)
  t.match(queryFile(`${NAME}-p`, '/etc/hostname', 'r'), { allowed: false })
})

t.test('what the kernel does not mediate', async (t) => {
  const { kinds } = supports(parseProfile(`profile ${NAME} {\n  /x r,\n  mqueue type=posix,\n}\n`))
  t.match(kinds, { file: 'full', mqueue: 'none' })
})
