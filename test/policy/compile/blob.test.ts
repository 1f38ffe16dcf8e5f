import { createHash } from 'node:crypto'
import { compile } from 'apparmor/policy'
import fc from 'fast-check'
import t from 'tap'
import { BlobError, readBlob, withMode } from '#lib/policy/compile/blob.js'
import '../../support/seed.ts'

const FEATURES = '/usr/share/apparmor-features/features'
const { binary } = await compile(
  'profile a /bin/a flags=(complain) { /x r, ^h { /y r, } profile kid { /z w, } }\n' +
    'profile ":ns:two words" { capability kill, }',
  { features: FEATURES },
)

t.test('the records of a binary policy', async (t) => {
  const records = readBlob(binary)
  t.strictSame(
    records.map(({ namespace, name }) => [namespace, name]),
    [
      [null, 'a'],
      [null, 'a//h'],
      [null, 'a//kid'],
      ['ns', 'two words'],
    ],
  )
  t.equal(
    records.reduce((size, { bytes }) => size + bytes.length, 0),
    binary.length,
  )
})

t.test('another mode is the policy that the compiler makes for it', async (t) => {
  const text = (flags: string): string => `profile a ${flags} { /x r, }`
  const made = async (flags: string): Promise<Uint8Array> =>
    (await compile(text(flags), { features: FEATURES })).binary
  const [enforce, complain] = [await made(''), await made('flags=(complain)')]
  const [record] = readBlob(enforce)
  t.ok(record)
  if (!record) return
  t.strictSame(Buffer.from(withMode(record, 1)), Buffer.from(complain))
  const [forced] = readBlob(
    (await compile(text(''), { features: FEATURES, mode: 'complain' })).binary,
  )
  t.strictSame(forced && Buffer.from(withMode(forced, 0)), Buffer.from(enforce))
})

t.test('a hash does not depend on where the record stands', async (t) => {
  const hash = (bytes: Uint8Array, name: string): string => {
    const made = createHash('sha256')
    for (const part of readBlob(bytes).find((record) => record.name === name)?.hashed ?? []) {
      made.update(part)
    }
    return made.digest('hex')
  }
  const alone = await compile('profile ":ns:two words" { capability kill, }', {
    features: FEATURES,
  })
  t.equal(hash(binary, 'two words'), hash(alone.binary, 'two words'))
  t.not(hash(binary, 'two words'), hash(binary, 'a'))
})

t.test('damaged policy is refused, whatever the damage', async (t) => {
  const headless = new BlobError('a record does not begin with a version')
  for (const length of [1, 4, 11]) t.throws(() => readBlob(binary.subarray(0, length)), headless)
  const short = new BlobError('the policy is cut short')
  for (const length of [15, 30, binary.length - 1]) {
    t.throws(() => readBlob(binary.subarray(0, length)), short, `cut to ${length} bytes`)
  }
  const at = fc.nat(binary.length - 1)
  fc.assert(
    fc.property(fc.array(fc.tuple(at, fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
      const damaged = Uint8Array.from(binary)
      for (const [index, byte] of changes) damaged[index] = byte
      try {
        readBlob(damaged)
      } catch (error) {
        if (!(error instanceof BlobError)) throw error
      }
    }),
    { numRuns: 2000 },
  )
})
