/**
 * Text as the bytes that the kernel sees, and back. What is not UTF-8 is one lone surrogate U+DC80…U+DCFF for
 * each byte, as in the rest of this package.
 */

/** One number for each byte. */
export function toBytes(text: string): number[] {
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

const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of bytes. */
export function fromBytes(bytes: readonly number[]): string {
  let text = ''
  for (let i = 0; i < bytes.length;) {
    const first = bytes[i] as number
    const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
    const character = length === 1 ? String.fromCharCode(first) : decode(bytes, i, length)
    text += character ?? String.fromCharCode(0xdc00 + first)
    i += character === undefined ? 1 : length
  }
  return text
}

function decode(bytes: readonly number[], start: number, length: number): string | undefined {
  try {
    return decoder.decode(Uint8Array.from(bytes.slice(start, start + length)))
  } catch {
    return undefined
  }
}
