import { spawnSync } from 'node:child_process'
import { confineCommand } from 'apparmor'
import { parentRules } from 'apparmor/child_process'
import fc from 'fast-check'
import t from 'tap'
import { nameFault, nameParts } from '#lib/border/name.js'
import { encode } from '#lib/border/text.js'

t.setTimeout(170_000)

const { file } = confineCommand('web', 'true')
const PARSER = 'apparmor_parser'
const FEATURES = '/etc/apparmor.d/abi/3.0'
const skip = spawnSync(PARSER, ['--version']).status !== 0 && `no ${PARSER}`

/** The binary policy of profiles that have these rules. */
function compile(rules: readonly string[]): string {
  const profiles = rules.map((rules, i) => `profile p${i} {\n${rules}}\n`).join('')
  const args = ['-Q', '-K', '-S', '--features-file', FEATURES]
  const input = `abi <abi/3.0>,\n${profiles}`
  const { status, stdout, stderr } = spawnSync(PARSER, args, { input, maxBuffer: 1e9 })
  if (status !== 0) throw new Error(String(stderr))
  return stdout.toString('latin1')
}

// Each byte written as a number: no character is left that the language could take for its own.
const word = (text: string): string => {
  const bytes = Array.from(
    Buffer.from(encode(text), 'latin1'),
    (byte) => `\\${byte.toString(8).padStart(3, '0')}`,
  )
  return `"${bytes.join('')}"`
}

const part = ({ namespace, name }: ReturnType<typeof nameParts>[number]) =>
  namespace === null ? name : `:${namespace}:${name}`

/** The rules that are meant, by another way of writing. */
function meant(profile: string): string {
  const name = nameParts(profile).map(part).join('//&')
  return `${word(file).replace('\\057', '/')} ix, # it has to begin so
   
    change_profile -> ${word(name)},
    change_profile -> ${word(`&${name}`)},
    signal (send, receive) peer=${word(name)},
  `
}

/** The first name whose rules are not those that are meant. */
function wrong(names: readonly string[]): readonly string[] {
  if (compile(names.map(parentRules)) === compile(names.map(meant))) return []
  const bad = names.find((name) => {
    try {
      return compile([parentRules(name)]) !== compile([meant(name)])
    } catch {
      return true
    }
  })
  return bad === undefined ? ['only together'] : [bad]
}

const HOSTILE = [
  'a", /** rwx, # ',
  'a, /** rwx, # ',
  'a",\n/** rwx, #'.replace('\n', '\r'),
  '"',
  '""',
  '\\',
  '\\\\',
  '\\"',
  'a\\',
  'a\\", /** rwx, #',
  '*',
  '**',
  '/**',
  '?',
  '[a-z]',
  '[^a]',
  '{a,b}',
  '}{',
  '@{HOME}',
  '@{profile_name}',
  '^a',
  'a,',
  ',',
  '#',
  '#include <x>',
  'a#b',
  'include',
  'unsafe',
  'a -> b',
  '-> b',
  'peer=b',
  '(a)',
  'a=b',
  '=',
  '<abi/3.0>',
  '!',
  'a\tb',
  'a  b',
  'à "la" carte',
  '\x01\x7f',
  '\\052',
  '\\x2a',
  '\\d042',
  'é*',
  ':ns:a*b',
  ':n s*:a',
  'a//&b*',
  ':ns:a//&b c',
  "'a'",
  '$a',
  '|a',
  '.*',
  '(a|b)',
  'a+',
]

t.test('a name, whatever is in it, gives the rules for this name and no other', { skip }, (t) => {
  t.strictSame(wrong(HOSTILE), [])
  for (const name of HOSTILE) t.equal(parentRules(name).trimEnd().split('\n').length, 6, name)
  t.end()
})

t.test('so do thousands of generated names', { skip }, (t) => {
  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...'"\\,#*?[]{}^@()=<>!$|+.-&:;\'`%~/ \t\r') },
    {
      weight: 1,
      arbitrary: fc.constantFrom('@{', '->', '//&', '/**', ' rwx,', 'include', '\\0', '\\x'),
    },
    { weight: 2, arbitrary: fc.constantFrom(...'abnrtxe07', 'é', '\u00a0', '💠', '\x01', '\x7f') },
  )
  const name = fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join(''))
  const names = fc.sample(name, { numRuns: 2_500, seed: 16 }).filter((name) => !nameFault(name))
  t.ok(names.length > 2_000, `${names.length} names`)
  for (let i = 0; i < names.length; i += 500) t.strictSame(wrong(names.slice(i, i + 500)), [])
  t.end()
})

t.test('simple names are written as they are', async (t) => {
  t.match(parentRules('web'), 'change_profile -> web,\nchange_profile -> &web,\n')
  t.match(parentRules(' & web '), 'change_profile -> web,\n', 'without what the kernel skips')
  t.match(parentRules(':ns://web'), 'change_profile -> :ns:web,\n')
})
