import { spawnSync } from 'node:child_process'
import { queryFile } from 'apparmor'
import t from 'tap'
import fc from 'fast-check'
import { PathPattern } from '#lib/inspect/pattern.js'
import { PATTERNS } from '../support/patterns.ts'

const PREFIX = 'apparmor-test-pattern'
const rule = (pattern: string): string => `"${pattern.replaceAll('\n', '\\n')}" r,`
const input = PATTERNS.map(([pattern], i) => `profile ${PREFIX}-${i} { ${rule(pattern)} }\n`).join(
  '',
)

spawnSync('apparmor_parser', ['-r', '-K'], { input })
t.teardown(() => spawnSync('apparmor_parser', ['-R', '-K'], { input }))

// What test/inspect/pattern.test.ts says of our reading of them, said by the kernel.
for (const [i, [pattern, yes, no]] of PATTERNS.entries()) {
  t.test(`the kernel's own reading of ${JSON.stringify(pattern)}`, async (t) => {
    for (const path of yes) t.equal(queryFile(`${PREFIX}-${i}`, path, 'r').allowed, true, path)
    for (const path of no) t.equal(queryFile(`${PREFIX}-${i}`, path, 'r').allowed, false, path)
  })
}

const RANDOM = `${PREFIX}-random`
const SEED = 20_261_126
const char = fc.constantFrom('a', 'b', '-', '/', '.', 'ä', '^', ',')
const part: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: char },
  { weight: 3, arbitrary: fc.constantFrom('*', '**', '?', '/*', '/**', '/*/') },
  fc.constantFrom('[ab]', '[^ab]', '[a-c]', '[^/]', '[^a]', '[.^]', '\\*', '\\{'),
  fc
    .array(fc.array(char, { maxLength: 2 }), { minLength: 2, maxLength: 3 })
    .map((all) => `{${all.map((chars) => chars.join('').replaceAll(',', '')).join(',')}}`),
)
const patterns = fc.sample(
  fc
    .array(part, { minLength: 1, maxLength: 6 })
    .map((parts) => `/x${parts.join('')}`.replaceAll(/\/{2,}/g, '/')),
  { numRuns: 150, seed: SEED },
)
const paths = fc.sample(
  fc.array(char, { maxLength: 5 }).map((chars) => `/x${chars.join('')}`),
  { numRuns: 60, seed: SEED },
)

t.test('150 generated patterns and 60 paths: ours is the kernel’s reading', async (t) => {
  const readable = patterns.filter((pattern) => PathPattern.parse(pattern) !== null)
  const text = readable
    .map((pattern, i) => `profile ${RANDOM}-${i} { ${rule(pattern)} }\n`)
    .join('')
  const { status, stderr } = spawnSync('apparmor_parser', ['-r', '-K'], {
    input: text,
    encoding: 'utf8',
  })
  t.equal(status, 0, `${readable[0]} ${stderr}`)
  t.teardown(() => spawnSync('apparmor_parser', ['-R', '-K'], { input: text }))
  let matches = 0
  const differing: string[] = []
  for (const [i, pattern] of readable.entries()) {
    const parsed = PathPattern.parse(pattern)
    for (const path of paths) {
      const { allowed } = queryFile(`${RANDOM}-${i}`, path, 'r')
      if (allowed) matches++
      if (allowed !== parsed?.matches(path)) differing.push(`${pattern} ${path}: ${allowed}`)
    }
  }
  t.strictSame(differing, [])
  t.ok(matches > 100, `${matches} matches`)
})
