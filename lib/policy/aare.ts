/**
 * What a pattern matches, byte by byte, as the pattern compiler of apparmor_parser has it: matching takes time
 * in proportion to pattern and text, and whether one pattern covers another is decided by their automata.
 * Rests on apparmor.d(5), Globbing, and convert_aaregex_to_pcre.
 */
import { encodeBytes } from '../border/text.ts'

/** For each of 256 bytes whether it belongs to the set. */
type Bytes = Uint8Array

/** A state: where it goes for a byte, and where without reading one. */
interface State {
  readonly bytes?: Bytes
  next: number[]
}

const SLASH = 47

function bytes(has: (byte: number) => boolean): Bytes {
  return Uint8Array.from({ length: 256 }, (_, byte) => Number(has(byte)))
}

const NAME_BYTE = bytes((byte) => byte !== 0 && byte !== SLASH)
const ANY_BYTE = bytes((byte) => byte !== 0)
const SINGLE = Array.from({ length: 256 }, (_, own) => bytes((byte) => byte === own))

/** A pattern that can be compiled. */
export class Automaton {
  readonly states: readonly State[]
  readonly start: readonly number[]
  /** no star, no question mark and no negated class: such a rule goes before others for execution */
  readonly exact: boolean

  constructor(states: readonly State[], exact: boolean) {
    this.states = states
    this.start = closure(states, [0])
    this.exact = exact
  }

  matches(text: string): boolean {
    let current = this.start
    for (const byte of encodeBytes(text)) {
      current = step(this.states, current, byte)
      if (current.length === 0) return false
    }
    return accepts(this, current)
  }
}

const accepts = ({ states }: Automaton, set: readonly number[]): boolean =>
  set.includes(states.length - 1)

function closure(states: readonly State[], from: readonly number[]): number[] {
  const seen = new Set(from)
  for (const state of seen) {
    const { bytes, next } = states[state] as State
    if (!bytes) for (const to of next) seen.add(to)
  }
  return Array.from(seen).sort((a, b) => a - b)
}

function step(states: readonly State[], from: readonly number[], byte: number): number[] {
  const to = from.flatMap((state) => {
    const { bytes, next } = states[state] as State
    return bytes?.[byte] ? next : []
  })
  return to.length === 0 ? to : closure(states, to)
}

/** A pattern is read at most to this length once its variables have their values. */
const LONGEST = 100_000

class Compiler {
  readonly #text: string
  readonly #states: State[] = []
  #pos = 0
  #exact = true

  constructor(text: string) {
    this.#text = text
  }

  compile(): Automaton | undefined {
    if (this.#text.length > LONGEST) return undefined
    const first = this.#add({ next: [] })
    const ends = this.#sequence([first], 0)
    if (ends === undefined || this.#pos < this.#text.length) return undefined
    const last = this.#add({ next: [] })
    this.#link(ends, last)
    return new Automaton(this.#states, this.#exact)
  }

  #add(state: State): number {
    return this.#states.push(state) - 1
  }

  #link(from: readonly number[], to: number): void {
    for (const state of from) (this.#states[state] as State).next.push(to)
  }

  /** Reads until a comma or brace that ends it; returns the states at its end. */
  #sequence(from: readonly number[], depth: number): readonly number[] | undefined {
    let ends = from
    while (this.#pos < this.#text.length) {
      const c = this.#text[this.#pos] as string
      if (c === '}' || (c === ',' && depth > 0)) return depth > 0 ? ends : undefined
      const next = this.#atom(c, ends, depth)
      if (next === undefined) return undefined
      ends = next
    }
    return depth > 0 ? undefined : ends
  }

  #atom(c: string, from: readonly number[], depth: number): readonly number[] | undefined {
    if (c === '*') return this.#star(from)
    if (c === '?') {
      this.#pos++
      this.#exact = false
      return this.#read(from, NAME_BYTE)
    }
    if (c === '[') return this.#class(from)
    if (c === '{') return this.#group(from, depth)
    if (c === ']') return undefined
    let ends = from
    for (const byte of this.#character()) ends = this.#read(ends, SINGLE[byte] as Bytes)
    return ends
  }

  #read(from: readonly number[], bytes: Bytes): readonly number[] {
    const state = this.#add({ bytes, next: [] })
    this.#link(from, state)
    return [state]
  }

  #character(): number[] {
    const code = this.#text.codePointAt(this.#pos) as number
    this.#pos += code > 0xffff ? 2 : 1
    if (code !== 92) return encodeBytes(String.fromCodePoint(code))
    const [, digits] = /^([0-7]{3})/.exec(this.#text.slice(this.#pos, this.#pos + 3)) ?? []
    if (digits !== undefined) {
      this.#pos += 3
      return [Number.parseInt(digits, 8) & 0xff]
    }
    return this.#pos < this.#text.length ? this.#character2() : []
  }

  /** The character behind a backslash. */
  #character2(): number[] {
    const code = this.#text.codePointAt(this.#pos) as number
    this.#pos += code > 0xffff ? 2 : 1
    return encodeBytes(String.fromCodePoint(code))
  }

  #star(from: readonly number[]): readonly number[] {
    this.#exact = false
    const afterSlash = this.#text[this.#pos - 1] === '/'
    const double = this.#text[this.#pos + 1] === '*'
    const run = /^\*+/.exec(this.#text.slice(this.#pos))?.[0].length ?? 1
    const behind = this.#text[this.#pos + run]
    this.#pos += double ? 2 : 1
    // A part of a path that is only stars has at least one character.
    const ends =
      afterSlash && (behind === undefined || behind === '/') ? this.#read(from, NAME_BYTE) : from
    const hub = this.#add({ next: [] })
    this.#link(ends, hub)
    const loop = this.#add({ bytes: double ? ANY_BYTE : NAME_BYTE, next: [hub] })
    ;(this.#states[hub] as State).next.push(loop)
    return [hub]
  }

  #class(from: readonly number[]): readonly number[] | undefined {
    const text = this.#text
    let at = this.#pos + 1
    const negated = text[at] === '^'
    if (negated) at++
    const set = new Uint8Array(256)
    let previous: number | undefined
    let range = false
    let count = 0
    for (; ; at++) {
      let c = text[at]
      if (c === undefined) return undefined
      if (c === ']') break
      if (c === '-' && previous !== undefined && text[at + 1] !== ']') {
        range = true
        continue
      }
      if (c === '\\') c = text[++at]
      if (c === undefined) return undefined
      const code = encodeBytes(c)
      if (range && previous !== undefined && code.length === 1) {
        const [low, high] = [previous, code[0] as number].sort((a, b) => a - b) as [number, number]
        for (let byte = low; byte <= high; byte++) set[byte] = 1
        range = false
      } else for (const byte of code) set[byte] = 1
      previous = code.at(-1)
      count++
    }
    if (count === 0) return undefined
    this.#pos = at + 1
    if (negated) this.#exact = false
    return this.#read(from, negated ? bytes((byte) => !set[byte]) : set)
  }

  #group(from: readonly number[], depth: number): readonly number[] | undefined {
    if (depth >= 49) return undefined
    let alternatives = 0
    const ends: number[] = []
    do {
      this.#pos++
      const begin = this.#add({ next: [] })
      this.#link(from, begin)
      const end = this.#sequence([begin], depth + 1)
      if (end === undefined) return undefined
      ends.push(...end)
      alternatives++
    } while (this.#text[this.#pos] === ',')
    this.#pos++
    return alternatives > 1 ? ends : undefined
  }
}

const cache = new Map<string, Automaton | null>()

/**
 * The automaton of a pattern whose variables have their values; nothing for a pattern that cannot be compiled.
 */
export function automaton(pattern: string): Automaton | undefined {
  const known = cache.get(pattern)
  if (known !== undefined) return known ?? undefined
  const made = new Compiler(pattern).compile()
  if (cache.size > 5000) cache.clear()
  cache.set(pattern, made ?? null)
  return made
}

// More pairs than any pattern of use has.
const MOST_PAIRS = 50_000

/** Whether everything that `inner` matches is matched by `outer`; false, too, when that is too hard to say. */
export function contains(outer: Automaton, inner: Automaton): boolean {
  const seen = new Set<string>()
  const work: (readonly [number[], number[]])[] = [[[...inner.start], [...outer.start]]]
  for (let pair = work.pop(); pair; pair = work.pop()) {
    const [own, others] = pair
    if (accepts(inner, own) && !accepts(outer, others)) return false
    for (const byte of interesting(inner, own, outer, others)) {
      const next = step(inner.states, own, byte)
      if (next.length === 0) continue
      const covered = step(outer.states, others, byte)
      if (covered.length === 0) return false
      const key = `${next}|${covered}`
      if (seen.has(key)) continue
      if (seen.size > MOST_PAIRS) return false
      seen.add(key)
      work.push([next, covered])
    }
  }
  return true
}

/** One byte for each way in which the two go on. */
function interesting(
  a: Automaton,
  own: readonly number[],
  b: Automaton,
  others: readonly number[],
): number[] {
  const sets = [
    ...own.map((state) => a.states[state]?.bytes),
    ...others.map((state) => b.states[state]?.bytes),
  ].filter((set) => set !== undefined)
  const found = new Map<string, number>()
  const distinct = Array.from(new Set(sets))
  for (let byte = 0; byte < 256; byte++) {
    const key = distinct.map((set) => set[byte]).join('')
    if (!found.has(key)) found.set(key, byte)
  }
  return Array.from(found.values())
}
