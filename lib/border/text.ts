/**
 * Bytes of the kernel as text, as src/core/text.h does it: what is UTF-8 is decoded, and every other byte
 * becomes one lone surrogate U+DC80…U+DCFF, so that nothing is lost. Without Node's modules, for what runs anywhere.
 */

const NOT_ASCII = /[^\0-\x7f]/
const utf8 = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @param bytes one character for each byte (latin1) */
export function decode(bytes: string): string {
  if (!NOT_ASCII.test(bytes)) return bytes
  const list = new Uint8Array(bytes.length)
  for (let i = 0; i < bytes.length; i++) list[i] = bytes.charCodeAt(i)
  return decodeBytes(list)
}

/** The reverse of {@link decode}: one character for each byte (latin1). */
export function encode(text: string): string {
  if (!NOT_ASCII.test(text)) return text
  let bytes = ''
  for (const byte of encodeBytes(text)) bytes += String.fromCharCode(byte)
  return bytes
}

export function decodeBytes(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    return decodeBroken(bytes)
  }
}

/** The reverse of {@link decodeBytes}. */
export function encodeBytes(text: string): number[] {
  const bytes: number[] = []
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i) as number
    if (point < 0x80) bytes.push(point)
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), rest(point))
    else if (point >= 0xdc80 && point <= 0xdcff) bytes.push(point - 0xdc00)
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), rest(point >> 6), rest(point))
    else {
      bytes.push(0xf0 | (point >> 18), rest(point >> 12), rest(point >> 6), rest(point))
      i++
    }
  }
  return bytes
}

const rest = (bits: number): number => 0x80 | (bits & 0x3f)

// Node's bytes find and decode several times as fast as those of the language.
const { Buffer: NodeBytes } = globalThis as { Buffer?: typeof Buffer }

/** The same bytes, as what is fastest to read. */
export function fastBytes(bytes: Uint8Array): Uint8Array {
  if (NodeBytes === undefined || bytes instanceof NodeBytes) return bytes
  return NodeBytes.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** {@link decodeBytes} of the bytes between two places. */
export function decodePart(bytes: Uint8Array, start: number, end: number): string {
  if (NodeBytes !== undefined && bytes instanceof NodeBytes) {
    const text = bytes.toString('utf8', start, end)
    if (!text.includes('\ufffd')) return text
  }
  return decodeBytes(bytes.subarray(start, end))
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
