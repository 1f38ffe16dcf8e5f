import { errnoName } from './errno.ts'
import { anywhere, failures, ownCodes, unavailable, type Meaning } from './failures.ts'

import { visible } from './visible.ts'
import { escape, writeWord } from './word.ts'

export { invalidArgType, invalidArgValue, outOfRange } from './invalid.ts'

/** What an {@link AppArmorError} is made from. */
export interface Failure {
  /** the kernel's errno, negative as Node has it; or `code` */
  readonly errno?: number
  readonly code?: string
  readonly syscall?: string | undefined
  readonly profile?: string | undefined
  readonly path?: string | undefined
  readonly pid?: number | undefined
  /** AppArmor as a whole is unusable: `errno` is aa_is_enabled's */
  readonly unavailable?: boolean
  readonly threads?: readonly ThreadState[]
  readonly done?: readonly string[]
  readonly detail?: string | undefined
  /** what the calling thread runs under, where that explains the refusal */
  readonly label?: string | undefined
  readonly cause?: unknown
}

/** The codes that errors of this package have: an errno's name, or the package's own. Others may come. */
export type AppArmorErrorCode =
  | 'E2BIG'
  | 'EACCES'
  | 'EAGAIN'
  | 'EBADF'
  | 'EBADMSG'
  | 'EBUSY'
  | 'ECANCELED'
  | 'ECHILD'
  | 'EEXIST'
  | 'EFBIG'
  | 'EINVAL'
  | 'EISDIR'
  | 'EMFILE'
  | 'ENAMETOOLONG'
  | 'ENFILE'
  | 'ENOBUFS'
  | 'ENODEV'
  | 'ENOENT'
  | 'ENOEXEC'
  | 'ENOMEM'
  | 'ENOPROTOOPT'
  | 'ENOSYS'
  | 'ENOTCONN'
  | 'ENOTDIR'
  | 'ENOTSOCK'
  | 'ENOTSUP'
  | 'EPERM'
  | 'EPROTO'
  | 'EPROTONOSUPPORT'
  | 'ESRCH'
  | 'ETIMEDOUT'
  | 'ETXTBSY'
  | 'ERR_APPARMOR_FEATURES'
  | 'ERR_APPARMOR_FEATURE_MISSING'
  | 'ERR_APPARMOR_IN_HAT'
  | 'ERR_APPARMOR_IO_URING'
  | 'ERR_APPARMOR_LAUNCHER'
  | 'ERR_APPARMOR_NATIVE_LOADED'
  | 'ERR_APPARMOR_NATIVE_MISSING'
  | 'ERR_APPARMOR_NO_CHILD'
  | 'ERR_APPARMOR_NO_PROCFS'
  | 'ERR_APPARMOR_ONEXEC_SET'
  | 'ERR_APPARMOR_PARSER'
  | 'ERR_APPARMOR_PARSER_MISSING'
  | 'ERR_APPARMOR_PARTIAL'
  | 'ERR_APPARMOR_CACHE_DAMAGED'
  | 'ERR_APPARMOR_CACHE_FOREIGN'
  | 'ERR_APPARMOR_POLICY_DANGEROUS'
  | 'ERR_APPARMOR_POLICY_HARMFUL'
  | 'ERR_APPARMOR_PROFILE_IN_USE'
  | 'ERR_APPARMOR_REEXEC_LATE'
  | 'ERR_APPARMOR_REEXEC_LOOP'
  | 'ERR_APPARMOR_UNSUPPORTED_PLATFORM'
  | 'ERR_APPARMOR_UNSUPPORTED_RUNTIME'
  | 'ERR_APPARMOR_ADDONS_DENIED'
  | 'ERR_APPARMOR_NAMESPACE_UNKNOWN'
  | 'ERR_APPARMOR_PROFILE_REMOVED'
  | 'ERR_APPARMOR_LOG'
  | 'ERR_APPARMOR_NO_LOG'
  | 'ERR_APPARMOR_SYNC_RUNNING'
  | 'ERR_APPARMOR_SYNC_CONFLICT'
  | 'ERR_APPARMOR_SYNC_CHANGED'
  | 'ERR_APPARMOR_MANIFEST'
  | (string & {})

/** Without what `Object.prototype` may have been given. */
export function ownProperties(failure: Failure): Failure {
  return Object.assign(Object.create(null), failure)
}

/** One thread of a process that was changed only in part. */
export interface ThreadState {
  readonly tid: number
  readonly name: string
  readonly label: string
  /** why it was not changed (`'ECANCELED'`: not tried, as another had refused), `null` when it was */
  readonly code: string | null
}

function explain(failure: Failure, code: string): Meaning | undefined {
  if (failure.unavailable) return unavailable[code]
  return ownCodes[code] ?? failures[failure.syscall ?? '']?.[code] ?? anywhere[code]
}

/**
 * What every refusal by the kernel is thrown as.
 *
 * `code` is the errno's name (`'ENOENT'`) or one of `ERR_APPARMOR_…`; `errno` is negative and `syscall`
 * is libapparmor's name of the call, as in Node's own system errors. The message says what the errno
 * means for that call and what to do: the table in `docs/errors.md`.
 *
 * @example
 * ```js
 * import { changeProfile, AppArmorError } from 'apparmor'
 * try {
 *   changeProfile('web', { scope: 'thread' })
 * } catch (error) {
 *   if (error instanceof AppArmorError) console.error(error.code, error.syscall, error.profile)
 * }
 * ```
 */
export class AppArmorError extends Error {
  /** `'ENOENT'`, `'EACCES'`, … or `'ERR_APPARMOR_…'` */
  readonly code: AppArmorErrorCode
  /** the negative errno, when the kernel refused */
  declare readonly errno?: number
  /** libapparmor's name of the call that was refused: `'aa_change_profile'` */
  declare readonly syscall?: string
  /** the profile that was asked for */
  declare readonly profile?: string
  /** the file that could not be opened */
  declare readonly path?: string
  /** the process that was asked about */
  declare readonly pid?: number
  /** every thread and its label, after a change that succeeded in part */
  declare readonly threads?: readonly ThreadState[]
  /** the profiles that were loaded, or removed, before the one that was refused */
  declare readonly done?: readonly string[]

  /** @internal */
  constructor(found: Failure) {
    const failure = ownProperties(found)
    const code = failure.code ?? errnoName(failure.errno ?? 0)
    const { meaning, help } = explain(failure, code) ?? {
      meaning: 'refused by the kernel',
      help: '',
    }
    const program = failure.syscall === 'execve' ? failure.path : undefined
    const subject = program ?? failure.profile ?? failure.pid ?? failure.path
    const call = failure.syscall ? `, ${failure.syscall}` : ''
    const what = subject === undefined ? '' : ` ${quote(subject)}`
    const detail = failure.detail ? ` (${failure.detail})` : ''
    super(
      `${code}: ${meaning}${detail}${call}${what}${help && `. ${fill(help, failure)}`}`,
      failure.cause === undefined ? undefined : { cause: failure.cause },
    )
    this.code = code
    if (failure.errno !== undefined) this.errno = failure.errno
    if (failure.syscall !== undefined) this.syscall = failure.syscall
    if (failure.profile !== undefined) this.profile = failure.profile
    if (failure.path !== undefined) this.path = failure.path
    if (failure.pid !== undefined) this.pid = failure.pid
    if (failure.threads !== undefined) this.threads = failure.threads
    if (failure.done !== undefined) this.done = failure.done
  }
}

// Not in a static block: the bundler would rename the class.
Object.defineProperty(AppArmorError.prototype, 'name', {
  value: 'AppArmorError',
  writable: true,
  configurable: true,
})

// Where the table says NAME, the reader's own name stands, so that the rule can be copied.
function fill(help: string, { profile, label }: Failure): string {
  const named =
    profile === undefined
      ? help
      : help.replaceAll(
          /-> (&?)NAME,/g,
          (_, and: string) => `-> ${writeWord(and + escape(profile))},`,
        )
  return label === undefined ? named : `${named} This thread runs under ${visible(label)}.`
}

// A name that breaks the line would forge what follows.
function quote(subject: string | number): string {
  return typeof subject === 'number' ? String(subject) : `'${visible(subject)}'`
}
