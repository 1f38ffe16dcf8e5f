/** The kernel's path patterns, in JavaScript: pure, and in a time that no path can stretch. */
import { encode } from '../border/text.ts'

const SLASH = 0x2f

// What one byte of a path may be: 256 flags.
type Bytes = Uint8Array

const ANY: Bytes = new Uint8Array(256).fill(1)
const NO_SLASH: Bytes = ANY.map((_, byte) => (byte === SLASH ? 0 : 1))

/** A state of the automaton: one step by a byte, and others that it is at the same time. */
interface State {
  bytes: Bytes | null
  next: number
  readonly also: number[]
}

/**
 * A pattern of AppArmor (apparmor.d(5), "Globbing").
 *
 * `*` any name without `/`, `**` any path, `?` one byte but `/`, `[…]` and `[^…]` a class of bytes, `{a,b}` one
 * of these, `\` takes away the meaning. Where they are a whole name, between two `/` or at the end, stars
 * stand for one byte at least: `/bin/*` is not the directory itself.
 *
 * An automaton in all of its states at once (Thompson's): each byte of a path is looked at once, and costs at
 * most a step for each character of the pattern. The paths are those of other users' programs, so a search
 * that goes back and tries again would let them choose how long it takes.
 */
export class PathPattern {
  readonly #states: readonly State[]
  readonly #also: readonly Int32Array[]
  // Reused by each look: which states are in the list of which round.
  readonly #round: Float64Array
  readonly #pending: Int32Array
  readonly #lists: readonly [Int32Array, Int32Array]
  #rounds = 0

  private constructor(states: readonly State[]) {
    const { length } = states
    this.#states = states
    this.#also = states.map(({ also }) => Int32Array.from(also))
    this.#round = new Float64Array(length)
    this.#pending = new Int32Array(length)
    this.#lists = [new Int32Array(length), new Int32Array(length)]
  }

  /** `null` for what is no pattern. */
  static parse(pattern: string): PathPattern | null {
    const states = new Parser(encode(pattern)).parse()
    return states && new PathPattern(states)
  }

  matches(path: string): boolean {
    const bytes = encode(path)
    let [now, next] = this.#lists
    this.#rounds++
    let count = this.#enter(0, now, 0)
    for (let at = 0; at < bytes.length && count > 0; at++) {
      const byte = bytes.charCodeAt(at)
      this.#rounds++
      let entered = 0
      for (let i = 0; i < count; i++) {
        const state = this.#states[now[i] as number] as State
        if (state.bytes?.[byte]) entered = this.#enter(state.next, next, entered)
      }
      ;[now, next] = [next, now]
      count = entered
    }
    return now.subarray(0, count).includes(this.#states.length - 1)
  }

  /** Adds a state to a list of this round, with all that it is at the same time. */
  #enter(first: number, list: Int32Array, count: number): number {
    if (this.#round[first] === this.#rounds) return count
    this.#round[first] = this.#rounds
    let waiting = 0
    this.#pending[waiting++] = first
    while (waiting > 0) {
      const number = this.#pending[--waiting] as number
      list[count++] = number
      for (const other of this.#also[number] as Int32Array) {
        if (this.#round[other] === this.#rounds) continue
        this.#round[other] = this.#rounds
        this.#pending[waiting++] = other
      }
    }
    return count
  }
}

interface Group {
  readonly start: number
  readonly ends: number[]
}

class Parser {
  readonly #pattern: string
  readonly #states: State[] = [{ bytes: null, next: 0, also: [] }]
  readonly #groups: Group[] = []
  #at = 0

  constructor(pattern: string) {
    this.#pattern = pattern
  }

  parse(): readonly State[] | null {
    while (this.#at < this.#pattern.length) if (!this.#item()) return null
    if (this.#groups.length > 0) return null
    this.#add() // the last one is the end
    return this.#states
  }

  #item(): boolean {
    const char = this.#pattern[this.#at++] as string
    const group = this.#groups.at(-1)
    if (char === '\\') this.#one(literal(this.#pattern[this.#at++] ?? '\\'))
    else if (char === '*') this.#stars()
    else if (char === '?') this.#one(NO_SLASH)
    else if (char === '[') return this.#class()
    else if (char === '{') this.#open()
    else if (char === '}' && group) this.#close(group)
    else if (char === ',' && group) this.#alternative(group)
    else this.#one(literal(char))
    return true
  }

  get #last(): State {
    return this.#states.at(-1) as State
  }

  /** A state that the last one is at the same time, or none is yet. */
  #add(from: State | null = this.#last): number {
    const number = this.#states.push({ bytes: null, next: 0, also: [] }) - 1
    from?.also.push(number)
    return number
  }

  #one(bytes: Bytes): void {
    const from = this.#last
    from.bytes = bytes
    from.next = this.#add(null)
  }

  #stars(): void {
    const before = this.#pattern[this.#at - 2]
    const deep = this.#pattern[this.#at] === '*'
    const behind = /^\**(.?)/s.exec(this.#pattern.slice(this.#at))?.[1]
    if (before === '/' && (behind === '' || behind === '/')) this.#one(NO_SLASH)
    if (deep) this.#at++
    const number = this.#add()
    const loop = this.#last
    loop.bytes = deep ? ANY : NO_SLASH
    loop.next = number
    this.#add()
  }

  #class(): boolean {
    const end = this.#pattern.indexOf(']', this.#at + 1)
    if (end < 0) return false
    const [, not = '', members = ''] = /^(\^?)(.*)$/s.exec(this.#pattern.slice(this.#at, end)) ?? []
    this.#at = end + 1
    const bytes = membersOf(members)
    if (bytes === null) return false
    this.#one(not ? bytes.map((flag) => 1 - flag) : bytes)
    return true
  }

  #open(): void {
    this.#groups.push({ start: this.#states.length - 1, ends: [] })
    this.#add()
  }

  #alternative({ start, ends }: Group): void {
    ends.push(this.#states.length - 1)
    this.#add(this.#states[start])
  }

  #close({ ends }: Group): void {
    this.#groups.pop()
    const end = this.#add()
    for (const number of ends) this.#states[number]?.also.push(end)
  }
}

function literal(char: string): Bytes {
  const bytes = new Uint8Array(256)
  bytes[char.charCodeAt(0)] = 1
  return bytes
}

/** `null` for a range that runs backwards. */
function membersOf(members: string): Bytes | null {
  const bytes = new Uint8Array(256)
  for (let at = 0; at < members.length; at++) {
    const first = members.charCodeAt(at)
    let last = first
    if (members[at + 1] === '-' && at + 2 < members.length) {
      last = members.charCodeAt(at + 2)
      at += 2
    }
    if (last < first) return null
    bytes.fill(1, first, last + 1)
  }
  return bytes
}
