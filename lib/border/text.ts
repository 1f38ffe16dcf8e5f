/**
 * Bytes of the kernel as text, as src/core/text.h does it: what is UTF-8 is decoded, and every other byte
 * becomes one lone surrogate U+DC80…U+DCFF, so that nothing is lost.
 */

const NOT_ASCII = /[^\0-\x7f]/
// What may be one character of UTF-8, with neither too long forms, surrogates nor what is above U+10FFFF;
// or any one byte.
const PIECE =
  /(?:[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})+|[\x80-\xff]/g

/** @param bytes one character for each byte (latin1) */
export function decode(bytes: string): string {
  if (!NOT_ASCII.test(bytes)) return bytes
  return bytes.replaceAll(PIECE, (piece) =>
    piece.length === 1
      ? String.fromCharCode(0xdc00 + piece.charCodeAt(0))
      : Buffer.from(piece, 'latin1').toString(),
  )
}

const ESCAPED = /[\udc80-\udcff]|[^\udc80-\udcff]+/gu

/** The reverse of {@link decode}: one character for each byte (latin1). */
export function encode(text: string): string {
  if (!NOT_ASCII.test(text)) return text
  return text.replaceAll(ESCAPED, (piece) =>
    /^[\udc80-\udcff]$/u.test(piece)
      ? String.fromCharCode(piece.charCodeAt(0) - 0xdc00)
      : Buffer.from(piece).toString('latin1'),
  )
}

/** A word of the policy language, quoted where it has to be. */
export function ruleWord(text: string): string {
  return /[\s",#]/.test(text) ? `"${text}"` : text
}
