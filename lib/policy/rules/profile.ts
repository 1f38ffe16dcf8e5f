import { ERRNOS } from '../errnos.ts'
import { Glob } from '../pattern.ts'
import { unquote, type Cond, type Reader } from '../reader.ts'
import { patternText } from '../pattern.ts'
import { writeName, writePattern } from '../writer.ts'
import { writeWord } from '../../border/word.ts'
import { toSignal } from './signal.ts'
import type { Pattern } from '../pattern.ts'
import type { Rule } from './index.ts'

/** A condition on an extended attribute of the program: `user.tag=web*`. */
export interface Xattr {
  readonly name: string
  /** default: any value */
  readonly value?: Pattern
}

interface Head {
  /** the name as written, without its namespace; a name that is a pattern is also the attachment */
  readonly name: Pattern
  /** the policy namespace: `ns` in `:ns:name` */
  readonly namespace?: string
  /** `'complain'`, `'attach_disconnected'`, `'error=EPERM'`, … */
  readonly flags?: readonly string[]
  readonly rules: readonly Rule[]
}

/**
 * A profile, which says what a program may do: `profile web /usr/bin/web { … }`. Inside another profile it is a child
 * profile.
 */
export interface Profile extends Head {
  readonly kind: 'profile'
  /** the programs that get this profile when they are started */
  readonly attachment?: Pattern
  readonly xattrs?: readonly Xattr[]
  /** `true`: written without the word `profile`: `/usr/bin/web { … }` */
  readonly bare?: boolean
}

/** A hat, which a thread enters and leaves with change_hat: `hat upload { … }`, `^upload { … }`. */
export interface Hat extends Head {
  readonly kind: 'hat'
  readonly attachment?: Pattern
  /** `true`: written with the sign: `^upload` */
  readonly caret?: boolean
}

type ProfileHead = Omit<Profile, 'kind' | 'rules'>

const XATTRS = /xattrs[ \t]*=[ \t]*(?=\()/y
const FLAGS = /flags[ \t]*=\s*(?=\()/y
const ATTACHMENT = /^"?(?:\/|@\{)/

/** Reads the head of a profile or a hat, from its name to its `{`. */
export function parseHead(reader: Reader, raw: string, at: number): ProfileHead {
  const { namespace, name } = splitName(reader, raw, at)
  reader.space()
  const attachment = parseAttachment(reader)
  reader.space()
  const xattrs = reader.match(XATTRS) === undefined ? undefined : parseXattrs(reader)
  reader.space()
  const flags = parseFlags(reader)
  reader.space()
  if (!reader.take('{')) reader.expected("'{'")
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(attachment !== undefined && { attachment }),
    ...(xattrs && { xattrs }),
    ...(flags && { flags }),
  }
}

function splitName(reader: Reader, raw: string, at: number): { namespace?: string; name: Pattern } {
  const name = reader.nameOrPattern(raw)
  const text = String(name)
  if (text.startsWith('&')) reader.fail("the name of a profile does not begin with '&'", at)
  if (!text.startsWith(':')) {
    if (text === '') reader.fail('a profile needs a name', at)
    return { name }
  }
  const end = text.indexOf(':', 1)
  if (end < 0) reader.fail("a namespace ends with ':'", at)
  if (end === 1) reader.fail('a namespace needs a name', at)
  const rest = text.slice(end + 1).replace(/^\/\//, '')
  if (rest === '') reader.fail('a profile needs a name', at)
  return { namespace: text.slice(1, end), name: typeof name === 'string' ? rest : new Glob(rest) }
}

function parseAttachment(reader: Reader): Pattern | undefined {
  const at = reader.pos
  if (reader.isCondition()) return undefined
  const raw = reader.path()
  if (raw === undefined) return undefined
  if (!ATTACHMENT.test(raw) || unquote(raw) === '') {
    reader.fail("expected a path or '{'", at)
  }
  return reader.pattern(raw)
}

function parseXattrs(reader: Reader): Xattr[] {
  return reader.conditions(true).map((cond: Cond) => {
    const name = unquote(cond.name)
    return cond.values.length === 0
      ? { name }
      : { name, value: reader.pattern(cond.values[0] as string) }
  })
}

function parseFlags(reader: Reader): string[] | undefined {
  if (reader.match(FLAGS) === undefined && !reader.at('(')) return undefined
  const at = reader.pos
  const flags = reader.list().map((raw) => reader.name(raw))
  const problem = problemOfFlags(flags)
  if (problem) reader.fail(problem, at)
  return flags
}

const MODES: readonly string[] = [
  'enforce',
  'complain',
  'kill',
  'unconfined',
  'prompt',
  'default_allow',
]
const PAIRS: readonly (readonly [string, string])[] = [
  ['chroot_relative', 'namespace_relative'],
  ['mediate_deleted', 'delegate_deleted'],
  ['attach_disconnected', 'no_attach_disconnected'],
  ['chroot_attach', 'chroot_no_attach'],
]
const WORDS: readonly string[] = [
  ...MODES,
  ...PAIRS.flat(),
  'debug',
  'audit',
  'interruptible',
  'attach_disconnected.ipc',
]
const VALUES: Readonly<Record<string, (value: string) => boolean>> = {
  'attach_disconnected.path': (value) => value !== '',
  'attach_disconnected.ipc': (value) => value !== '',
  'kill.signal': (value) => toSignal(value) !== undefined,
  error: (value) => ERRNOS.has(value.toUpperCase()),
}

/** A flag that is none, or two that exclude each other. */
export function problemOfFlags(flags: readonly string[]): string | undefined {
  for (const flag of flags) {
    const [name = '', value] = flag.split(/=(.*)/s)
    const good =
      value === undefined
        ? WORDS.includes(flag)
        : Object.hasOwn(VALUES, name) && VALUES[name]?.(value)
    if (!good) return `no flag '${flag}' of a profile`
  }
  const modes = new Set(flags.filter((flag) => MODES.includes(flag)))
  const pair =
    modes.size > 1 ? [...modes] : PAIRS.find((both) => both.every((flag) => flags.includes(flag)))
  return pair && `the flags '${pair[0]}' and '${pair[1]}' exclude each other`
}

/** The head of a profile or a hat, to its `{`. */
export function formatHead(rule: Profile | Hat): string {
  const { kind, name, namespace, attachment, flags } = rule
  const xattrs = kind === 'profile' ? rule.xattrs : undefined
  const text = typeof name === 'string' ? name : name.text
  const full = namespace === undefined ? name : new Glob(`:${namespace}:${text}`)
  const word = kind === 'hat' ? (rule.caret ? '^' : 'hat ') : rule.bare ? '' : 'profile '
  const parts = [
    `${word}${writeName(full)}`,
    ...(attachment === undefined ? [] : [writePattern(attachment)]),
    ...(xattrs ? [`xattrs=(${xattrs.map(writeXattr).join(' ')})`] : []),
    ...(flags && flags.length > 0 ? [formatFlags(flags)] : []),
  ]
  return `${parts.join(' ')} {`
}

export const formatFlags = (flags: readonly string[]): string =>
  `flags=(${flags.map((flag) => writeWord(flag, !flag.includes('='))).join(', ')})`

function writeXattr({ name, value }: Xattr): string {
  return value === undefined ? name : `${name}=${writeWord(patternText(value), true)}`
}
