import t from 'tap'
import * as apparmor from 'apparmor'
import { outcomeOf, OPTIONS, pollute } from '../support/options.ts'
import { readOptions } from '#lib/border/options.js'

interface Wish {
  readonly a?: number
  readonly b?: number
}

t.test('what an object has of its own is read, each once', async (t) => {
  const reads: string[] = []
  const options = {
    get a() {
      reads.push('a')
      return 1
    },
    get other() {
      reads.push('other')
      return 2
    },
  }
  const found = readOptions<Wish>(options, ['a', 'b'])
  t.strictSame([found.a, found.b, found.a], [1, undefined, 1])
  t.strictSame(reads, ['a'])
  t.notOk('b' in found)
  t.ok('b' in readOptions<Wish>({ b: undefined }, ['a', 'b']), 'one that is there without a value')
})

t.test('what every object inherits is not', async (t) => {
  const clean = pollute(['a'], 1)
  const found = [{}, undefined, Object.create({})].map(
    (options) => readOptions<Wish>(options, ['a']).a,
  )
  clean()
  t.strictSame(found, [undefined, undefined, undefined])
})

t.test('what it inherits from elsewhere is refused, not passed over', async (t) => {
  class Options {
    get a() {
      return 1
    }
  }
  const inherited = { code: 'ERR_INVALID_ARG_VALUE', message: /'wish\.a' must be a property of/ }
  for (const options of [new Options(), Object.create({ a: 1 })]) {
    t.throws(() => readOptions<Wish>(options, ['a'], 'wish'), inherited)
    const clean = pollute(['a'], 1)
    t.throws(() => readOptions<Wish>(options, ['a'], 'wish'), inherited)
    clean()
  }
})

t.test('what is no object is refused', async (t) => {
  for (const value of [null, 1, 'a', [], () => {}]) {
    t.throws(() => readOptions<Wish>(value, ['a']), { code: 'ERR_INVALID_ARG_TYPE' })
  }
})

for (const [name, { options, calls }] of Object.entries(OPTIONS)) {
  t.test(`${name}: Object.prototype decides nothing`, async (t) => {
    for (const [i, call] of calls.entries()) {
      const expected = await outcomeOf(() => call(apparmor))
      for (const value of ['thread', { a: 1 }, 1, null]) {
        const clean = pollute(options, value)
        const found = await outcomeOf(() => call(apparmor))
        clean()
        t.strictSame(found, expected, `call ${i} with ${JSON.stringify(value)}`)
      }
    }
  })
}
