import { checkInteger, checkLabel, checkOneOf, checkText } from '../../border/args.ts'
import { invalidArgType } from '../../border/errors.ts'
import { readOptions, refuseUnknown } from '../../border/options.ts'
import { readPath } from './source.ts'

/** Options of {@link compile} and {@link check}. */
export interface CompileOptions {
  /** for text: the name of the file that it came from, for diagnostics */
  readonly name?: string
  /** the policy namespace of profiles that name none; default: that of the process that loads them */
  readonly namespace?: string
  /** directories to search for `include <…>` and `abi <…>`, before the base directory */
  readonly include?: readonly string[]
  /** the base directory, where includes are searched last; default `/etc/apparmor.d` */
  readonly base?: string
  /**
   * a file with the features of the kernel that the policy is for; default: the running kernel's, or if they are
   * not visible, those of the distribution's newest file
   */
  readonly features?: string
  /** a file with the features that every profile is compiled for, whatever its `abi` rule says */
  readonly abi?: string
  /** `'complain'`: every profile in complain mode, whatever its flags say */
  readonly mode?: 'complain'
  /** values of apparmor_parser's option `-O`, such as `'no-expr-simplify'`: faster to compile, larger */
  readonly optimize?: readonly string[]
  /** apparmor_parser's configuration file; `false` for none; default `/etc/apparmor/parser.conf` */
  readonly config?: string | false
  /** the absolute path of the compiler; default: the system's apparmor_parser, which is not looked up in `PATH` */
  readonly parser?: string
  /**
   * a directory that keeps the binary of each file. It is used again as long as the file, what it includes, the
   * compiler and its options are the same. A directory that other users can write to is refused. Default: none
   */
  readonly cache?: string | URL
  /** stops the compiler */
  readonly signal?: AbortSignal
  /** stops the compiler after this time, in milliseconds; default: 300,000 */
  readonly timeout?: number
}

/** {@link CompileOptions}, read and checked. */
export interface ReadOptions {
  readonly args: readonly string[]
  readonly name: string | null
  readonly features: string | undefined
  /** the file with the features of the ABI */
  readonly abi: string | undefined
  /** the parser's configuration; `null` for none */
  readonly config: string | null
  readonly base: string
  /** directories to search before the base directory */
  readonly include: readonly string[]
  /** what decides on the outcome beside the policy: configuration, features */
  readonly files: readonly string[]
  readonly parser: string | undefined
  readonly cache: string | undefined
  readonly signal: AbortSignal | undefined
  readonly timeout: number
}

const NAMES = [
  'name',
  'namespace',
  'include',
  'base',
  'features',
  'abi',
  'mode',
  'optimize',
  'config',
  'parser',
  'cache',
  'signal',
  'timeout',
] as const satisfies readonly (keyof CompileOptions)[]

/** The base directory of policy. */
export const BASE = '/etc/apparmor.d'
const CONFIG = '/etc/apparmor/parser.conf'

/** @param others names of options that the caller reads itself */
export function readCompileOptions(options: unknown, others: readonly string[] = []): ReadOptions {
  const read = readOptions<CompileOptions>(options, NAMES)
  // A misspelt option could load a policy where, or as what, nobody meant it to be.
  refuseUnknown(options, [...NAMES, ...others])
  const { name, signal, timeout = 300_000 } = read
  if (name !== undefined) checkText(name, 'options.name')
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidArgType('options.signal', 'an instance of AbortSignal', signal)
  }
  checkInteger(timeout, 'options.timeout', 1, 0x7fffffff)
  const optional = (value: unknown, argument: string): string | undefined =>
    value === undefined ? undefined : readPath(value, `options.${argument}`)
  const base = optional(read.base, 'base')
  const config = read.config ?? CONFIG
  const include = list(read.include ?? [], 'options.include').map((directory, i) =>
    readPath(directory, `options.include[${i}]`),
  )
  return {
    args: [
      ...include.flatMap((directory) => ['--Include', directory]),
      ...flags(read),
      ...(base === undefined ? [] : ['--base', base]),
    ],
    name: name ?? null,
    features: optional(read.features, 'features'),
    abi: optional(read.abi, 'abi'),
    config: typeof config === 'string' ? config : null,
    files: [config, read.features, read.abi].filter((file) => typeof file === 'string'),
    base: base ?? BASE,
    include,
    parser: optional(read.parser, 'parser'),
    cache: optional(read.cache, 'cache'),
    signal,
    timeout,
  }
}

function flags(read: { readonly [Name in keyof CompileOptions]?: unknown }): string[] {
  const { namespace, abi, mode, optimize = [], config } = read
  const args: string[] = []
  if (namespace !== undefined) {
    checkLabel(namespace, 'options.namespace')
    args.push(`--namespace=${namespace}`)
  }
  if (abi !== undefined) args.push('--override-policy-abi', readPath(abi, 'options.abi'))
  if (mode !== undefined) {
    checkOneOf(mode, 'options.mode', ['complain'])
    args.push('--Complain')
  }
  for (const [i, word] of list(optimize, 'options.optimize').entries()) {
    checkText(word, `options.optimize[${i}]`)
    args.push(`--optimize=${word}`)
  }
  if (config === false) args.push('--config-file=/dev/null')
  else if (config !== undefined) args.push(`--config-file=${readPath(config, 'options.config')}`)
  return args
}

function list(value: unknown, argument: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalidArgType(argument, 'an instance of Array', value)
  return [...(value as readonly unknown[])]
}
