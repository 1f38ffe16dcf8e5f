import { checkBytes, checkProfile, checkOptions } from '../border/args.ts'
import { callNative } from '../border/call.ts'
import { invalidArgType, invalidArgValue } from '../border/errors.ts'
import { native } from '../border/native.ts'
import { builtin, path } from '../border/node.ts'
import { readOptions } from '../border/options.ts'

/** Options of {@link execve}. */
export interface ExecveOptions {
  /** the profile the program runs under; not together with `stack` */
  readonly profile?: string
  /** a profile to add to the current label for the program */
  readonly stack?: string
  /** the program's environment; default: this process's */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** the program's `argv[0]`; default: `file` */
  readonly argv0?: string
}

/**
 * Replaces this program with another one, in the same process, under a profile: aa_change_onexec(2) and execve(2).
 *
 * Nothing of this program continues: no `exit` event, no pending write, no other thread. Only the descriptors 0, 1
 * and 2 are kept. All threads end, so the whole process is confined.
 *
 * @param file a path; there is no search in PATH
 * @param args the arguments after `argv[0]`
 * @param options see {@link ExecveOptions}
 * @returns never; when it throws, this program continues
 * @throws {@link AppArmorError} as `changeOnexec`. With the syscall `execve` (`ENOENT`, `EACCES`, `E2BIG`, …):
 *   the program could not be executed, and **the profile stays set for the next exec of this thread**
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, for `profile: undefined` too; RangeError
 *   `ERR_OUT_OF_RANGE`; Error `ERR_ACCESS_DENIED` under Node's permission model without `--allow-child-process`
 * @example
 * ```js
 * import { execve } from 'apparmor'
 * execve('/usr/bin/env', ['-0'], { profile: 'web', env: { LANG: 'C' } })
 * ```
 */
export function execve(file: string, args: readonly string[] = [], options?: ExecveOptions): never {
  checkBytes(file, 'file')
  if (file === '') throw invalidArgValue('file', 'must not be empty', file)
  if (!Array.isArray(args)) throw invalidArgType('args', 'an instance of Array', args)
  for (const [index, argument] of args.entries()) checkBytes(argument, `args[${index}]`)
  const found = readOptions<ExecveOptions>(options, ['profile', 'stack', 'env', 'argv0'])
  const { profile, stack, env = process.env, argv0 = file } = found
  if ('profile' in found && 'stack' in found) {
    throw invalidArgValue('options', 'must not have both profile and stack', options)
  }
  // One that is there without a value is refused: a variable that was never set must not mean "unconfined".
  if ('profile' in found) checkProfile(profile, 'options.profile', 'exec')
  if ('stack' in found) checkProfile(stack, 'options.stack', 'stack')
  checkBytes(argv0, 'options.argv0')
  replace({
    file: path.resolve(file),
    argv: [argv0, ...args],
    env,
    profile: profile as string | undefined,
    stack: stack as string | undefined,
    keepFds: [],
  })
}

/** A program and all that it is started with. */
export interface Replacement {
  readonly file: string
  readonly argv: readonly string[]
  /** unchecked */
  readonly env: unknown
  readonly profile?: string | undefined
  readonly stack?: string | undefined
  readonly keepFds: readonly number[]
}

export function replace({ file, argv, env, profile, stack, keepFds }: Replacement): never {
  const variables = environment(env)
  checkPermission()
  native() // before anything is set
  if (profile !== undefined) {
    callNative((native) => native.changeExec('change', profile), { profile })
  }
  if (stack !== undefined)
    callNative((native) => native.changeExec('stack', stack), { profile: stack })
  // A terminal in raw mode would stay so.
  if (builtin('node:tty').isatty(0) && process.stdin.isRaw) process.stdin.setRawMode(false)
  return callNative((native) => native.execve(file, argv, variables, keepFds), {
    path: file,
    profile: profile ?? stack,
  })
}

function environment(env: unknown): string[] {
  checkOptions(env, 'options.env')
  return Object.entries(env ?? {}).flatMap(([name, value]) => {
    if (value === undefined) return []
    const pair = `${name}=${value}`
    checkBytes(pair, `options.env[${JSON.stringify(name)}]`)
    return [pair]
  })
}

function checkPermission(): void {
  const { permission } = process as { permission?: { has(scope: string): boolean } }
  if (permission === undefined || permission.has('child')) return
  throw Object.assign(new Error('Access to this API has been restricted'), {
    code: 'ERR_ACCESS_DENIED',
    permission: 'ChildProcess',
  })
}
