/** Looks at what is compiled for what the compiler silently makes of it. */
import { invalidArgType, invalidArgValue } from '../../border/errors.ts'
import { lintFor, type LintDiagnostic } from '../lint/lint.ts'
import { PolicyDangerError } from '../lint/error.ts'
import { LINT_CODES, type LintCode } from '../lint/lints.ts'
import { readPolicy } from '../parse.ts'
import { PolicySyntaxError } from '../syntax_error.ts'
import type { Diagnostic } from './diagnostic.ts'
import { environmentOf } from './features.ts'
import { Memory } from './memory.ts'
import type { ReadOptions } from './options.ts'
import type { Input } from './parser.ts'
import { readText } from './resolve.ts'

/** Policy that this package cannot read, so that nobody knows what is in it. */
const UNREAD = 'not-linted'

/** What may be loaded although it is dangerous, by the code of the finding. */
export type Allowed = LintCode | typeof UNREAD

/** A finding, or that there can be none. */
export type Silent =
  LintDiagnostic | (Diagnostic & { readonly source: 'lint'; readonly dangerous: boolean })

/**
 * What {@link lint} finds in input, for the parser and the kernel that it is compiled for.
 *
 * @param memory of the same options
 */
export async function lintInput(
  input: Input,
  options: ReadOptions,
  memory: Memory = new Memory([...options.include, options.base]),
): Promise<readonly Silent[]> {
  const isFile = 'file' in input
  const file = isFile ? input.file : options.name
  try {
    const text = isFile ? readText(input.file) : input.text
    const policy = readPolicy(text, file ?? undefined, memory.resolve, memory.fragments)
    return lintFor(policy, await environmentOf(policy, options, memory))
  } catch (error) {
    if (!(error instanceof PolicySyntaxError)) throw error
    return [unread(error, file)]
  }
}

function unread(error: PolicySyntaxError, file: string | null): Silent {
  const [first] = error.errors
  return Object.freeze({
    severity: 'warning',
    message: `whether the compiler means what this text says is not known: ${first?.message}`,
    file: error.file ?? file,
    line: error.line,
    column: error.column,
    profile: null,
    source: 'lint',
    code: UNREAD,
    dangerous: true,
  })
}

/** Throws for what is dangerous and was not allowed. */
export function refuseDangerous(findings: readonly Silent[], allowed: ReadonlySet<string>): void {
  const refused = findings.filter(
    ({ dangerous, code }) => dangerous && !allowed.has(code as string),
  )
  if (refused.length > 0) throw new PolicyDangerError(refused)
}

/** Reads the option `allow`. */
export function readAllowed(value: unknown): ReadonlySet<string> {
  if (value === undefined) return new Set()
  if (!Array.isArray(value)) throw invalidArgType('options.allow', 'an instance of Array', value)
  const codes: readonly unknown[] = [...LINT_CODES, UNREAD]
  for (const [i, code] of value.entries()) {
    if (codes.includes(code)) continue
    throw invalidArgValue(`options.allow[${i}]`, 'must be the code of a finding of lint', code)
  }
  return new Set(value as readonly string[])
}
