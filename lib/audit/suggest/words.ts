/** Text of records in sentences. Whoever makes a record chooses its names. */
import { toBytes } from '../../border/bytes.ts'

// What moves the cursor, turns the direction of the writing, or cannot be seen.
const UNSEEN =
  /[\0-\x1f"\\\x7f-\xa0\xad\u061c\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]/u

/** A name as it may stand in a sentence: in quotes where it is not plain, with escapes for what is not seen. */
export function shown(name: string): string {
  if (/^[\w./@:+*#~-]+$/.test(name)) return name
  const text = Array.from(name, (one) => (UNSEEN.test(one) ? escaped(one) : one)).join('')
  return `"${text}"`
}

const escaped = (one: string): string =>
  one === '"' || one === '\\'
    ? `\\${one}`
    : toBytes(one)
        .map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`)
        .join('')

/** `a`, `a and b`, `a, b and c` */
export function listed(words: readonly string[], last: string = 'and'): string {
  const head = words.slice(0, -1)
  return head.length === 0 ? (words[0] ?? '') : `${head.join(', ')} ${last} ${words.at(-1)}`
}
