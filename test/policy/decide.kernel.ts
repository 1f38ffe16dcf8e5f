import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { queryFile, queryLink } from 'apparmor'
import { spawnSync } from 'apparmor/child_process'
import { decide, format, parseProfile } from 'apparmor/policy'
import t from 'tap'

const NAME = 'apparmor-test-decide'
let seed = 7
const random = (below: number): number => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
  return (seed >> 8) % below
}
const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T

const PARTS = [
  'a',
  'b',
  'ab',
  '*',
  '**',
  '?',
  '[ab]',
  '[^a]',
  '{a,b}',
  '{a,b/c}',
  'a*',
  '*b',
  'c**',
  '{,x}',
  '\\*',
]
const pattern = (): string =>
  `/${Array.from({ length: 1 + random(3) }, () => pick(PARTS)).join('/')}${pick(['', '', '/'])}`
const path = (): string =>
  `/${Array.from({ length: 1 + random(3) }, () => pick(['a', 'b', 'ab', 'c', 'cx', 'x', '*', 'abb'])).join('/')}${pick(['', '', '/'])}`
const rule = (): string => {
  const access = pick(['', '', '', 'deny ', 'audit ', 'audit deny '])
  const owner = pick(['', '', 'owner ', 'other '])
  return `  ${access}${owner}${pattern()} ${pick(['r', 'w', 'rw', 'a', 'k', 'm', 'rk', 'l', 'mr', 'rwl'])},`
}

t.test('what is decided is what the kernel answers', async (t) => {
  let [same, asked] = [0, 0]
  const odd: string[] = []
  for (let i = 0; i < 30; i++) {
    const rules = Array.from({ length: 1 + random(8) }, rule)
    const text = `@{V} = a /b\nprofile ${NAME} {\n${rules.join('\n')}\n  /v/@{V}/x r,\n}\n`
    const policy = parseProfile(text)
    execFileSync('apparmor_parser', ['-rK'], { input: format(policy, { anew: true }) })
    for (let j = 0; j < 150; j++) {
      const file = j === 0 ? '/v/b/x' : path()
      const permissions = pick(['r', 'w', 'a', 'k', 'm', 'rw'])
      // the kernel answers for a file of root, asked by root
      const answer = decide(policy, { profile: NAME, file, permissions, owner: true })
      const { allowed, audited } = queryFile(NAME, file, permissions)
      asked++
      // Of several permissions the kernel answers that they are audited when each of them is.
      const alike = permissions.length > 1 || audited === answer.audited
      if (allowed === answer.allowed && alike) same++
      else
        odd.push(
          `${file} ${permissions}: ${allowed} ${audited}, decided ${answer.allowed} ${answer.audited}\n${text}`,
        )
    }
  }
  t.comment(`${same} of ${asked} answers alike`)
  t.strictSame(odd.slice(0, 5), [])
})

t.test('a link to a file that no rule mentions: decided, answered and made', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const [old, link] = [join(dir, 'old'), join(dir, 'new')]
  writeFileSync(old, 'x')
  const rules = `capability,\n/{usr/,}bin/ln mr,\n/{usr/,}lib/** mr,\n/etc/ld.so.cache r,\n${link} l,`
  const text = `abi <abi/3.0>,\nprofile ${NAME} {\n${rules}\n}\n`
  execFileSync('apparmor_parser', ['-rK'], { input: text })
  const question = { profile: NAME, link, target: old, owner: true }
  t.equal(decide(parseProfile(text), question).allowed, true)
  t.equal(queryLink(NAME, old, link).allowed, true)
  t.equal(spawnSync('ln', [old, link], { profile: NAME }).status, 0)
})
