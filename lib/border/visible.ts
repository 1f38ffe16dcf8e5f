/** Text that others have chosen, as it may stand in one line of a message or on a terminal. */

// Control characters, what turns the direction of writing, what cannot be seen, and bytes that are not UTF-8.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r' }

function escape(character: string): string {
  const code = character.codePointAt(0) as number
  const hex = (digits: number, value: number): string => value.toString(16).padStart(digits, '0')
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${hex(2, code - 0xdc00)}`
  return NAMED[character] ?? (code < 0x80 ? `\\x${hex(2, code)}` : `\\u{${hex(4, code)}}`)
}

/** The text with an escape for each character that a terminal obeys or that cannot be seen: one line. */
export const visible = (text: string): string => text.replace(UNSAFE, escape)
