import { invalidArgType, invalidArgValue } from '../border/invalid.ts'
import { readOptions } from '../border/options.ts'
import { isObject } from './check.ts'
import { layoutOf, originOf, type Origin } from './origin.ts'
import { parseProfile } from './parse.ts'
import { Glob, plainly } from './pattern.ts'
import type { Block } from './rules/block.ts'
import { formatAbi } from './rules/abi.ts'
import { formatAlias } from './rules/alias.ts'
import { formatAll } from './rules/all.ts'
import { formatCapability } from './rules/capability.ts'
import { formatChangeProfile } from './rules/change_profile.ts'
import { writeConditionText, type Branch, type Conditional } from './rules/conditional.ts'
import { formatDbus } from './rules/dbus.ts'
import { formatFile } from './rules/file.ts'
import { formatInclude } from './rules/include.ts'
import type { Policy, Rule, Statement } from './rules/index.ts'
import { formatIoUring } from './rules/io_uring.ts'
import { formatLink } from './rules/link.ts'
import { formatMount } from './rules/mount.ts'
import { formatMqueue } from './rules/mqueue.ts'
import { formatNetwork } from './rules/network.ts'
import { formatPivotRoot } from './rules/pivot_root.ts'
import { formatFlags, formatHead, type Hat, type Profile } from './rules/profile.ts'
import { formatPtrace } from './rules/ptrace.ts'
import { formatRlimit } from './rules/rlimit.ts'
import { formatSignal } from './rules/signal.ts'
import { formatUnix } from './rules/unix.ts'
import { formatUserns } from './rules/userns.ts'
import { formatBoolean, formatVariable } from './rules/variable.ts'
import { writeQualifiers } from './writer.ts'

export interface FormatOptions {
  /** `true`: write every line anew in one layout, instead of keeping unchanged lines as they were */
  readonly anew?: boolean
}

/** What {@link format} can write. */
export type Formattable = Policy | Rule | Statement

/**
 * Writes a policy, or a part of it, as text.
 *
 * What was read and not changed is written byte for byte as it was. What was made or changed gets lines of its own,
 * indented like its neighbours. `format(parseProfile(text))` is `text`.
 *
 * It makes no system call and runs anywhere.
 *
 * @param policy a policy, a profile or a rule
 * @returns text in the policy language; it ends with a newline unless the text that was read did not
 * @throws TypeError `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for a rule made by code that would be read back
 *   as something else
 * @example
 * ```js
 * import { file, format, profile } from 'apparmor/policy'
 * format(profile('web', { rules: [file('/srv/a b', 'r')] })) // profile web {\n  "/srv/a b" r,\n}\n
 * ```
 */
export function format(policy: Formattable, options?: FormatOptions): string {
  if (!isObject(policy)) throw invalidArgType('policy', 'a policy or a rule', policy)
  const { anew } = readOptions<FormatOptions>(options, ['anew'])
  const writer = new Writer(anew === true)
  if (policy.kind === 'policy') writer.policy(policy)
  else writer.rules([policy], '')
  return writer.text
}

const STEP = '  '

class Writer {
  #text = ''
  // Not asked of the text: that would copy all of it each time.
  #atLineStart = true
  readonly #anew: boolean
  /** the end of new lines */
  #newline = '\n'

  constructor(anew: boolean) {
    this.#anew = anew
  }

  get text(): string {
    return this.#text
  }

  #put(text: string): void {
    if (text === '') return
    this.#text += text
    this.#atLineStart = text.endsWith('\n')
  }

  policy(policy: Policy): void {
    const origin = this.#origin(policy)
    if (origin && /^[^\n]*\r\n/.test(origin.source.text)) this.#newline = '\r\n'
    this.rules(policy.rules, '')
    // blanks behind the last line
    if (origin) this.#put(origin.source.text.slice(origin.bodyEnd, origin.end))
  }

  rules(rules: readonly (Rule | Statement)[], indent: string): void {
    if (!Array.isArray(rules)) throw invalidArgType('policy.rules', 'an instance of Array', rules)
    const odd = rules.findIndex((rule: unknown) => !isObject(rule))
    if (odd >= 0) throw invalidArgType(`policy.rules[${odd}]`, 'a rule', rules[odd])
    const own = this.#indentOf(rules) ?? indent
    for (const [i, rule] of rules.entries()) {
      if (i > 0 && !this.#follows(rules[i - 1] as Rule, rule)) this.#startLine()
      const next = rules[i + 1]
      this.#rule(rule, own, next?.kind === 'comment' && next.trailing === true)
    }
  }

  #origin(node: object): Origin | undefined {
    return this.#anew ? undefined : originOf(node)
  }

  #layout(node: object): Origin | undefined {
    return this.#anew ? undefined : layoutOf(node)
  }

  /** How the first line of rules that were read is indented. */
  #indentOf(rules: readonly object[]): string | undefined {
    if (this.#anew) return undefined
    for (const rule of rules) {
      const origin = layoutOf(rule)
      if (!origin || origin.start === origin.at) continue
      const indent = origin.source.text.slice(origin.start, origin.at)
      if (origin.start === 0 || origin.source.text[origin.start - 1] === '\n') return indent
    }
    return undefined
  }

  /** Whether two rules stood one behind the other in the text, perhaps in one line. */
  #follows(rule: object, next: Rule | Statement): boolean {
    if (next.kind === 'comment' && next.trailing) return true
    const [before, after] = [this.#layout(rule), this.#layout(next)]
    if (!after) return true // it starts its line itself
    return before?.source === after.source && before.end === after.start
  }

  #rule(rule: Rule | Statement, indent: string, more: boolean): void {
    const origin = this.#origin(rule)
    if (rule.kind === 'if') return this.#conditional(rule.branches, indent)
    if (rule.kind === 'block' || rule.kind === 'profile' || rule.kind === 'hat') {
      return this.#body(rule, headOf(rule), indent)
    }
    if (origin) {
      this.#put(origin.source.text.slice(origin.start, origin.end))
      return
    }
    if (rule.kind === 'blank') {
      this.#startLine()
      this.#put(this.#newline.repeat(Math.min(Math.max(Number(rule.lines) || 1, 1), 100)))
      return
    }
    if (rule.kind === 'comment') return this.#comment(rule.text, rule.trailing === true, indent)
    this.#startLine()
    this.#put(`${indent}${lineOf(rule)}${more ? '' : this.#newline}`)
  }

  #comment(text: string, trailing: boolean, indent: string): void {
    // `#include` would include
    const safe = String(text)
      .replaceAll(/[\0\r\n]/g, ' ')
      .replace(/^include/, ' include')
    if (trailing && !this.#atLineStart) this.#put(`  #${safe}${this.#newline}`)
    else {
      this.#startLine()
      this.#put(`${indent}#${safe}${this.#newline}`)
    }
  }

  #startLine(): void {
    if (!this.#atLineStart) this.#put(this.#newline)
  }

  #body(node: Body, head: (raw?: string) => string, indent: string): void {
    const layout = this.#layout(node)
    if (layout) {
      const { source, start, at, bodyStart, bodyEnd, end } = layout
      const raw = source.text.slice(at, bodyStart)
      const open = raw.lastIndexOf('{') + 1
      const own = source.text.slice(start, at)
      this.#put(own + (this.#origin(node) ? raw : head(raw.slice(0, open)) + raw.slice(open)))
      this.rules(node.rules, (own.trim() === '' ? own : indent) + STEP)
      if (!layoutOf(node.rules.at(-1) ?? node)) this.#startLine()
      this.#put(source.text.slice(bodyEnd, end))
      return
    }
    this.#startLine()
    this.#put(`${indent}${head()}${this.#newline}`)
    this.rules(node.rules, indent + STEP)
    this.#startLine()
    this.#put(`${indent}}${this.#newline}`)
  }

  #conditional(branches: readonly Branch[], indent: string): void {
    if (!Array.isArray(branches)) throw unwritable(branches)
    for (const [i, branch] of branches.entries()) {
      const word = i === 0 ? '' : 'else '
      this.#body(branch, () => `${word}${conditionOf(branch)}`, indent)
    }
  }
}

type Body = Branch | Block | Profile | Hat

const headOf =
  (rule: Block | Profile | Hat) =>
  (raw?: string): string => {
    if (rule.kind === 'block') return checked(rule, () => `${writeQualifiers(rule)}{`, '}')
    const kept = raw === undefined ? undefined : withFlags(rule, raw)
    return kept ?? checked(rule, () => formatHead(rule), '}')
  }

const LIST = /\s*(?:flags[ \t]*=\s*)?\([^()]*\)(?=\s*\{$)/
const LIST_END = /(?<=[^\s(,])(?=\s*\)\s*\{$)/

/** The head as it was read, but for its flags; nothing when that is not the head of this rule. */
function withFlags(rule: Profile | Hat, raw: string): string | undefined {
  const flags = rule.flags ?? []
  const list = flags.length > 0 ? ` ${formatFlags(flags)}` : ''
  const anew = raw.replace(LIST, '').replace(/\s*\{$/, (brace) => list + brace)
  try {
    const [before] = readBack(rule, rule.kind, `${raw}}`) as readonly (Profile | Hat)[]
    const more = formatFlags(flags.slice(before?.flags?.length)).slice('flags=('.length, -1)
    const longer = raw.replace(LIST_END, () => `, ${more}`)
    return [longer, anew].find((text) => isRead(rule, `${text}}`))
  } catch {
    return undefined
  }
}

const lineOf = (rule: Line): string => checked(rule, () => formatLine(rule), '')

function conditionOf(branch: Branch): string {
  if (!branch.condition) return '{'
  const { condition } = branch
  const text = attempt(branch, () => `if ${writeConditionText(condition)} {`)
  const [read] = readBack(branch, 'if', `${text}}`) as readonly [Conditional]
  if (!isSame(read.branches[0]?.condition, condition)) throw unwritable(branch)
  return text
}

/**
 * The text of a rule that was made by hand, when it is read back as this rule and no other: so nothing in it,
 * wherever it comes from, becomes a second rule, a permission more, or a pattern.
 */
function checked(rule: Line | Block | Profile | Hat, write: () => string, end: string): string {
  const text = attempt(rule, write)
  if (!originOf(rule) && !isRead(rule, text + end)) throw unwritable(rule)
  return text
}

/** Whether a text is read as this rule, and nothing else. */
function isRead(rule: Line | Block | Profile | Hat, text: string): boolean {
  const [read, ...others] = readBack(rule, rule.kind, text)
  return others.length === 0 && isSame(headIn(read), headIn(rule))
}

/** A rule without its body, whose rules are looked at one by one. */
function headIn(rule: object | undefined): object | undefined {
  if (rule === undefined || !('rules' in rule)) return rule
  const { rules: _, ...head } = rule
  return head
}

function attempt(rule: object, write: () => string): string {
  try {
    return write()
  } catch {
    throw unwritable(rule)
  }
}

const PREAMBLE: readonly string[] = ['variable', 'boolean', 'alias', 'profile', 'hat']

function readBack(rule: object, kind: string, text: string): readonly (Rule | Statement)[] {
  const preamble = PREAMBLE.includes(kind)
  try {
    const { rules } = parseProfile(preamble ? `${text}\n` : `profile x {\n${text}\n}\n`)
    return preamble ? rules : (rules[0] as Profile).rules
  } catch {
    throw unwritable(rule)
  }
}

function unwritable(rule: object): TypeError {
  return invalidArgValue('rule', 'is no rule that the policy language can say', rule)
}

/** Whether two parts of rules say the same: the order of words in a list, and of letters, does not count. */
function isSame(a: unknown, b: unknown, key: string = ''): boolean {
  if (Glob.is(b)) {
    const pattern = plainly(b)
    return Glob.is(pattern) ? Glob.is(a) && a.text === pattern.text : a === pattern
  }
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    const set = key !== 'values' && a.every((one) => typeof one === 'string')
    return set ? isSameSet(a, b) : a.every((one, i) => isSame(one, b[i]))
  }
  if (typeof a === 'string' && typeof b === 'string' && key === 'permissions') {
    return isSameSet(Array.from(a), Array.from(b))
  }
  if (!isObject(a) || !isObject(b)) return a === b
  const alike = (name: string): boolean =>
    isSame(a[name as keyof typeof a], b[name as keyof typeof b], name)
  return Object.keys(a).every(alike) && Object.keys(b).every((name) => name in a || alike(name))
}

const isSameSet = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  new Set(b).size === a.length && a.every((one) => b.includes(one))

type Line = Exclude<
  Rule | Statement,
  { kind: 'block' | 'profile' | 'hat' | 'if' | 'blank' | 'comment' }
>

/** A rule without a body, as one line. */
function formatLine(rule: Line): string {
  switch (rule.kind) {
    case 'file':
      return formatFile(rule)
    case 'abi':
      return formatAbi(rule)
    case 'alias':
      return formatAlias(rule)
    case 'all':
      return formatAll(rule)
    case 'boolean':
      return formatBoolean(rule)
    case 'capability':
      return formatCapability(rule)
    case 'change_profile':
      return formatChangeProfile(rule)
    case 'dbus':
      return formatDbus(rule)
    case 'include':
      return formatInclude(rule)
    case 'io_uring':
      return formatIoUring(rule)
    case 'link':
      return formatLink(rule)
    case 'mount':
    case 'remount':
    case 'umount':
      return formatMount(rule)
    case 'mqueue':
      return formatMqueue(rule)
    case 'network':
      return formatNetwork(rule)
    case 'pivot_root':
      return formatPivotRoot(rule)
    case 'ptrace':
      return formatPtrace(rule)
    case 'rlimit':
      return formatRlimit(rule)
    case 'signal':
      return formatSignal(rule)
    case 'unix':
      return formatUnix(rule)
    case 'userns':
      return formatUserns(rule)
    case 'variable':
      return formatVariable(rule)
    default:
      throw unwritable(rule)
  }
}
