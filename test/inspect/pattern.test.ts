import fc from 'fast-check'
import t from 'tap'
import { PathPattern } from '#lib/inspect/pattern.js'
import { PATTERNS } from '../support/patterns.ts'

for (const [pattern, yes, no] of PATTERNS) {
  t.test(`the pattern ${JSON.stringify(pattern)}`, async (t) => {
    const parsed = PathPattern.parse(pattern)
    for (const path of yes) t.equal(parsed?.matches(path), true, path)
    for (const path of no) t.equal(parsed?.matches(path), false, path)
  })
}

t.test('what is no pattern', async (t) => {
  for (const pattern of ['/bin/{a', '/bin/[a', '/bin/[z-a]', '/{a,{b,c}']) {
    t.equal(PathPattern.parse(pattern), null)
  }
})

// A regular expression that goes back and tries again took 26 s for the first of these.
const SLOW: readonly (readonly [pattern: string, path: string])[] = [
  ['/home/*-*-*-*-*-x', `/home/${'-'.repeat(209)}`],
  ['/home/**a**a**a**b', `/home/${'a'.repeat(470)}`],
  [`/home/${'{a,a}'.repeat(200)}`, `/home/${'a'.repeat(199)}b`],
  [`/home/${'{a,}'.repeat(200)}`, `/home/${'a'.repeat(201)}`],
  [`/home/${'{,a,*}'.repeat(60)}b`, `/home/${'a'.repeat(4000)}`],
  [`/home/${'*a'.repeat(100)}`, `/home/${'a'.repeat(4000)}b`],
]

const milliseconds = (act: () => void): number => {
  const start = process.cpuUsage()
  act()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

t.test('no path holds the event loop', async (t) => {
  for (const [pattern, path] of SLOW) {
    const parsed = PathPattern.parse(pattern)
    const took = milliseconds(() => t.equal(parsed?.matches(path), false))
    t.ok(took < 500, `${pattern.slice(0, 30)}: ${took.toFixed(1)} ms`)
  }
})

t.test('nor any pattern with any path: the time grows with the path, not faster', async () => {
  const piece = fc.constantFrom(
    '*',
    '**',
    '?',
    'a',
    '-',
    '/',
    '[a-]',
    '[^a]',
    '{a,*}',
    '{,a}',
    '{*-,{a,}}',
  )
  const pattern = fc
    .array(piece, { minLength: 1, maxLength: 40 })
    .map((pieces) => `/${pieces.join('')}`)
  const path = fc
    .array(fc.constantFrom('a', '-', '/', 'b'), { minLength: 1, maxLength: 4 })
    .map((chars) => `/${chars.join('').repeat(4000).slice(0, 4000)}x`)
  fc.assert(
    fc.property(pattern, path, (text, file) => {
      const parsed = PathPattern.parse(text)
      return milliseconds(() => parsed?.matches(file)) < 500
    }),
    { numRuns: 300 },
  )
})
