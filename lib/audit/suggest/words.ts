/** Text of records in sentences. Whoever makes a record chooses its names. */
import { encode } from '../../border/text.ts'

// What moves the cursor, turns the direction of the writing, or cannot be seen.
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Zs}"\\]/u

/** A name as it may stand in a sentence: in quotes where it is not plain, with escapes for what is not seen. */
export function shown(name: string): string {
  if (/^[\w./@:+*#~-]+$/.test(name)) return name
  const text = Array.from(name, (one) =>
    one !== ' ' && UNSEEN.test(one) ? escaped(one) : one,
  ).join('')
  return `"${text}"`
}

const escaped = (one: string): string =>
  one === '"' || one === '\\'
    ? `\\${one}`
    : Array.from(
        encode(one),
        (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
      ).join('')

/** `a`, `a and b`, `a, b and c` */
export function listed(words: readonly string[], last: string = 'and'): string {
  const head = words.slice(0, -1)
  return head.length === 0 ? (words[0] ?? '') : `${head.join(', ')} ${last} ${words.at(-1)}`
}
