import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { checkProfile } from '#lib/border/args.js'
import { nameFault, nameParts } from '#lib/border/name.js'
import { encode } from '#lib/border/text.js'
import { everyName, NAMELESS } from '../support/names.ts'

t.setTimeout(120_000)

const program = join(t.testdir(), 'names')
execFileSync('cc', ['-O1', '-Wall', '-Wextra', '-Werror', '-o', program, 'test/support/names.c'])

/** What the launcher's own source says of each name. */
function launcherTakes(names: readonly string[]): readonly boolean[] {
  const input = Buffer.from(names.map((name) => `${encode(name)}\0`).join(''), 'latin1')
  const verdicts = execFileSync(program, { input, encoding: 'latin1', maxBuffer: 1e7 })
  if (verdicts.length !== names.length) throw new Error(`${verdicts.length} verdicts`)
  return Array.from(verdicts, (verdict) => verdict === '1')
}

const part = (name: string, namespace: string | null = null) => ({ namespace, name })

t.test('a name is read as the kernel reads it', async (t) => {
  const cases: [string, ReturnType<typeof part>[]][] = [
    ['web', [part('web')]],
    [' \tweb\udca0 ', [part('web')]],
    ['a b', [part('a b')]],
    ['&web', [part('web')]],
    ['& & web', [part('web')]],
    ['&&&web', [part('&web')]],
    ['a//&b', [part('a'), part('b')]],
    ['a //& b ', [part('a '), part('b')]],
    ['a//&//&b', [part('a'), part('//&b')]],
    ['a///&b', [part('a///&b')]],
    ['//&b', [part('//&b')]],
    [':ns:a//&b', [part('a', 'ns'), part('b')]],
    [': ns :// a//&:o//p:b//c', [part('a', 'ns '), part('b//c', 'o//p')]],
    [':ns:/a', [part('/a', 'ns')]],
    [':ns:///a', [part('/a', 'ns')]],
    [':ns::a', [part(':a', 'ns')]],
    ['a:b', [part('a:b')]],
    ['voilà', [part('voil\udcc3')]],
    ['à la carte', [part('à la carte')]],
    ['::a', [part('a', '')]],
    [':ns:', [part('', 'ns')]],
    [':ns', [part('', ':ns')]],
  ]
  for (const [name, parts] of cases) t.strictSame(nameParts(name), parts, JSON.stringify(name))
})

t.test('each part of a name, and each namespace, is named', async (t) => {
  const refused = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' }
  for (const name of NAMELESS) {
    t.throws(() => checkProfile(name, 'profile', 'exec'), refused, JSON.stringify(name))
  }
  const named = ['web', 'unconfined', ':ns:unconfined', '&unconfined', 'web//&unconfined', '&:ns:a']
  named.push(
    'unconfined2',
    'Unconf',
    'unconfined//u',
    'web//u',
    'nconf',
    'un conf',
    ':u:web',
    ':ns:/',
  )
  for (const name of named) {
    t.doesNotThrow(() => checkProfile(name, 'profile', 'exec'), JSON.stringify(name))
  }
})

t.test('the text says what is missing', async (t) => {
  t.equal(nameFault('::web'), 'must not have an empty namespace')
  t.equal(nameFault('web//&'), 'must name a profile')
  t.match(nameFault('unconf'), /^must not be a part of the word "unconfined"/)
})

t.test('the launcher takes the names that this module takes, of 66,430', async (t) => {
  const names = everyName()
  t.equal(names.length, 66_430)
  const launcher = launcherTakes(names)
  const differ = names.filter((name, i) => (nameFault(name) === undefined) !== launcher[i])
  t.strictSame(differ, [])
  const taken = launcher.filter(Boolean).length
  t.ok(taken > 10_000 && taken < 60_000, `${taken} are taken`)
})

t.test('and of longer ones, of any bytes', async (t) => {
  const byte = fc.integer({ min: 128, max: 255 }).map((byte) => String.fromCharCode(0xdc00 + byte))
  const piece = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(':', '/', '//', '&', '//&', ' ', '\udca0', '\t', '=') },
    {
      weight: 3,
      arbitrary: fc.constantFrom('a', 'ns', 'à', '\u00a0', '💠', 'unconfined', 'unc', 'd'),
    },
    { weight: 1, arbitrary: byte },
  )
  const name = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
  const names = fc.sample(name, { numRuns: 50_000, seed: 1 })
  const launcher = launcherTakes(names)
  const differ = names.filter((name, i) => (nameFault(name) === undefined) !== launcher[i])
  t.strictSame(differ, [])
})

t.test('text and bytes are each other’s reverse', async (t) => {
  t.equal(encode('aà\udcff💠'), 'a\xc3\xa0\xff\xf0\x9f\x92\xa0')
  t.equal(encode('\udc80'), '\x80')
})
