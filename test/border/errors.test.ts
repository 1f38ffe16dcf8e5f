import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants } from 'node:os'
import { AppArmorError } from 'apparmor'
import { changeProfile, format, parseProfile } from 'apparmor/policy'
import t from 'tap'
import { anywhere, failures, ownCodes, unavailable } from '#lib/border/failures.js'

const SYSTEM_CODES = Object.keys(constants.errno)

for (const [table, entries] of Object.entries({ unavailable, anywhere, ...failures, ownCodes })) {
  t.test(`the texts of ${table} are complete`, async (t) => {
    t.not(Object.keys(entries).length, 0)
    for (const [code, { meaning, help }] of Object.entries(entries)) {
      if (table === 'ownCodes') t.match(code, /^ERR_APPARMOR(_[A-Z]+)+$/)
      else t.ok(SYSTEM_CODES.includes(code), `${code} is an errno`)
      // completes "ENOENT: …" and is followed by ", aa_call 'name'. "
      t.match(meaning, /^(AppArmor|[a-z/]).*[^.,:;\s]$/, `${code}: meaning`)
      t.match(help, /^\S(?!.*  ).*\S$/, `${code}: help`)
    }
  })
}

t.test('the class has its name in the bundle, too', async (t) => {
  t.equal(AppArmorError.name, 'AppArmorError')
  t.equal(AppArmorError.prototype.name, 'AppArmorError')
})

t.test('every call that the binary makes is in the table', async (t) => {
  const sources = ['src/core', 'src/node'].flatMap((directory) =>
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(cc|h)$/.test(file))
      .map((file) => readFileSync(join(directory, file), 'utf8')),
  )
  const calls = new Set(
    Array.from(sources.join('\n').matchAll(/"(aa_\w+)"/g), ([, call = '']) => call),
  )
  calls.delete('aa_is_enabled') // its errnos are the table "unavailable"
  t.not(calls.size, 0)
  for (const call of calls) t.ok(call in failures, call)
})

t.test('a refused call reads like an error of Node', async (t) => {
  const error = new AppArmorError({ errno: -2, syscall: 'aa_change_profile', profile: 'web' })
  const { meaning, help } = failures['aa_change_profile']?.['ENOENT'] ?? {}
  t.equal(meaning, 'no such profile')
  t.equal(error.message, `ENOENT: no such profile, aa_change_profile 'web'. ${help}`)
  t.strictSame(
    { ...error },
    { code: 'ENOENT', errno: -2, syscall: 'aa_change_profile', profile: 'web' },
    'and has these properties only',
  )
  t.equal(error.name, 'AppArmorError')
  t.match(error.stack, /^AppArmorError: ENOENT: no such profile/)
  t.ok(error instanceof Error)
  t.notOk(Object.keys(error).includes('name'))
})

t.test('what a call was about stands behind its name', async (t) => {
  const message = (failure: ConstructorParameters<typeof AppArmorError>[0]) =>
    new AppArmorError(failure).message
  t.match(message({ errno: -2, syscall: 'aa_gettaskcon', pid: 7 }), /, aa_gettaskcon 7\. /)
  const path = '/proc/7/attr/current'
  t.match(message({ errno: -24, syscall: 'aa_getcon', path }), `, aa_getcon '${path}'. `)
  t.match(message({ errno: -24, syscall: 'aa_getcon' }), /^EMFILE: [^.]*, aa_getcon\. /)
})

t.test('a rule that would help names the profile, and the label is told', async (t) => {
  const message = (syscall: string, profile: string, label?: string) =>
    new AppArmorError({ errno: -13, syscall, profile, label }).message
  const change = message('aa_change_profile', 'web', 'own (enforce)')
  t.match(change, 'Add a rule like "change_profile -> web,"')
  t.match(change, / This thread runs under own \(enforce\)\.$/)
  t.match(message('aa_stack_onexec', 'two words'), 'like "change_profile -> "&two words","')
  t.notMatch(message('aa_change_profile', '$&'), /NAME/)
})

t.test('a hostile name brings no second rule into the text', async (t) => {
  const hostile = [
    'a", /** rwx, # ',
    'a,\n/** rwx,',
    '*',
    '{a,b}',
    '@{HOME}',
    'b\\',
    'a # b',
    '\udcff"',
  ]
  for (const profile of hostile) {
    const { message } = new AppArmorError({ errno: -13, syscall: 'aa_change_profile', profile })
    const [, rule = ''] = /a rule like "(.*,)" to/.exec(message) ?? []
    t.strictSame(parseProfile(`profile p {\n  ${rule}\n}\n`).rules.length, 1, rule)
    t.equal(rule, format(changeProfile(profile)).trim())
  }
})

t.test('the type of the code has every code of the tables', async (t) => {
  const source = readFileSync('lib/border/errors.ts', 'utf8')
  const [, union = ''] = /AppArmorErrorCode =\n(.*?)\n\n/s.exec(source) ?? []
  const tables = [unavailable, anywhere, ...Object.values(failures), ownCodes]
  for (const code of tables.flatMap(Object.keys)) t.match(union, `| '${code}'\n`)
})

t.test('an errno that the table does not know is still told', async (t) => {
  const error = new AppArmorError({ errno: -5, syscall: 'aa_getcon' })
  t.equal(error.message, 'EIO: refused by the kernel, aa_getcon')
  t.equal(error.code, 'EIO')
})

t.test('when AppArmor is unusable, the text tells why', async (t) => {
  const failure = { errno: -125, unavailable: true, syscall: 'aa_change_profile', profile: 'web' }
  const error = new AppArmorError(failure)
  t.equal(error.code, 'ECANCELED')
  t.match(error.message, /^ECANCELED: AppArmor was disabled when the kernel started, aa_change/)
})

t.test('codes of our own have no errno', async (t) => {
  const cause = new Error('dlopen')
  const error = new AppArmorError({ code: 'ERR_APPARMOR_NATIVE_MISSING', detail: 'why', cause })
  t.match(error.message, /^ERR_APPARMOR_NATIVE_MISSING: [^.]* \(why\)\. \S/)
  t.equal(error.cause, cause)
  t.notOk('errno' in error)
})

t.test('docs/errors.md is what the table says', async (t) => {
  const page = execFileSync(process.execPath, ['tools/errors-doc.js'], { encoding: 'utf8' })
  t.equal(readFileSync('docs/errors.md', 'utf8'), page, 'else: npm run docs:errors')
})
