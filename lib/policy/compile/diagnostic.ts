/** What apparmor_parser writes on stderr, from version 3.0 on, as diagnostics. Nothing of it is lost. */

/** One error or warning about a policy. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning'
  readonly message: string
  /** the file that it is in, which may be an included one; `null` for text, or when the compiler names none */
  readonly file: string | null
  /** from 1 on; `null` when the compiler names none */
  readonly line: number | null
  /** from 1 on; `null` when the compiler names none */
  readonly column: number | null
  /** the profile that it is about, if the compiler names one instead of a line */
  readonly profile: string | null
  /** who reported it: the compiler, this package (about the compilation), or `lint` */
  readonly source: 'apparmor_parser' | 'apparmor' | 'lint'
  /** a fixed name for findings of this package */
  readonly code?: string
}

// Messages may hold newlines of their own and may lack the last one, so each ends where the next begins.
const BEGINNINGS = new RegExp(
  [
    '(?=AppArmor parser error[: ,]|AppArmor parser error (?:for|at) )',
    '(?=Warning(?: converted to Error)? from )',
    '(?=^(?:ERROR |Error: |Warning[: ]|Multiple definitions for |Skipping profile in ))',
    '(?=^profile has merged rule |^profile .*: has merged rule )',
    '(?=^(?:\\S*apparmor_parser|File .*?)(?:: | not found, skipping))',
  ].join('|'),
  'm',
)

const PROGRAM = /(^|: )\S*apparmor_parser: /g

type Shape = readonly [pattern: RegExp, read: (...groups: string[]) => Partial<Diagnostic>]

const error = 'error'
const warning = 'warning'
const place = (file: string | undefined, line: string): Partial<Diagnostic> => ({
  file: file ?? null,
  line: Number(line),
})

const SHAPES: readonly Shape[] = [
  [
    /^AppArmor parser error for .*? in profile (.*) at line (\d+): ([^]*)$/,
    (file = '', line = '', message = '') => ({ severity: error, ...place(file, line), message }),
  ],
  [
    /^AppArmor parser error for (.*) at line (\d+): ([^]*)$/,
    (file = '', line = '', message = '') => ({ severity: error, ...place(file, line), message }),
  ],
  [
    /^AppArmor parser error at line (\d+): ([^]*)$/,
    (line = '', message = '') => ({ severity: error, ...place(undefined, line), message }),
  ],
  [
    /^Warning converted to Error from (.*) \((.*) line (\d+)\): ([^]*)$/,
    (_, file = '', line = '', message = '') => ({ severity: error, ...place(file, line), message }),
  ],
  [
    /^Warning from (.*) \((.*) line (\d+)\): ([^]*)$/,
    (_, file = '', line = '', message = '') => ({
      severity: warning,
      ...place(file, line),
      message,
    }),
  ],
  [
    /^Warning converted to Error from profile (.*) \((.*)\): ([^]*)$/,
    (profile = '', file = '', message = '') => ({ severity: error, profile, file, message }),
  ],
  [
    /^Warning from profile (.*) \((.*)\): ([^]*)$/,
    (profile = '', file = '', message = '') => ({ severity: warning, profile, file, message }),
  ],
  [
    /^(Multiple definitions for profile (.*) exist)/,
    (message = '', profile = '') => ({ severity: error, profile, message }),
  ],
  [
    /^(ERROR [^]* for profile (.*?)(?:, failed to load)?)\s*$/,
    (message = '', profile = '') => ({ severity: error, profile, message }),
  ],
  [
    /^(profile (.*): has merged rule [^]*)$/,
    (message = '', profile = '') => ({ severity: error, profile, message }),
  ],
  [/^((?:Warning|Skipping profile in )[^]*)$/, (message = '') => ({ severity: warning, message })],
]

/**
 * Reads the compiler's stderr.
 *
 * @param text all of it
 * @param failed whether the compiler failed: then what is not understood is an error, too
 * @param input the name that the compiler was given for the policy, and what it stands for
 */
export function readDiagnostics(
  text: string,
  failed: boolean,
  input: { readonly argument: string; readonly file: string | null },
): readonly Diagnostic[] {
  const parts = text.split(BEGINNINGS).map((part) => part.trim().replace(PROGRAM, '$1'))
  // Some warnings come once for each rule that they are about, and name none.
  return [...new Set(parts)]
    .filter((part) => part !== '')
    .map((part) => {
      const found = { ...nothing, severity: failed ? error : warning, ...read(part) } as Diagnostic
      const named = found.file === '' ? null : found.file
      const file = named === input.argument || named === null ? input.file : named
      return { ...found, message: found.message.trim(), file }
    })
}

const nothing = {
  file: null,
  line: null,
  column: null,
  profile: null,
  source: 'apparmor_parser',
} as const

function read(part: string): Partial<Diagnostic> {
  for (const [pattern, interpret] of SHAPES) {
    const groups = pattern.exec(part)
    if (groups) return interpret(...groups.slice(1))
  }
  return { message: part }
}
