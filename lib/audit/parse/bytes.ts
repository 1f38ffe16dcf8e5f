/** Bytes as text without loss, as lib/border/text.ts does it, but without Node's modules. */

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What is UTF-8 is decoded; every other byte becomes one lone surrogate U+DC80…U+DCFF. */
export function decodeBytes(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    return decodeBroken(bytes)
  }
}

function decodeBroken(bytes: Uint8Array): string {
  const pieces: string[] = []
  let start = 0
  for (let i = 0; i < bytes.length;) {
    const length = sequenceLength(bytes, i)
    if (length === 0) {
      pieces.push(utf8.decode(bytes.subarray(start, i)))
      pieces.push(String.fromCharCode(0xdc00 + (bytes[i] ?? 0)))
      start = ++i
    } else i += length
  }
  pieces.push(utf8.decode(bytes.subarray(start)))
  return pieces.join('')
}

/** The length of the character of UTF-8 at a place, 0 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0
  if (first < 0x80) return 1
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
  const second = bytes[at + 1] ?? 0
  // neither too long forms, surrogates, nor what is above U+10FFFF
  if (first === 0xe0 && second < 0xa0) return 0
  if (first === 0xed && second > 0x9f) return 0
  if (first === 0xf0 && second < 0x90) return 0
  if (first === 0xf4 && second > 0x8f) return 0
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i]
    if (byte === undefined || (byte & 0xc0) !== 0x80) return 0
  }
  return length
}

/** The value of a hexadecimal digit, -1 for anything else. */
export function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  if (code >= 65 && code <= 70) return code - 55
  if (code >= 97 && code <= 102) return code - 87
  return -1
}

/** The bytes that hexadecimal digits stand for, as text; a last single digit is left out. `null`: not such digits. */
export function decodeHex(digits: string): string | null {
  const bytes = new Uint8Array(digits.length >> 1)
  let ascii = true
  for (let i = 0; i < digits.length; i++) {
    const digit = hexDigit(digits.charCodeAt(i))
    if (digit < 0) return null
    const at = i >> 1
    if (at === bytes.length) break
    const byte = ((bytes[at] ?? 0) << 4) | digit
    bytes[at] = byte
    if (byte > 0x7f) ascii = false
  }
  return ascii && bytes.length <= 4096 ? String.fromCharCode(...bytes) : decodeBytes(bytes)
}

/** Undoes what /dev/kmsg does to control characters, to what is not ASCII, and to the backslash: `\x0a`. */
export function unescapeKmsg(text: string): string {
  if (!text.includes('\\x')) return text
  const bytes = new Uint8Array(text.length)
  let length = 0
  for (let i = 0; i < text.length; i++) {
    let byte = text.charCodeAt(i)
    if (byte > 0x7f) return text // not what the kernel gave
    if (byte === 0x5c && text[i + 1] === 'x') {
      const high = hexDigit(text.charCodeAt(i + 2))
      const low = hexDigit(text.charCodeAt(i + 3))
      if (high >= 0 && low >= 0) {
        byte = (high << 4) | low
        i += 3
      }
    }
    bytes[length++] = byte
  }
  return decodeBytes(bytes.subarray(0, length))
}
