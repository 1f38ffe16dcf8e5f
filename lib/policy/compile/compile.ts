import { AppArmorError } from '../../border/errors.ts'
import type { LintDiagnostic } from '../lint/lint.ts'
import { BlobError, readBlob, type BlobRecord } from './blob.ts'
import { readDiagnostics, type Diagnostic } from './diagnostic.ts'
import { Entry, openCache } from '../cache/entry.ts'
import { builtin, path } from '../../border/node.ts'
import { PolicyCompileError } from './error.ts'
import { featuresFile } from './features.ts'
import { compilerId, sourceId } from './identity.ts'
import { lintInput } from './lint.ts'
import { readCompileOptions, type CompileOptions, type ReadOptions } from './options.ts'
import { parserVersion, runParser, TEXT_ARGUMENT, type Ran, type Single } from './parser.ts'
import { readSource, type PolicySource } from './source.ts'

export type { CompileOptions } from './options.ts'
export type { PolicySource } from './source.ts'

/** A profile that a compiled policy defines. */
export interface CompiledProfile {
  /** `null` for the policy namespace of the process that loads it */
  readonly namespace: string | null
  /** its full name: `'web//upload'` for a child profile or a hat */
  readonly name: string
}

/** Binary policy in the kernel's format. */
export interface CompiledPolicy {
  readonly kind: 'compiled'
  readonly binary: Uint8Array
  readonly profiles: readonly CompiledProfile[]
  /** the compiler's warnings */
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Compiles policy with the system's apparmor_parser. Loads nothing.
 *
 * It needs neither privilege nor a kernel with AppArmor. Each call starts a process, and at most one process runs
 * for each processor. Rests on apparmor_parser(8).
 *
 * @param source text in the policy language, or `{ file }`
 * @param options see {@link CompileOptions}; an unknown one is refused
 * @returns the binary policy, with the names of the profiles in it
 * @throws `AppArmorError` (rejects) `ERR_APPARMOR_CACHE_FOREIGN` other users can write to the directory `cache`
 * @throws {@link PolicyCompileError} (rejects) `ERR_APPARMOR_COMPILE` with diagnostics
 * @throws `AppArmorError` (rejects) `ERR_APPARMOR_PARSER_MISSING` when the compiler is not installed,
 *   `ERR_APPARMOR_PARSER` when it cannot be run or takes too long
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`; the signal's
 *   reason when it aborts (all reject)
 * @example
 * ```js
 * import { compile } from 'apparmor/policy'
 * const { profiles, binary } = await compile('profile web /usr/bin/web { /srv/** r, }')
 * console.log(profiles, binary.length)
 * ```
 */
export async function compile(
  source: PolicySource,
  options?: CompileOptions,
): Promise<CompiledPolicy> {
  const input = readSource(source)
  const read = readCompileOptions(options)
  const { compiled, diagnostics } = await attempt(input, read)
  if (compiled === null) throw new PolicyCompileError(diagnostics)
  return compiled
}

/**
 * Reports what is wrong with a policy: the findings of {@link compile} and of {@link lint}, options of the compiler
 * and the kernel that it would be compiled for. A policy with mistakes gives findings, and does not reject.
 *
 * It needs neither privilege nor a kernel with AppArmor. Rests on apparmor_parser(8).
 *
 * @param source text in the policy language, or `{ file }`
 * @param options as for {@link compile}
 * @returns every error and warning: those of the compiler, then those of `lint` (`source: 'lint'`); empty when
 *   there are none
 * @throws as {@link compile}, but not {@link PolicyCompileError}
 * @example
 * ```js
 * import { check } from 'apparmor/policy'
 * for (const { severity, file, line, message } of await check({ file: '/etc/apparmor.d/usr.bin.man' })) {
 *   console.log(`${file}:${line}: ${severity}: ${message}`)
 * }
 * ```
 */
export async function check(
  source: PolicySource,
  options?: CompileOptions,
): Promise<readonly (Diagnostic | LintDiagnostic)[]> {
  const input = readSource(source)
  const read = readCompileOptions(options)
  const { compiled, diagnostics } = await attempt(input, read)
  const silent = await lintInput(input, read)
  // That it cannot be read matters only where the compiler can.
  const found = silent.filter((one) => compiled !== null || 'rule' in one)
  return Object.freeze([...diagnostics, ...found])
}

interface Attempt {
  /** `null` when the policy does not compile */
  readonly compiled: CompiledPolicy | null
  readonly diagnostics: readonly Diagnostic[]
}

// Rules that are dropped or weakened are silent unless asked for.
const WARNINGS = ['rule-not-enforced', 'rule-downgraded', 'deprecated', 'abi']

/** Compiles checked input, or takes from the cache what was compiled of the same. */
export async function attempt(input: Single, options: ReadOptions): Promise<Attempt> {
  const { cache } = options
  if (cache === undefined || !('file' in input)) return compileNow(input, options)
  const entry = new Entry(openCache(cache, options), path.basename(input.file))
  const compiler = await compilerId(options)
  const source = sourceId(input.file, compiler, options)
  const kept = entry.read(source)
  if (kept) {
    const { binary, diagnostics } = kept
    return { compiled: toCompiled(binary, readBlob(binary), diagnostics), diagnostics }
  }
  const made = await compileNow(input, options)
  // What was read may be neither the old nor the new text.
  if (made.compiled === null || sourceId(input.file, compiler, options) !== source) return made
  try {
    entry.write(source, made.compiled)
    return made
  } catch (error) {
    const diagnostics = Object.freeze([...made.diagnostics, notCached(error as Error)])
    return { compiled: { ...made.compiled, diagnostics }, diagnostics }
  }
}

async function compileNow(input: Single, options: ReadOptions): Promise<Attempt> {
  const args = [
    '--jobs=0',
    ...WARNINGS.map((name) => `--warn=${name}`),
    ...(await commonArgs(options)),
  ]
  const ran = await runParser(args, input, options)
  const failed = ran.status !== 0
  const diagnostics = [...readDiagnostics(ran.stderr, failed, subjectOf(input, options))]
  const records = failed ? [] : recordsOf(ran, options)
  if (failed && diagnostics.length === 0) diagnostics.push(wordless(ran.status))
  if (!failed && records.length === 0 && !isEmpty(input)) diagnostics.push(NOTHING)
  return {
    diagnostics: Object.freeze(diagnostics.map((diagnostic) => Object.freeze(diagnostic))),
    compiled: failed ? null : toCompiled(ran.stdout, records, diagnostics),
  }
}

/**
 * Compiles several files with one process, which takes a good deal less time than one for each.
 *
 * @returns what each has made, in their order; `null` when one of them fails: which one, the compiler does not tell
 */
export async function compileTogether(
  files: readonly string[],
  options: ReadOptions,
): Promise<readonly (readonly BlobRecord[])[] | null> {
  // A profile behind each file tells where what it has made ends. One job at a time: they come in their order.
  const end = `apparmor-end-${builtin('node:crypto').randomUUID()}`
  const args = ['--jobs=1', ...(await commonArgs(options))]
  const input = { files, text: `profile ${end} {\n}\n` }
  const ran = await runParser(args, input, options)
  if (ran.status !== 0) return null
  const made: BlobRecord[][] = [[]]
  for (const record of recordsOf(ran, options)) {
    if (record.name === end) made.push([])
    else made.at(-1)?.push(record)
  }
  const rest = made.pop()
  return made.length === files.length && rest?.length === 0 ? made : null
}

const commonArgs = async (options: ReadOptions): Promise<readonly string[]> => [
  '--skip-kernel-load',
  '--skip-cache',
  '--stdout',
  ...(await compressionOff(options)),
  ...featureFlags(options),
  ...options.args,
]

// From version 5 on the parser may compress, which not every kernel understands.
async function compressionOff({ parser }: ReadOptions): Promise<readonly string[]> {
  const [major = 0] = await parserVersion(parser)
  return major >= 5 ? ['--zstd-compress-level=none'] : []
}

function subjectOf(
  input: Single,
  { name }: ReadOptions,
): { readonly argument: string; readonly file: string | null } {
  return 'file' in input
    ? { argument: input.file, file: input.file }
    : { argument: TEXT_ARGUMENT, file: name }
}

function recordsOf(ran: Ran, { parser }: ReadOptions): readonly BlobRecord[] {
  try {
    return readBlob(ran.stdout)
  } catch (cause) {
    if (!(cause instanceof BlobError)) throw cause
    throw new AppArmorError({
      code: 'ERR_APPARMOR_PARSER',
      path: parser,
      detail: cause.message,
      cause,
    })
  }
}

/** A compiled policy, frozen, of a binary that was read. */
export function toCompiled(
  binary: Uint8Array,
  records: readonly BlobRecord[],
  diagnostics: readonly Diagnostic[],
): CompiledPolicy {
  const profiles = records.map(({ namespace, name }) => Object.freeze({ namespace, name }))
  return Object.freeze({
    kind: 'compiled',
    binary,
    profiles: Object.freeze(profiles),
    diagnostics: Object.freeze([...diagnostics]),
  })
}

// A full disk keeps nobody from compiling.
const notCached = ({ message }: Error): Diagnostic => ({
  severity: 'warning',
  message: `the binary policy could not be kept in the cache: ${message}`,
  file: null,
  line: null,
  column: null,
  profile: null,
  source: 'apparmor',
  code: 'not-cached',
})

const wordless = (status: number): Diagnostic => ({
  severity: 'error',
  message: `apparmor_parser ended with status ${status} and gave no reason`,
  file: null,
  line: null,
  column: null,
  profile: null,
  source: 'apparmor',
  code: 'no-reason',
})

const NOTHING: Diagnostic = {
  severity: 'warning',
  message:
    'no profile comes out of this policy: it defines none, or a link in the directory "disable" switches it off',
  file: null,
  line: null,
  column: null,
  profile: null,
  source: 'apparmor',
  code: 'nothing-compiled',
}

const isEmpty = (input: Single): boolean =>
  'text' in input && input.text.replaceAll(/#.*$/gm, '').trim() === ''

// Without features the parser would compile for a kernel that hardly mediates anything.
function featureFlags(options: ReadOptions): readonly string[] {
  const file = featuresFile(options)
  return file === null ? [] : ['--features-file', file]
}
