/**
 * What a binary policy holds: the records of its profiles, one after the other.
 *
 * Kernel contract (security/apparmor/policy_unpack.c): a record is a stream of elements, each with a code in
 * front, little-endian. It begins with the name "version" and a number, may have the name "namespace" and a
 * string, and then has the name "profile" and a structure whose first string is the profile's whole name
 * (`web//upload` for a child).
 */
import { decodeBytes } from '../../border/text.ts'

const CODE = {
  u8: 0,
  u16: 1,
  u32: 2,
  u64: 3,
  name: 4,
  string: 5,
  blob: 6,
  struct: 7,
  structEnd: 8,
  list: 9,
  listEnd: 10,
  array: 11,
  arrayEnd: 12,
} as const

/** The length of what follows an element's code; the elements with a length of their own are not here. */
const FIXED: ReadonlyMap<number, number> = new Map([
  [CODE.u8, 1],
  [CODE.u16, 2],
  [CODE.u32, 4],
  [CODE.u64, 8],
  [CODE.struct, 0],
  [CODE.structEnd, 0],
  [CODE.list, 0],
  [CODE.listEnd, 0],
  [CODE.array, 2],
  [CODE.arrayEnd, 0],
])

/** A record begins with these bytes. */
const HEADER = [CODE.name, 8, 0, 0x76, 0x65, 0x72, 0x73, 0x69, 0x6f, 0x6e, 0, CODE.u32]

/** One profile of a binary policy. */
export interface BlobRecord {
  /** the policy namespace it is for, `null` for that of whoever loads it */
  readonly namespace: string | null
  /** its full name: `'web//upload'` for a child profile or a hat */
  readonly name: string
  /** the whole record */
  readonly bytes: Uint8Array
  /** what the kernel makes the profile's hash of */
  readonly hashed: readonly Uint8Array[]
  /** where in the record the number of its mode is */
  readonly modeAt: number
}

/** What is thrown for bytes that are no binary policy. */
export class BlobError extends Error {}

/** Reads the records of a binary policy, not compressed; throws {@link BlobError}. */
export function readBlob(bytes: Uint8Array): readonly BlobRecord[] {
  const records: BlobRecord[] = []
  for (let at = 0; at < bytes.length;) {
    const record = readRecord(new Reader(bytes, at))
    records.push(record)
    at += record.bytes.length
  }
  return records
}

/** The number that the kernel knows a mode by. */
export const MODE_NUMBER = { enforce: 0, complain: 1, kill: 2, unconfined: 3, prompt: 4 } as const

// Beside the number of the format the version may have this bit, which stands for the mode complain.
const FORCE_COMPLAIN = 0x800
const VERSION_AT = HEADER.length

/** A record with another mode. */
export function withMode(record: BlobRecord, mode: number): Uint8Array {
  const bytes = Uint8Array.from(record.bytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(record.modeAt, mode, true)
  view.setUint32(VERSION_AT, view.getUint32(VERSION_AT, true) & ~FORCE_COMPLAIN, true)
  return bytes
}

function readRecord(reader: Reader): BlobRecord {
  const { start } = reader
  if (!reader.startsWith(HEADER)) throw new BlobError('a record does not begin with a version')
  reader.next()
  reader.next()
  const version = reader.bytes.subarray(reader.at - 4, reader.at)
  let namespace: string | null = null
  if (reader.takeName('namespace')) namespace = reader.takeString()
  const profileAt = reader.at
  if (!reader.takeName('profile')) throw new BlobError('a record has no profile')
  reader.take(CODE.struct)
  const name = reader.takeString()
  const modeAt = readMode(reader) - start
  reader.toEndOfStructure()
  return {
    namespace,
    name,
    bytes: reader.bytes.subarray(start, reader.at),
    hashed: [version, reader.bytes.subarray(profileAt, reader.at)],
    modeAt,
  }
}

// The structure "flags" has three numbers: flags, mode, audit. Before it stand only elements without parts.
function readMode(reader: Reader): number {
  while (!reader.takeName('flags')) {
    if (reader.code === CODE.structEnd) throw new BlobError('a profile has no flags')
    if (reader.code === CODE.struct) reader.skipStructure()
    else reader.next()
  }
  reader.take(CODE.struct)
  reader.take(CODE.u32)
  reader.take(CODE.u32)
  const at = reader.at - 4
  reader.toEndOfStructure()
  return at
}

class Reader {
  readonly bytes: Uint8Array
  readonly start: number
  readonly #view: DataView
  at: number

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes
    this.start = at
    this.at = at
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  startsWith(bytes: readonly number[]): boolean {
    return bytes.every((byte, i) => this.bytes[this.at + i] === byte)
  }

  get code(): number {
    const code = this.bytes[this.at]
    if (code === undefined) throw new BlobError('the policy is cut short')
    return code
  }

  /** Goes behind the next element, or behind the opening of one with parts. */
  next(): void {
    const { code } = this
    const at = this.at + 1
    const length = FIXED.get(code) ?? this.#lengthOf(code, at)
    if (at + length > this.bytes.length) throw new BlobError('the policy is cut short')
    this.at = at + length
  }

  #lengthOf(code: number, at: number): number {
    const size = code === CODE.blob ? 4 : 2
    if (code !== CODE.name && code !== CODE.string && code !== CODE.blob) {
      throw new BlobError(`an element has the unknown code ${code}`)
    }
    if (at + size > this.bytes.length) throw new BlobError('the policy is cut short')
    return size + (size === 4 ? this.#view.getUint32(at, true) : this.#view.getUint16(at, true))
  }

  take(code: number): void {
    if (this.code !== code) throw new BlobError(`an element has the code ${this.code}, not ${code}`)
    this.next()
  }

  takeString(): string {
    const from = this.at + 3
    this.take(CODE.string)
    return this.#text(from)
  }

  /** Goes behind a name if it is this one. */
  takeName(name: string): boolean {
    if (this.code !== CODE.name) return false
    const from = this.at
    this.next()
    if (this.#text(from + 3) === name) return true
    this.at = from
    return false
  }

  // A string's length counts the NUL byte at its end.
  #text(from: number): string {
    const bytes = this.bytes.subarray(from, this.at)
    return decodeBytes(bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes)
  }

  skipStructure(): void {
    this.take(CODE.struct)
    this.toEndOfStructure()
  }

  /** Goes behind the end of the structure that it is in. */
  toEndOfStructure(): void {
    for (let depth = 1; depth > 0;) {
      if (this.code === CODE.struct) depth++
      if (this.code === CODE.structEnd) depth--
      this.next()
    }
  }
}
