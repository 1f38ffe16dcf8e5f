/** Policy to try readers with: what there is, what is made of its rules, and both with mistakes. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from './random.ts'

export interface Text {
  readonly name: string
  readonly text: string
}

const OWN = 'test/policy/corpus'
const BASE = '/etc/apparmor.d'

/** Our own corpus, with every kind of rule. */
export const ownTexts = (): readonly Text[] =>
  readdirSync(OWN).map((name) => ({ name, text: readFileSync(join(OWN, name), 'utf8') }))

/** The profiles that the distribution has installed. */
export const distributedTexts = (): readonly Text[] =>
  readdirSync(BASE)
    .filter((name) => !/README|\.dpkg-/.test(name) && statSync(join(BASE, name)).isFile())
    .map((name) => ({ name, text: readFileSync(join(BASE, name), 'utf8') }))

/** What those rules use. */
export const PREAMBLE = '$FANCY = true\n$EXTRA = false\n@{HOME} = /home/* /root\n@{BASE} = /srv\n'

/** Rules of our own corpus, one a line. */
export const ownRules = (): readonly string[] =>
  ownTexts()
    .flatMap(({ text }) => text.split('\n'))
    .filter((line) => /^ {2}[^ #].*,$/.test(line))
    .map((line) => line.trim())

/** A policy of rules of our own corpus, put together anew. */
export function generate(random: Random, rules: readonly string[]): string {
  let names = 0
  const rule = (): string => {
    const one = random.pick(rules)
    const isPlain =
      /^(?:[/@"a-z]+ )?["/@]/.test(one) &&
      !/^(?:set|owner|other|px|safe|unsafe|audit|allow|deny|prompt) /.test(one)
    return `${isPlain ? random.pick(['', 'audit ', 'owner ', 'allow ']) : ''}${one}\n`
  }
  const body = (depth: number): string =>
    random
      .many(depth === 0 ? 6 : 3, () => {
        const what = random.below(depth < 3 ? 16 : 12)
        if (what < 12) return rule()
        const inner = `{\n${body(depth + 1)}}\n`
        if (what === 12) return `${random.pick(['', 'owner ', 'audit ', 'deny '])}${inner}`
        if (what === 13)
          return `if ${random.pick(['$FANCY', 'not $EXTRA', 'defined @{HOME}'])} ${inner}`
        if (what === 14 && depth === 0) return `^hat${names++} ${inner}`
        if (what === 15 && depth === 0) return `profile child${names++} ${inner}`
        return rule()
      })
      .join('')
  const head = random.pick(['x', '/bin/x', 'x /bin/{x,y}', '"profile y"', ':ns:z'])
  const flags = random.pick(['', '', ' flags=(complain)', ' (attach_disconnected, audit)'])
  return `${PREAMBLE}profile ${head}${flags} {\n${body(0)}}\n`
}

const PIECES: readonly string[] = [
  ...'\t\n\r,"()=/x\\*?{}[]^!#@$:&<>;|',
  ' -> ',
  '->',
  '\r\n',
  ' ,',
  ',,',
  '# c\n',
  '@{HOME}',
  '${FANCY}',
  '\\x41',
  '\\040',
  '\u00e4',
  ' if ',
  'else',
  'include',
  '#include',
  'owner ',
  'deny ',
  'audit ',
  'profile ',
  '^',
  'flags=',
  'priority=1 ',
  'px',
  'rw',
  'peer=',
]

/** A text with one mistake, or two. */
export function mutate(random: Random, text: string, words: readonly string[]): string {
  let changed = change(random, text, words)
  if (random.below(8) === 0) changed = change(random, changed, words)
  return changed
}

function change(random: Random, text: string, words: readonly string[]): string {
  const at = random.below(text.length)
  const put = (piece: string, cut: number): string =>
    text.slice(0, at) + piece + text.slice(at + cut)
  // Not in the preamble of a large file each time: at a word.
  const tokens = text.split(/(\s+)/)
  const token = random.below(tokens.length)
  const replaced = (...by: readonly string[]): string => tokens.toSpliced(token, 1, ...by).join('')
  switch (random.below(9)) {
    case 0:
      return put('', 1)
    case 1:
      return put('', 1 + random.below(8))
    case 2:
      return put(random.pick(PIECES), 0)
    case 3:
      return put(random.pick(PIECES), 1)
    case 4:
      return replaced()
    case 5:
      return replaced(random.pick(words))
    case 6:
      return replaced(tokens[token] as string, ' ', random.pick(words))
    case 7:
      return replaced(tokens[token] as string, ' ', tokens[token] as string)
    default: {
      const other = random.below(tokens.length)
      return tokens
        .with(token, tokens[other] as string)
        .with(other, tokens[token] as string)
        .join('')
    }
  }
}
