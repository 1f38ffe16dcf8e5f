/** Bytes that the kernel's log writes as ASCII: as hexadecimal digits, or escaped. */
import { decodeBytes } from '../../border/text.ts'

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
