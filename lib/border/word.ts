/**
 * The one place where text becomes a word of the policy language, and a word becomes text again.
 *
 * A word goes through two readings. The compiler's lexer takes the quotes off and reads the escapes for bytes
 * (`\040`, `\x2a`, `\n`); of a character that patterns use it keeps the backslash. The pattern compiler takes
 * the other backslashes off. Names have the first reading only. Rests on processid, strn_escseq and
 * convert_aaregex_to_pcre of apparmor_parser.
 */
import { decodeBytes, encodeBytes } from './text.ts'

const PATTERN_CHARACTERS = '*?[]{}^,\\'
const LETTERS: Readonly<Record<string, number>> = {
  a: 7,
  e: 27,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  '"': 34,
  '\\': 92,
}
const NUMBER = /([0-7]{1,3})|d([0-9]{1,3})|x([0-9a-fA-F]{1,2})/y

/** The byte that an escape at a backslash means, and its length; nothing when it means no byte. */
function readEscape(text: string, at: number): { byte: number; length: number } | undefined {
  const letter = LETTERS[text[at + 1] ?? '']
  if (letter !== undefined) return { byte: letter, length: 2 }
  NUMBER.lastIndex = at + 1
  const [all, octal, decimal, hex] = NUMBER.exec(text) ?? []
  if (all === undefined) return undefined
  const [digits, base] = octal ? [octal, 8] : decimal ? [decimal, 10] : [hex as string, 16]
  let used = digits
  while (Number.parseInt(used, base) > 255) used = used.slice(0, -1)
  const length = 1 + all.length - (digits.length - used.length)
  return { byte: Number.parseInt(used, base), length }
}

/** What the lexer makes of a word without its quotes. */
export function readWord(raw: string): string {
  return raw.includes('\\') ? readEscapes(raw) : raw
}

function readEscapes(raw: string): string {
  let text = ''
  let high = false
  for (let i = 0; i < raw.length;) {
    const escape = raw[i] === '\\' ? readEscape(raw, i) : undefined
    if (!escape) text += raw[i++]
    else {
      const { byte, length } = escape
      const character = String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)
      high ||= byte >= 0x80
      if (byte === 0) text += '\\000'
      else text += PATTERN_CHARACTERS.includes(character) ? `\\${character}` : character
      i += length
    }
  }
  return high ? decodeBytes(Uint8Array.from(encodeBytes(text))) : text
}

/** Whether a word, as the lexer leaves it, is a pattern, or has a variable or a null byte. */
export function isPattern(text: string): boolean {
  return /[\\*?[\]{}]/.test(text) && /[*?[\]{}]|\\0/.test(text.replaceAll(/\\[^0]/g, ''))
}

/** The text that a word without patterns stands for. */
export function unescape(text: string): string {
  return text.replaceAll(/\\(.)/gs, '$1')
}

/** A pattern without the backslashes that do nothing, so that equal patterns are equal texts. */
export function normalize(text: string): string {
  return text.replaceAll(/\\(.)/gs, (pair, character: string) =>
    PATTERN_CHARACTERS.includes(character) || character === '0' ? pair : character,
  )
}

/** The pattern that matches this text and nothing else. */
export function escape(text: string): string {
  return text.replaceAll(/[*?[\]{}^,\\]/g, '\\$&')
}

/**
 * Writes a word, quoted where that is needed: it is read as one word wherever the language takes one, and
 * ends neither its rule nor its line.
 *
 * @param text a name, or a pattern as the pattern compiler reads it: see {@link escape}
 * @param list in parentheses, where a comma and `(` need quotes, too
 */
export function writeWord(text: string, list: boolean = false): string {
  if (/^[\w./@:{}*+~-]+$/.test(text)) return text
  const escaped = text.replaceAll(/\\\\|[^ !#-\u{10ffff}]|[\udc80-\udcff]/gu, (found) => {
    const byte = found === '\\\\' ? 0x5c : found.charCodeAt(0) & 0xff
    return `\\${byte.toString(8).padStart(3, '0')}`
  })
  const plain = list
    ? /^[^\s#!,()="][^\s!,()="]*$/
    : /^[^\s#!,()="](?:[^\s!,()="]|,(?=[^\s!,()="]))*$/
  return plain.test(escaped) && !/[^!-~]/.test(escaped) ? escaped : `"${escaped}"`
}
