import { writeName, writePattern, writeQualifiers } from '../writer.ts'
import type { Reader } from '../reader.ts'
import type { Pattern } from '../pattern.ts'
import type { FileQualifiers } from '../qualifiers.ts'
import { byText, isSame, type Compare, type Merge } from '../union.ts'

/**
 * The profile that an executed program runs under. `ix`: this profile. `px`: the attached or named profile. `cx`: a
 * child of this profile. `ux`: none. A second letter applies when there is no such profile: `i` keeps this profile,
 * `u` takes none. A capital letter cleans the environment. `x` alone is only for `deny`.
 */
export type ExecMode =
  | 'x'
  | 'ix'
  | 'ux'
  | 'Ux'
  | 'px'
  | 'Px'
  | 'cx'
  | 'Cx'
  | 'pix'
  | 'Pix'
  | 'cix'
  | 'Cix'
  | 'pux'
  | 'PUx'
  | 'cux'
  | 'CUx'

/** A permission of a file: map executable, read, write, append, link, lock. */
export type FilePermission = 'm' | 'r' | 'w' | 'a' | 'l' | 'k'

/** Access to files: `owner /srv/** rw,`. */
export interface FileRule extends FileQualifiers {
  readonly kind: 'file'
  /** default: every file (`file,`) */
  readonly path?: Pattern
  /** letters of {@link FilePermission} in the order `mrwalk`, each once */
  readonly permissions: string
  readonly exec?: ExecMode
  /** the profile that the executed program runs under */
  readonly target?: string
  /** the file that the link may lead to: written `l /a -> /b` */
  readonly link?: Pattern
  /** `true`: the link may not give more permissions than its target */
  readonly subset?: boolean
  /** the word before the path that says whether the environment is cleaned */
  readonly environment?: 'safe' | 'unsafe'
}

const LETTERS = 'mrwalk'
// What is written and what it means: only the first letter's case counts.
const EXEC = /^(?:[iI]|[uU]|[pPcC](?:[iIuU])?)?[xX]/
const FILE = /(?:[rwalkmRWLMA]|(?:[iIuU]|[pPcC][iIuU]?)?[xX])+(?=[\s,])/y

/** The mode that letters for execution mean: of the case only the first letter's counts. */
function toExec(letters: string): ExecMode {
  const [first = '', ...others] = letters
  const rest = others.join('').toLowerCase()
  if (first === 'X' || first === 'I') return letters.toLowerCase() as ExecMode
  return (/[PC]/.test(first) && rest === 'ux' ? `${first}Ux` : `${first}${rest}`) as ExecMode
}

/** The permissions of a file rule. */
export interface FilePermissions {
  readonly permissions: string
  readonly exec?: ExecMode
}

/** Splits `'rwPx'` into letters in order and a mode of execution; a text says what is wrong. */
export function splitPermissions(text: string): FilePermissions | string {
  let letters = ''
  let exec: ExecMode | undefined
  for (let i = 0; i < text.length;) {
    const [found] = EXEC.exec(text.slice(i, i + 3)) ?? []
    if (found !== undefined) {
      const mode = toExec(found)
      if (exec !== undefined && exec !== mode && exec !== 'x' && mode !== 'x') {
        return `'${exec}' and '${mode}' exclude each other`
      }
      if (exec === undefined || exec === 'x') exec = mode
      i += found.length
    } else {
      letters += (text[i++] as string).toLowerCase()
    }
  }
  if (letters.includes('w') && letters.includes('a')) return "'w' and 'a' exclude each other"
  const permissions = Array.from(LETTERS)
    .filter((letter) => letters.includes(letter))
    .join('')
  return exec === undefined ? { permissions } : { permissions, exec }
}

// Most rules have one of a few.
const known = new Map<string, FilePermissions>()

function toPermissions(reader: Reader, text: string, at: number): FilePermissions {
  const before = known.get(text)
  if (before) return before
  const split = splitPermissions(text)
  if (typeof split === 'string') reader.fail(split, at)
  if (text.length < 8) known.set(text, split)
  return split
}

/** Reads permissions, if that is what stands here. */
export function matchPermissions(reader: Reader): string | undefined {
  return reader.match(FILE)
}

/** Reads a rule for files from its first word, or from what follows `file`. */
export function parseFile(
  reader: Reader,
  qualifiers: FileQualifiers,
  keyword: boolean = false,
): FileRule {
  const at = reader.pos
  reader.space()
  if (keyword && reader.text.charCodeAt(reader.pos) === COMMA) {
    reader.endRule()
    if (qualifiers.access === 'deny') reader.fail("'deny file' cannot be: name what is denied", at)
    return { kind: 'file', ...qualifiers, permissions: LETTERS.replace('a', ''), exec: 'ix' }
  }
  const environment = reader.match(ENVIRONMENT) as 'safe' | 'unsafe' | undefined
  if (environment) reader.space()
  const start = reader.pos
  const leading = matchPermissions(reader)
  const rule = leading === undefined ? parseTrailing(reader) : parseLeading(reader, leading, start)
  reader.space()
  reader.endRule()
  const whole: FileRule = {
    kind: 'file',
    ...qualifiers,
    ...(environment && { environment }),
    ...rule,
  }
  const problem = problemOfFile(whole)
  if (problem) reader.fail(problem, start)
  return whole
}

const COMMA = 44
const ENVIRONMENT = /(?:un)?safe(?=[\s"/@])/y
const SUBSET = /subset(?=[\s"/@])/y

type Body = Pick<FileRule, 'path' | 'permissions' | 'exec' | 'target' | 'link' | 'subset'>

function parseTrailing(reader: Reader): Body {
  const path = reader.pattern(reader.path() ?? reader.expected('a rule'))
  reader.space()
  const at = reader.pos
  const text = matchPermissions(reader)
  if (text === undefined) reader.expected('permissions')
  const { permissions, exec } = toPermissions(reader, text, at)
  const target = parseTarget(reader)
  const body = exec === undefined ? { path, permissions } : { path, permissions, exec }
  return target === undefined ? body : { ...body, target: reader.name(target) }
}

function parseLeading(reader: Reader, text: string, at: number): Body {
  const { permissions, exec } = toPermissions(reader, text, at)
  reader.space()
  const subset = reader.match(SUBSET) !== undefined
  reader.space()
  const path = reader.pattern(reader.path() ?? reader.expected('a path'))
  const target = parseTarget(reader)
  const links = permissions.includes('l')
  if (subset && permissions !== 'l') reader.fail("'subset' is for links only", at)
  if (target !== undefined && links && exec !== undefined) {
    reader.fail("a rule with '->' is for links or for execution, not for both", at)
  }
  return {
    path,
    permissions,
    ...(exec !== undefined && { exec }),
    ...(subset && { subset }),
    ...(target !== undefined &&
      (links ? { link: reader.pattern(target) } : { target: reader.name(target) })),
  }
}

function parseTarget(reader: Reader): string | undefined {
  reader.space()
  if (!reader.take('->')) return undefined
  reader.white()
  return reader.word() ?? reader.expected('a profile')
}

/** What cannot stand together. */
export function problemOfFile(rule: FileRule): string | undefined {
  const { access, exec, environment } = rule
  if (exec !== undefined) {
    if (access === 'deny' && exec !== 'x')
      return "a 'deny' rule has 'x' alone, without 'i', 'p', 'c' or 'u'"
    if (access !== 'deny' && exec === 'x') return "'x' needs 'i', 'p', 'c' or 'u' before it"
  } else if (environment) return `'${environment}' is for rules with execution`
  return undefined
}

export function formatFile(rule: FileRule): string {
  const { path, permissions, exec = '', target, link, subset, environment } = rule
  const before = `${writeQualifiers(rule)}${environment ? `${environment} ` : ''}`
  if (path === undefined) return `${before}file,`
  if (link !== undefined || subset) {
    const to = link === undefined ? '' : ` -> ${writePattern(link)}`
    return `${before}${permissions}${exec} ${subset ? 'subset ' : ''}${writePattern(path)}${to},`
  }
  const to = target === undefined ? '' : ` -> ${writeName(target)}`
  return `${before}${writePattern(path)} ${permissions}${exec}${to},`
}

export const compareFile: Compare<FileRule> = byText(formatFile, ({ path }) => path)

/** Two rules for one path; `owner` and `other` together are for every file. */
export const mergeFile: Merge<FileRule> = (a, b) => {
  const { permissions, owner, exec, target, environment, ...rest } = a
  const { permissions: more, owner: owner2, exec: exec2, target: target2, ...others } = b
  const { environment: environment2, ...rest2 } = others
  if (!isSame(rest, rest2)) return undefined
  const execution = joinExecution(
    { exec, target, environment },
    { exec: exec2, target: target2, environment: environment2 },
  )
  if (!execution) return undefined
  const letters = joinLetters(permissions, more)
  // such a rule would be read as one for links
  if (letters.includes('l') && execution.target !== undefined) return undefined
  const whole = { ...rest, ...execution, permissions: letters }
  if (owner === owner2) return owner === undefined ? whole : { ...whole, owner }
  const says = (rule: FileRule): boolean =>
    rule.permissions === letters && rule.exec === execution.exec
  const wide = [a, b].filter((rule) => rule.owner === undefined)
  return (wide.length > 0 ? wide : [a, b]).every(says) ? whole : undefined
}

interface Execution {
  readonly exec: ExecMode | undefined
  readonly target: string | undefined
  readonly environment: 'safe' | 'unsafe' | undefined
}

function joinExecution(
  a: Execution,
  b: Execution,
): Partial<Pick<FileRule, keyof Execution>> | undefined {
  const says = ({ exec, target }: Execution): boolean => (exec ?? target) !== undefined
  if (says(a) && says(b) && !isSame(a, b)) return undefined
  const { exec, target, environment } = says(a) ? a : b
  return {
    ...(exec !== undefined && { exec }),
    ...(target !== undefined && { target }),
    ...(environment && { environment }),
  }
}

/** The letters of both; writing is appending, too. */
function joinLetters(a: string, b: string): string {
  const both = a + b
  return Array.from(LETTERS)
    .filter((letter) => both.includes(letter) && !(letter === 'a' && both.includes('w')))
    .join('')
}
