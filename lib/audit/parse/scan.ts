/** Reads the `key=value` pairs of a record's body, in one pass. */
import type { AuditEvent } from '../record.ts'
import { decodeHex } from './bytes.ts'
import { eventOf } from './events.ts'
import { keyAt, NAME, nextHash, SLOTS, type Key } from './keys.ts'
import { beginsAt, codesOf, type Line } from './line.ts'

/** A record while it is read. */
export interface Draft {
  event: AuditEvent | undefined
  operation?: unknown
  problems?: string[]
  extra?: Record<string, string>
  [field: string]: unknown
}

/** How the writer of a body quotes. */
export interface Style {
  /** a daemon's text: what stands between quotes is raw and may hold quotes */
  readonly rawQuotes?: boolean
  /** `ausearch -i`: values without quotes, that may hold spaces */
  readonly interpreted?: boolean
  /** no key has a field: all go under `extra` */
  readonly foreign?: boolean
}

const SPACE = 32
const QUOTE = 34
const EQUALS = 61
const ENRICHMENT = 0x1d
const SYSLOG_NEWLINE = codesOf('#012')
const INFINITE = '18446744073709551615'

const isSpace = (code: number): boolean => code === SPACE || (code >= 9 && code <= 13)

const isDigit = (code: number): boolean => code >= 48 && code <= 57

const KEY_CHARACTERS = new Uint8Array(256)
for (const character of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-') {
  KEY_CHARACTERS[character.charCodeAt(0)] = 1
}

const isKey = (code: number): boolean => KEY_CHARACTERS[code] === 1

// Which fields a draft has, without asking the draft: a field that is not there takes the engine long to miss.
const filled = new Float64Array(SLOTS)
let drafts = 0

export function newDraft(): Draft {
  drafts++
  return { event: undefined, class: undefined }
}

export function problem(draft: Draft, text: string): void {
  const problems = (draft.problems ??= [])
  if (problems.length < MOST_PROBLEMS) problems.push(text)
}

// They are for people to read.
const MOST_PROBLEMS = 20

// The names come from outside: `__proto__` must be one like any other.
function keepExtra(draft: Draft, name: string, value: string): void {
  const extra = (draft.extra ??= Object.create(null) as Record<string, string>)
  let key = name
  for (let n = 2; key in extra && n < 10; n++) key = `${name}#${n}`
  extra[key] = value
}

/** Reads the pairs between two places of a line into a draft. */
export function scan(line: Line, start: number, end: number, draft: Draft, style: Style): void {
  const { text, codes } = line
  let raw = style.rawQuotes === true
  let at = start
  while (at < end) {
    const code = codes[at] as number
    if (isSpace(code) || code === ENRICHMENT) {
      at++
      continue
    }
    let keyEnd = at
    let hash = 0
    for (let key = code; isKey(key); key = codes[++keyEnd] as number) hash = nextHash(hash, key)
    if (keyEnd === at || codes[keyEnd] !== EQUALS || keyEnd >= end) {
      const wordEnd = endOfWord(codes, at, end)
      const word = text.slice(at, wordEnd)
      if (word === 'audit:') return problem(draft, 'another record begins on the same line')
      if (word !== '#012') problem(draft, `no key: ${shorten(word)}`)
      at = wordEnd
      continue
    }
    const key = style.foreign ? undefined : keyAt(codes, at, keyEnd, hash)
    const name = key ? key.name : text.slice(at, keyEnd)
    at = readPair(line, name, key, keyEnd + 1, end, draft, style, raw)
    raw ||= name === 'operation' && isOfDbus(draft)
  }
}

function readPair(
  line: Line,
  name: string,
  key: Key | undefined,
  at: number,
  end: number,
  draft: Draft,
  style: Style,
  raw: boolean,
): number {
  const { text, codes } = line
  if (codes[at] === QUOTE && at < end) {
    const close = closingQuote(line, at + 1, end, key, raw)
    if (close < 0) {
      problem(draft, `${name} is cut short`)
      store(draft, name, key, text.slice(at + 1, end), true)
      return end
    }
    store(draft, name, key, text.slice(at + 1, close), true)
    return close + 1
  }
  if (key && (key.kind === 'int' || key.kind === 'capability')) {
    const after = endOfNumber(codes, at, end)
    const value = after > at ? readInteger(codes, at, after) : undefined
    if (value !== undefined) {
      set(draft, key, value)
      return after
    }
  }
  const close = style.interpreted ? nextKnownKey(codes, at, end) : endOfWord(codes, at, end)
  const value = text.slice(at, close)
  if (style.interpreted) storeInterpreted(draft, name, key, value)
  else store(draft, name, key, value, false)
  return close
}

function closingQuote(
  line: Line,
  at: number,
  end: number,
  key: Key | undefined,
  raw: boolean,
): number {
  const { text, codes } = line
  if (key?.kind === 'rest') {
    // Printed raw, and the last of the record but for what auditd adds.
    const added = text.indexOf('\x1d', at)
    const last = text.lastIndexOf('"', (added < 0 || added > end ? end : added) - 1)
    return last >= at ? last : -1
  }
  let close = nextQuote(codes, at, end)
  if (raw) {
    while (close >= 0 && !endsRawValue(codes, close + 1, end)) {
      close = nextQuote(codes, close + 1, end)
    }
  }
  return close
}

function nextQuote(codes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && codes[at] !== QUOTE) at++
  return at < end ? at : -1
}

function isOfDbus({ operation }: Draft): boolean {
  return typeof operation === 'string' && operation.startsWith('dbus_')
}

// Only before the next key, or at the end.
function endsRawValue(codes: Uint8Array, start: number, end: number): boolean {
  let at = beginsAt(codes, start, SYSLOG_NEWLINE) ? start + 4 : start
  while (at < end && isSpace(codes[at] as number)) at++
  if (at >= end) return true
  if (at === start) return false
  while (at < end && isKey(codes[at] as number)) at++
  return codes[at] === EQUALS
}

function endOfWord(codes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end) {
    const code = codes[at] as number
    if (code === ENRICHMENT || isSpace(code)) break
    at++
  }
  return at
}

// A number ends at a space, or where a key of auditd's begins that has lost its separator: `ouid=0FSUID="root"`.
function endOfNumber(codes: Uint8Array, start: number, end: number): number {
  let at = start
  if (codes[at] === 45) at++
  const digits = at
  while (at < end && isDigit(codes[at] as number)) at++
  if (at === digits) return start
  const code = codes[at] as number
  const ends = at >= end || isSpace(code) || code === ENRICHMENT || (code >= 65 && code <= 90)
  return ends ? at : start
}

// Without quotes only a known key tells where a value with spaces ends.
function nextKnownKey(codes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (codes[at] !== SPACE) continue
    let keyEnd = at + 1
    let hash = 0
    for (let key = codes[keyEnd] as number; isKey(key); key = codes[++keyEnd] as number) {
      hash = nextHash(hash, key)
    }
    if (codes[keyEnd] === EQUALS && keyAt(codes, at + 1, keyEnd, hash)) return at
    at = keyEnd - 1
  }
  let last = end
  while (last > start && isSpace(codes[last - 1] as number)) last--
  return last
}

function storeInterpreted(draft: Draft, name: string, key: Key | undefined, value: string): void {
  if (name === 'family' || name === 'flags') {
    problem(draft, `${name} is not what the kernel wrote: ausearch -i has taken it for another key`)
    return keepExtra(draft, name, value)
  }
  if (key?.kind === 'capability') return set(draft, NAME, value)
  if (key?.kind === 'int') return keepExtra(draft, name, value)
  store(draft, name, key, value, true)
}

function store(
  draft: Draft,
  name: string,
  key: Key | undefined,
  text: string,
  quoted: boolean,
): void {
  if (!quoted && text === '(null)') return
  if (key === undefined) return keepExtra(draft, name, text)
  if (key.kind === 'event') return storeEvent(draft, text)
  const value = read(draft, name, key, text, quoted)
  if (value === undefined) return keepExtra(draft, name, text)
  set(draft, key, value)
}

// The first value stands: what comes later in a record may be another's words. It is not lost either.
function set(draft: Draft, key: Key, value: unknown): void {
  if (filled[key.slot] !== drafts) {
    filled[key.slot] = drafts
    return key.put(draft, value)
  }
  const before = draft[key.field]
  if (before === value) return
  if (key.overrides) key.put(draft, value)
  keepExtra(draft, key.name, String(key.overrides ? before : value))
}

function storeEvent(draft: Draft, word: string): void {
  const event = eventOf(word)
  if (event === undefined) keepExtra(draft, 'apparmor', word)
  draft.event ??= event ?? 'unknown'
}

/** The value of a field; `undefined` when the text is none. */
function read(draft: Draft, name: string, key: Key, text: string, quoted: boolean): unknown {
  switch (key.kind) {
    case 'text':
      return quoted ? text : readBare(draft, name, text)
    case 'int':
    case 'capability':
      return toInteger(text)
    case 'unixAddress':
      return text === '?' ? undefined : readUnixAddress(draft, name, text, quoted)
    case 'list':
      return (quoted ? text : readBare(draft, name, text))
        .split(/[ ,]+/)
        .filter((word) => word !== '')
    case 'limit':
      return text === INFINITE ? 'infinity' : toInteger(text)
    default:
      return text
  }
}

function readInteger(codes: Uint8Array, start: number, end: number): number | undefined {
  const negative = codes[start] === 45
  let at = negative ? start + 1 : start
  if (at === end) return undefined
  let value = 0
  for (; at < end; at++) {
    const code = codes[at] as number
    if (!isDigit(code)) return undefined
    value = value * 10 + code - 48
  }
  if (value > Number.MAX_SAFE_INTEGER) return undefined
  return negative ? -value : value
}

function toInteger(text: string): number | undefined {
  const value = /^-?\d+$/.test(text) ? Number(text) : NaN
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : undefined
}

function readBare(draft: Draft, name: string, text: string): string {
  const decoded = text === '' ? null : decodeHex(text)
  if (decoded === null) return text
  if (text.length % 2 === 1) problem(draft, `${name} is cut short`)
  return decoded
}

// A name with control characters is printed in hexadecimal, between the same quotes: only then is it taken so.
function readUnixAddress(draft: Draft, name: string, text: string, quoted: boolean): string {
  if (!quoted) return text === 'none' ? text : readBare(draft, name, text)
  if (text[0] !== '@') return text
  const decoded = decodeHex(text.slice(1))
  // oxlint-disable-next-line no-control-regex
  return decoded !== null && text.length % 2 === 1 && /[\0-\x1f\x7f]/.test(decoded)
    ? `@${decoded}`
    : text
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
