import { checkOptions } from '../border/args.ts'
import { invalidArgType } from '../border/invalid.ts'
import { originOf } from './origin.ts'
import { formatAbi } from './rules/abi.ts'
import { formatAlias } from './rules/alias.ts'
import { formatAll } from './rules/all.ts'
import { formatCapability } from './rules/capability.ts'
import { formatChangeProfile } from './rules/change_profile.ts'
import { writeConditionText, type Branch } from './rules/conditional.ts'
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
import { formatHead } from './rules/profile.ts'
import { formatPtrace } from './rules/ptrace.ts'
import { formatRlimit } from './rules/rlimit.ts'
import { formatSignal } from './rules/signal.ts'
import { formatUnix } from './rules/unix.ts'
import { formatUserns } from './rules/userns.ts'
import { formatBoolean, formatVariable } from './rules/variable.ts'
import { writeQualifiers } from './writer.ts'

export interface FormatOptions {
  /** writes every line anew, in one layout, instead of keeping those that nobody changed */
  readonly anew?: boolean
}

/** What can be written. */
export type Formattable = Policy | Rule | Statement

/**
 * Writes a policy, or a part of it, as text.
 *
 * What was read and not changed is written as it was, to the byte; what was made or changed gets lines of
 * its own, indented as its neighbours. `format(parseProfile(text))` is `text`.
 *
 * It calls nothing and runs anywhere.
 *
 * @param policy a policy, a profile or a rule
 * @returns text of the policy language, which ends with a newline unless there is none in what was read
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 * @example
 * ```js
 * import { file, format, profile } from 'apparmor/policy'
 * format(profile('web', { rules: [file('/srv/a b', 'r')] })) // profile web {\n  "/srv/a b" r,\n}\n
 * ```
 */
export function format(policy: Formattable, options?: FormatOptions): string {
  if (typeof policy !== 'object' || policy === null || !Object.hasOwn(policy, 'kind')) {
    throw invalidArgType('policy', 'a policy or a rule', policy)
  }
  checkOptions(options)
  const anew = options !== undefined && Object.hasOwn(options, 'anew') && options.anew === true
  const writer = new Writer(anew)
  if (policy.kind === 'policy') writer.policy(policy)
  else writer.rules([policy], '')
  return writer.text
}

const STEP = '  '

class Writer {
  text = ''
  readonly #anew: boolean

  constructor(anew: boolean) {
    this.#anew = anew
  }

  policy(policy: Policy): void {
    const origin = this.#origin(policy)
    this.rules(policy.rules, '')
    // blanks behind the last line
    if (origin) this.text += origin.source.text.slice(origin.bodyEnd, origin.end)
  }

  rules(rules: readonly (Rule | Statement)[], indent: string): void {
    const own = this.#indentOf(rules) ?? indent
    for (const [i, rule] of rules.entries()) {
      const next = rules[i + 1]
      this.#rule(rule, own, next?.kind === 'comment' && next.trailing === true)
    }
  }

  #origin(node: object): ReturnType<typeof originOf> {
    return this.#anew ? undefined : originOf(node)
  }

  /** How the first line of rules that were read is indented. */
  #indentOf(rules: readonly object[]): string | undefined {
    if (this.#anew) return undefined
    for (const rule of rules) {
      const origin = originOf(rule)
      if (!origin || origin.start === origin.at) continue
      const indent = origin.source.text.slice(origin.start, origin.at)
      if (origin.start === 0 || origin.source.text[origin.start - 1] === '\n') return indent
    }
    return undefined
  }

  #rule(rule: Rule | Statement, indent: string, more: boolean): void {
    const origin = this.#origin(rule)
    if (rule.kind === 'if') return this.#conditional(rule.branches, indent)
    if ('rules' in rule) {
      const word = rule.kind === 'block' ? `${writeQualifiers(rule)}{` : formatHead(rule)
      return this.#body(rule, word, indent)
    }
    if (origin) {
      this.text += origin.source.text.slice(origin.start, origin.end)
      return
    }
    if (rule.kind === 'blank') {
      this.#startLine()
      this.text += '\n'.repeat(rule.lines)
      return
    }
    if (rule.kind === 'comment') return this.#comment(rule.text, rule.trailing === true, indent)
    this.#startLine()
    this.text += `${indent}${formatLine(rule)}${more ? '' : '\n'}`
  }

  #comment(text: string, trailing: boolean, indent: string): void {
    // `#include` would include
    const safe = text.replaceAll(/[\0\r\n]/g, ' ').replace(/^include/, ' include')
    if (trailing && !this.text.endsWith('\n')) this.text += `  #${safe}\n`
    else {
      this.#startLine()
      this.text += `${indent}#${safe}\n`
    }
  }

  #startLine(): void {
    if (this.text !== '' && !this.text.endsWith('\n')) this.text += '\n'
  }

  #body(node: { readonly rules: readonly Rule[] }, head: string, indent: string): void {
    const origin = this.#origin(node)
    if (origin) {
      const { source, start, bodyStart, bodyEnd, end } = origin
      this.text += source.text.slice(start, bodyStart)
      this.rules(node.rules, indent + STEP)
      if (!originOf(node.rules.at(-1) ?? node)) this.#startLine()
      this.text += source.text.slice(bodyEnd, end)
      return
    }
    this.#startLine()
    this.text += `${indent}${head}\n`
    this.rules(node.rules, indent + STEP)
    this.#startLine()
    this.text += `${indent}}\n`
  }

  #conditional(branches: readonly Branch[], indent: string): void {
    for (const [i, branch] of branches.entries()) {
      const condition = branch.condition && `if ${writeConditionText(branch.condition)} {`
      const word = i === 0 ? '' : 'else '
      this.#body(branch, `${word}${condition ?? '{'}`, indent)
    }
  }
}

/** A rule without a body, as one line. */
function formatLine(
  rule: Exclude<Rule | Statement, { rules: unknown } | { kind: 'if' | 'blank' | 'comment' }>,
): string {
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
  }
}
