import { invalidArgType } from '../border/invalid.ts'
import { readOptions } from '../border/options.ts'
import { checkString } from './check.ts'
import { mark, originOf, Source, type Origin } from './origin.ts'
import type { FileQualifiers } from './qualifiers.ts'
import { Reader, Unexpected } from './reader.ts'
import { parseAbi } from './rules/abi.ts'
import { parseAlias } from './rules/alias.ts'
import { parseAll } from './rules/all.ts'
import { parseCapability } from './rules/capability.ts'
import { parseChangeProfile } from './rules/change_profile.ts'
import { parseCondition, type Branch } from './rules/conditional.ts'
import { parseDbus } from './rules/dbus.ts'
import { matchPermissions, parseFile } from './rules/file.ts'
import { parseInclude, type IncludeRule } from './rules/include.ts'
import type { Policy, Rule, Statement } from './rules/index.ts'
import { parseIoUring } from './rules/io_uring.ts'
import { parseLink } from './rules/link.ts'
import { parseMount, parseMountpoint } from './rules/mount.ts'
import { parseMqueue } from './rules/mqueue.ts'
import { parseNetwork } from './rules/network.ts'
import { parsePivotRoot } from './rules/pivot_root.ts'
import { parseHead } from './rules/profile.ts'
import { parsePtrace } from './rules/ptrace.ts'
import { parseRlimit } from './rules/rlimit.ts'
import { parseSignal } from './rules/signal.ts'
import { parseUnix } from './rules/unix.ts'
import { parseUserns } from './rules/userns.ts'
import { parseBoolean, parseVariable } from './rules/variable.ts'
import { PolicySyntaxError, problemAt, type SyntaxProblem } from './syntax_error.ts'

/** A file that an `include` names. */
export interface IncludedFile {
  /** its name, for errors and for {@link locate}; a file with the same name is read only once */
  readonly file: string
  readonly text: string
}

/**
 * Finds what an `include` names: one file, or the files of a directory in their order; `undefined` when it is
 * missing.
 *
 * @param include the rule
 * @param from the file that the rule is in
 */
export type Resolve = (
  include: IncludeRule,
  from: string | undefined,
) => IncludedFile | readonly IncludedFile[] | null | undefined

export interface ParseOptions {
  /** the name of the text, for errors and for {@link locate} */
  readonly file?: string
  /** finds included files; without it they are not read */
  readonly resolve?: Resolve
}

/**
 * Reads a file of policy: the whole language of AppArmor 3.0 to 5.x, with its comments and its layout.
 *
 * It takes time in proportion to the text, calls only `resolve`, and runs anywhere. Rests on
 * apparmor.d(5) and on the grammar of apparmor_parser.
 *
 * @param text the policy
 * @returns the policy: plain, frozen objects in the order of the text
 * @throws {@link PolicySyntaxError} `ERR_APPARMOR_POLICY_SYNTAX` with every mistake in the text and in the files
 *   that it includes
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 * @example
 * ```js
 * import { format, parseProfile } from 'apparmor/policy'
 * const policy = parseProfile('profile web {\n  /srv/** r,  # the site\n}\n')
 * policy.rules[0].rules[0].path.text // '/srv/**'
 * format(policy) // the text again
 * ```
 */
export function parseProfile(text: string, options?: ParseOptions): Policy {
  checkString(text, 'text')
  const { file, resolve } = readOptions<ParseOptions>(options, ['file', 'resolve'])
  if (file !== undefined) checkString(file, 'options.file')
  if (resolve !== undefined && typeof resolve !== 'function') {
    throw invalidArgType('options.resolve', 'of type function', resolve)
  }
  return readPolicy(text, file, resolve as Resolve | undefined, new Map())
}

/** The included files that were read, by their place and name. */
export type Fragments = Map<string, Fragment>

/**
 * {@link parseProfile}, for many texts that include the same files.
 *
 * @param fragments included files that have been read, without a fault; those of this text come to them
 */
export function readPolicy(
  text: string,
  file: string | undefined,
  resolve: Resolve | undefined,
  fragments: Fragments,
): Policy {
  const job = new Job(resolve, fragments)
  let policy: Policy | undefined
  try {
    policy = job.read(text, file, 'file')
  } catch (error) {
    if (!(error instanceof TooMany)) throw error
  }
  if (!policy || job.problems.length > 0) throw new PolicySyntaxError(job.problems)
  for (const [key, fragment] of job.files) fragments.set(key, fragment)
  return policy
}

/** The text of an included file. What stands in a profile has rules, what stands before it the preamble. */
export interface Fragment {
  readonly file: string
  readonly rules: readonly (Rule | Statement)[]
}

const contents = new WeakMap<IncludeRule, readonly Fragment[]>()

/**
 * Returns the files that an `include` rule has brought in.
 *
 * It makes no system call and runs anywhere.
 *
 * @param rule an include of a policy that `parseProfile` read with `resolve`
 * @returns the files; `undefined` when the policy was read without `resolve`
 * @example
 * ```js
 * import { included, parseProfile } from 'apparmor/policy'
 * const resolve = ({ path }) => ({ file: path, text: '/etc/hosts r,\n' })
 * const [web] = parseProfile('profile web {\n  include <base>\n}\n', { resolve }).rules
 * included(web.rules[0])[0].rules[0].path // '/etc/hosts'
 * ```
 */
export function included(rule: IncludeRule): readonly Fragment[] | undefined {
  return contents.get(rule)
}

const MOST_PROBLEMS = 100
const DEEPEST = 250

class TooMany {}

/** The kinds of bodies: of a file, and of what is between braces, or included there. */
type Place = 'file' | 'profile'

/** One call of parseProfile: its files and their faults. */
class Job {
  readonly problems: SyntaxProblem[] = []
  /** what this text includes and no other one has */
  readonly files: Fragments = new Map()
  readonly #resolve: Resolve | undefined
  readonly #known: Fragments

  constructor(resolve: Resolve | undefined, known: Fragments) {
    this.#resolve = resolve
    this.#known = known
  }

  read(text: string, file: string | undefined, place: Place): Policy {
    const source = new Source(text, file)
    const parser = new Parser(this, source, place)
    const zero = text.indexOf('\0')
    if (zero >= 0) this.report(source, zero, 'null bytes are not allowed')
    if (text.startsWith('\ufeff')) this.report(source, 0, 'a byte order mark is not allowed')
    const rules = parser.whole() as Statement[]
    const policy: Policy = { kind: 'policy', ...(file !== undefined && { file }), rules }
    const end = text.length
    return mark(policy, { source, start: 0, at: 0, bodyStart: 0, bodyEnd: parser.bodyEnd, end })
  }

  report(source: Source, offset: number, message: string): void {
    this.problems.push(problemAt(source, offset, message))
    if (this.problems.length >= MOST_PROBLEMS) throw new TooMany()
  }

  include(rule: IncludeRule, source: Source, at: number, place: Place): void {
    if (!this.#resolve) return
    const found = this.#resolve(rule, source.file)
    const files =
      found === null || found === undefined ? [] : Array.isArray(found) ? found : [found]
    if (files.length === 0 && !found && !rule.ifExists) {
      return this.report(source, at, `there is no file '${rule.path}' to include`)
    }
    contents.set(
      rule,
      files.map((one: IncludedFile) => this.#fragment(one, place)),
    )
  }

  #fragment(included: IncludedFile, place: Place): Fragment {
    const { file, text } = included
    checkString(file, 'resolve().file')
    checkString(text, 'resolve().text')
    const key = `${place}:${file}`
    const known = this.#known.get(key) ?? this.files.get(key)
    if (known) return known
    const fragment = { file, rules: [] as readonly (Rule | Statement)[] }
    this.files.set(key, fragment)
    fragment.rules = this.read(text, file, place).rules
    return Object.freeze(fragment)
  }
}

const HASH = 35
const NEWLINE = 10
const RETURN = 13
const CLOSE = 125
const SLASH = 47
const AT = 64

class Parser {
  readonly #job: Job
  readonly #reader: Reader
  readonly #place: Place
  #depth = 0
  #seenProfile = false
  /** where the body that was read last ends */
  bodyEnd = 0

  constructor(job: Job, source: Source, place: Place) {
    this.#job = job
    this.#reader = new Reader(source)
    this.#place = place
  }

  whole(): (Rule | Statement)[] {
    for (;;) {
      const rules = this.#body(this.#place)
      const reader = this.#reader
      if (reader.pos >= reader.text.length) return rules
      this.#report(reader.pos, "there is no '{' to this '}'")
      reader.pos++
      this.#finishLine()
    }
  }

  #report(offset: number, message: string): void {
    this.#job.report(this.#reader.source, offset, message)
  }

  /** Reads to a `}` or to the end of the text. */
  #body(place: Place): (Rule | Statement)[] {
    const reader = this.#reader
    const rules: (Rule | Statement)[] = []
    for (;;) {
      const start = reader.pos
      reader.blanks()
      const c = reader.text.charCodeAt(reader.pos)
      if (c === CLOSE || c !== c) {
        this.bodyEnd = start
        return rules
      }
      try {
        if (c === NEWLINE || (c === RETURN && reader.at('\r\n'))) rules.push(this.#blank(start))
        else if (c === HASH && !reader.at('#include')) rules.push(this.#comment(start))
        else rules.push(this.#rule(place, start))
      } catch (error) {
        if (!(error instanceof Unexpected)) throw error
        this.#report(error.at, error.message)
        this.#recover(place)
      }
    }
  }

  #blank(start: number): Rule {
    const reader = this.#reader
    let lines = 0
    for (;;) {
      const before = reader.pos
      reader.blanks()
      if (reader.take('\n') || reader.take('\r\n')) lines++
      else {
        reader.pos = before
        break
      }
    }
    return this.#leaf({ kind: 'blank', lines }, start, start)
  }

  #comment(start: number): Rule {
    const reader = this.#reader
    const at = reader.pos
    const trailing = start > 0 && reader.text.charCodeAt(start - 1) !== NEWLINE
    const text = reader.comment()
    return this.#leaf(
      trailing ? { kind: 'comment', text, trailing } : { kind: 'comment', text },
      start,
      at,
    )
  }

  #leaf<T extends Rule | Statement>(rule: T, start: number, at: number): T {
    const { source, pos: end } = this.#reader
    return mark(rule, { source, start, at, bodyStart: end, bodyEnd: end, end })
  }

  /** Takes the rest of a line that has nothing more. */
  #finishLine(): void {
    const reader = this.#reader
    const before = reader.pos
    reader.blanks()
    if (!reader.take('\n') && !reader.take('\r\n')) reader.pos = before
  }

  #rule(place: Place, start: number): Rule | Statement {
    const reader = this.#reader
    const at = reader.pos
    const rule = place === 'file' ? this.#statement(start) : this.#inProfile(start)
    if (
      rule.kind === 'profile' ||
      rule.kind === 'hat' ||
      rule.kind === 'block' ||
      rule.kind === 'if'
    ) {
      return rule
    }
    this.#finishLine()
    const leaf = this.#leaf(rule, start, at)
    if (leaf.kind === 'include') this.#job.include(leaf, reader.source, at, place)
    return leaf
  }

  /** What stands outside of profiles. */
  #statement(start: number): Rule | Statement {
    const reader = this.#reader
    const at = reader.pos
    const name = reader.peekName()
    if (name === 'profile' || name === 'hat' || reader.at('^')) return this.#profile(start)
    if (reader.take('#include') || this.#takeKeyword('include')) return parseInclude(reader)
    const preamble = this.#preamble(name)
    if (!preamble) return this.#profile(start)
    if (this.#seenProfile) {
      reader.fail('the preamble ends where the first profile begins', at)
    }
    return preamble()
  }

  #preamble(name: string): (() => Statement) | undefined {
    const reader = this.#reader
    if (reader.at('@')) return () => parseVariable(reader)
    if (reader.at('$')) return () => parseBoolean(reader)
    if (name !== 'abi' && name !== 'alias' && name !== 'rewrite') return undefined
    return () => {
      reader.pos += name.length
      return name === 'abi' ? parseAbi(reader) : parseAlias(reader)
    }
  }

  #takeKeyword(word: string): boolean {
    const reader = this.#reader
    const next = reader.text[reader.pos + word.length]
    if (reader.peekName() !== word || (next !== ' ' && next !== '\t')) return false
    reader.pos += word.length
    return true
  }

  /** What stands in profiles. */
  #inProfile(start: number): Rule {
    const reader = this.#reader
    const c = reader.text.charCodeAt(reader.pos)
    if (c === SLASH || c === AT) return parseFile(reader, {})
    const name = reader.peekName()
    if (name === 'profile' || name === 'hat' || c === 94) return this.#profile(start) as Rule
    if (reader.take('#include') || this.#takeKeyword('include')) return parseInclude(reader)
    if (name === 'abi') {
      reader.pos += name.length
      return parseAbi(reader)
    }
    if (name === 'if') return this.#conditional(start)
    if (name === 'set') {
      reader.pos += name.length
      return parseRlimit(reader)
    }
    return this.#access(start)
  }

  #access(start: number): Rule {
    const reader = this.#reader
    const at = reader.pos
    const qualifiers = this.#qualifiers()
    const { priority: _, ...others } = qualifiers
    const before = reader.pos
    if (reader.at('{')) {
      if (qualifiers.priority) reader.fail('a block takes no priority', at)
      return this.#block(start, at, others)
    }
    const name = reader.peekName()
    if (name !== 'all' && matchPermissions(reader) !== undefined) {
      reader.pos = before
      return parseFile(reader, qualifiers)
    }
    reader.pos += name.length
    if (qualifiers.owner !== undefined && NO_OWNER.has(name)) {
      reader.fail(`'${qualifiers.owner ? 'owner' : 'other'}' cannot stand before '${name}'`, at)
    }
    if (qualifiers.priority !== undefined && (name === 'network' || name === 'all')) {
      reader.fail(`'priority' cannot stand before '${name}'`, at)
    }
    switch (name) {
      case 'file':
        return parseFile(reader, qualifiers, true)
      case 'link':
        return parseLink(reader, qualifiers)
      case 'capability':
        return parseCapability(reader, qualifiers)
      case 'network':
        return parseNetwork(reader, others)
      case 'unix':
        return parseUnix(reader, qualifiers)
      case 'signal':
        return parseSignal(reader, qualifiers)
      case 'ptrace':
        return parsePtrace(reader, qualifiers)
      case 'dbus':
        return parseDbus(reader, qualifiers)
      case 'mount':
        return parseMount(reader, qualifiers)
      case 'remount':
        return parseMountpoint(reader, qualifiers, 'remount')
      case 'umount':
      case 'unmount':
        return parseMountpoint(reader, qualifiers, 'umount')
      case 'pivot_root':
        return parsePivotRoot(reader, qualifiers)
      case 'mqueue':
        return parseMqueue(reader, qualifiers)
      case 'io_uring':
        return parseIoUring(reader, qualifiers)
      case 'userns':
        return parseUserns(reader, qualifiers)
      case 'all':
        return parseAll(reader, others)
      case 'change_profile':
        return parseChangeProfile(reader, qualifiers)
      default:
        reader.pos = before
        return parseFile(reader, qualifiers)
    }
  }

  #qualifiers(): FileQualifiers {
    const reader = this.#reader
    const qualifiers: { -readonly [K in keyof FileQualifiers]: FileQualifiers[K] } = {}
    const at = reader.pos
    const priority = reader.match(PRIORITY)
    if (priority !== undefined) {
      const value = Number(priority.replace(/^\D+?=\s*/, ''))
      if (value < -1000 || value > 1000) reader.fail('a priority is -1000 to 1000', at)
      qualifiers.priority = value
      reader.space()
    }
    if (this.#word('audit')) qualifiers.audit = true
    for (const access of ['allow', 'deny', 'prompt'] as const) {
      if (this.#word(access)) {
        qualifiers.access = access
        break
      }
    }
    if (this.#word('owner') || this.#word('user')) qualifiers.owner = true
    else if (this.#word('other')) qualifiers.owner = false
    return qualifiers
  }

  #word(word: string): boolean {
    const reader = this.#reader
    if (!reader.at(word) || reader.peekName() !== word) return false
    reader.pos += word.length
    reader.space()
    return true
  }

  #block(start: number, at: number, qualifiers: Omit<FileQualifiers, 'priority'>): Rule {
    this.#reader.pos++
    const [rules, origin] = this.#braces(start, at, 'profile')
    this.#checkBlock(qualifiers.access === 'deny', rules as readonly Rule[])
    return mark({ kind: 'block', ...qualifiers, rules: rules as Rule[] }, origin)
  }

  /**
   * Reports what the parser refuses in a block: in one that denies how to execute what must not be executed, in any
   * other one a profile for what is executed.
   */
  #checkBlock(denies: boolean, rules: readonly Rule[]): void {
    for (const rule of rules) {
      // One that does not deny has been looked at.
      if (rule.kind === 'block' && (denies || rule.access === 'deny')) {
        this.#checkBlock(denies, rule.rules)
      }
      if (rule.kind !== 'file' && rule.kind !== 'change_profile') continue
      if (rule.exec === undefined || rule.exec === 'x') continue
      const at = originOf(rule)?.at ?? 0
      // With the bit of `unsafe` such a change counts as an execution that has a mode.
      const hasMode = rule.kind === 'file' || rule.environment === 'unsafe'
      if (denies && hasMode) {
        const what = rule.kind === 'file' ? `'${rule.exec}'` : "'unsafe'"
        this.#report(at, `a block that denies takes no ${what}`)
      } else if (!denies && !hasMode) {
        this.#report(at, 'only a block that denies takes change_profile at an execution')
      }
    }
  }

  #conditional(start: number): Rule {
    const reader = this.#reader
    const at = reader.pos
    const branches: Branch[] = []
    let branchStart = start
    for (;;) {
      const branchAt = reader.pos
      let condition
      if (this.#word('if')) condition = parseCondition(reader)
      else if (branches.length === 0) reader.expected("'if'")
      reader.space()
      if (!reader.take('{')) reader.expected("'{'")
      const [rules, origin, more] = this.#braces(branchStart, branchAt, 'profile', true)
      branches.push(
        mark({ kind: 'branch', ...(condition && { condition }), rules: rules as Rule[] }, origin),
      )
      if (!more || !condition) break
      branchStart = origin.end
      reader.space()
      reader.pos += 'else'.length
      reader.space()
    }
    const { source, pos: end } = reader
    const origin = { source, start, at, bodyStart: start, bodyEnd: end, end }
    return mark({ kind: 'if', branches: Object.freeze(branches) }, origin)
  }

  /** Reads a body behind its `{` to its `}`, with the rest of both lines; before `else` the line goes on. */
  #braces(
    start: number,
    at: number,
    place: Place,
    beforeElse: boolean = false,
  ): [(Rule | Statement)[], Origin, boolean] {
    const reader = this.#reader
    if (++this.#depth > DEEPEST) {
      this.#report(reader.pos - 1, 'braces are nested too deep')
      throw new TooMany()
    }
    this.#finishLine()
    const bodyStart = reader.pos
    const rules = this.#body(place)
    const { bodyEnd } = this
    if (reader.pos >= reader.text.length) {
      this.#report(reader.pos, "expected '}'")
      throw new TooMany()
    }
    reader.blanks()
    reader.pos++
    this.#depth--
    let more = false
    if (beforeElse) {
      const before = reader.pos
      reader.space()
      more = reader.peekName() === 'else'
      reader.pos = before
    }
    if (!more) this.#finishLine()
    const { source, pos: end } = reader
    return [Object.freeze(rules) as Rule[], { source, start, at, bodyStart, bodyEnd, end }, more]
  }

  #profile(start: number): Rule & Statement {
    const reader = this.#reader
    const at = reader.pos
    const caret = reader.take('^')
    const keyword = caret ? '' : reader.peekName()
    const hat = caret || keyword === 'hat'
    const named = hat || keyword === 'profile'
    if (named) reader.pos += keyword.length
    if (named && !caret) reader.blanks()
    const nameAt = reader.pos
    const raw =
      (named ? reader.word() : reader.path()) ?? reader.expected(named ? 'a name' : 'a profile')
    if (!named && !/^"?[/:]/.test(raw)) {
      reader.fail("expected 'profile', or a name that begins with '/'", nameAt)
    }
    const head = parseHead(reader, raw, nameAt)
    this.#seenProfile = true
    const [rules, origin] = this.#braces(start, at, 'profile')
    const body = { rules: rules as Rule[] }
    if (hat) {
      const { xattrs, ...rest } = head
      if (xattrs) this.#report(at, 'a hat takes no xattrs')
      return mark({ kind: 'hat', ...rest, ...(caret && { caret }), ...body }, origin)
    }
    return mark({ kind: 'profile', ...head, ...(!named && { bare: true }), ...body }, origin)
  }

  /** Goes on behind the rule that was wrong; a body that it began is read for its own faults. */
  #recover(place: Place): void {
    const reader = this.#reader
    const { text } = reader
    RULE_END.lastIndex = reader.pos
    const end: string | undefined = RULE_END.exec(text)?.[0]
    if (end === undefined) {
      reader.pos = text.length
      return
    }
    reader.pos = RULE_END.lastIndex
    if (end.startsWith('{')) this.#braces(reader.pos, reader.pos, 'profile')
    else if (place === 'file' && end.startsWith('}')) this.#finishLine()
  }
}

const PRIORITY = /priority[ \t]*=[ \t]*[+-]?\d{1,9}(?!\d)/y
// A comma or a brace at the end of a line; the line before a closing brace.
const RULE_END = /[,{][ \t]*(?:\r?\n|(?=#|$))|\n(?=[ \t]*\})/g
const NO_OWNER: ReadonlySet<string> = new Set(
  (
    'capability network unix signal ptrace dbus mount remount umount unmount pivot_root mqueue io_uring ' +
    'userns all change_profile'
  ).split(' '),
)
