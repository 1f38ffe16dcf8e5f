import fc from 'fast-check'
import t from 'tap'
import { byteLength } from '#lib/border/args.js'
import { decode, encode } from '#lib/border/text.js'
import '../support/seed.ts'

const bytes = (...list: number[]): string => String.fromCharCode(...list)

t.test('UTF-8 is decoded, every other byte becomes a lone surrogate', async (t) => {
  t.equal(decode('web'), 'web')
  t.equal(decode(bytes(0xc3, 0xa4)), 'ä')
  t.equal(decode(bytes(0xf0, 0x9f, 0x98, 0x80)), '\u{1f600}')
  t.equal(decode(bytes(0xff, 0xc3, 0x7a)), '\udcff\udcc3z')
  t.equal(decode(bytes(0xc0, 0x80)), '\udcc0\udc80', 'too long a form')
  t.equal(decode(bytes(0xed, 0xa0, 0x80)), '\udced\udca0\udc80', 'a surrogate in UTF-8')
  t.equal(decode(bytes(0xf4, 0x90, 0x80, 0x80)), '\udcf4\udc90\udc80\udc80', 'above U+10FFFF')
  t.equal(decode(bytes(0xff, 0xc3, 0xa4)), '\udcffä', 'both')
})

t.test('no byte is lost', async () => {
  const escape = /[\udc80-\udcff]/gu
  fc.assert(
    fc.property(fc.array(fc.nat(255), { maxLength: 12 }), (list) => {
      const text = decode(bytes(...list))
      const back = text.split(/([\udc80-\udcff])/u).flatMap((piece) => {
        escape.lastIndex = 0
        return escape.test(piece) ? [piece.charCodeAt(0) - 0xdc00] : [...Buffer.from(piece)]
      })
      t.strictSame(back, list)
      t.equal(byteLength(text), list.length)
      t.equal(encode(text), bytes(...list))
    }),
    { numRuns: 1000 },
  )
})
