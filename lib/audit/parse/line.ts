/** A line and the codes of its characters: the engine reads an array of bytes several times as fast as a string. */
export interface Line {
  readonly text: string
  /** 255 for each character that is not ASCII; 0 behind the last. Valid until the next line is made. */
  readonly codes: Uint8Array
}

const NOT_ASCII = 255
const encoder = /* @__PURE__ */ new TextEncoder()
// More than the longest record of the kernel's.
const shared = /* @__PURE__ */ new Uint8Array(1 << 14)

export function toLine(text: string): Line {
  const { length } = text
  const codes = length < shared.length ? shared : new Uint8Array(length + 1)
  const { read, written } = encoder.encodeInto(text, codes)
  if (read !== length || written !== length) {
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      codes[i] = code < 128 ? code : NOT_ASCII
    }
  }
  codes[length] = 0
  return { text, codes }
}

/** The codes of an ASCII word. */
export const codesOf = (word: string): Uint8Array => encoder.encode(word)

/** Whether a word stands at a place of a line. */
export function beginsAt(codes: Uint8Array, at: number, word: Uint8Array): boolean {
  let i = 0
  while (i < word.length && word[i] === codes[at + i]) i++
  return i === word.length
}
