import { checkInteger, checkProfile, checkOneOf } from '../border/args.ts'
import { callNative, wouldSucceed } from '../border/call.ts'
import { errnoName } from '../border/errno.ts'
import { AppArmorError } from '../border/errors.ts'
import type { Kind, ProcessChange } from '../border/native.ts'
import { readOptions } from '../border/options.ts'
import { startPool } from '../border/pool.ts'
import { reserveStack } from '../border/stack.ts'
import { getThreadCons } from '../inspect/identity.ts'
import { labelIncludes, splitCon, type Mode } from '../inspect/label.ts'

/** Options of {@link changeProfile} and {@link stackProfile}. */
export interface ConfineOptions {
  /** `'process'` (default): every thread. `'thread'`: only the calling thread */
  readonly scope?: 'process' | 'thread'
  /**
   * what to do when some threads have changed and another one could not: `'abort'` (default) ends the process with
   * a message on stderr, before any thread continues; `'throw'` throws `ERR_APPARMOR_PARTIAL`
   */
  readonly onPartial?: 'abort' | 'throw'
  /** how long to wait for all threads, in milliseconds, 1 … 2³¹−1; default 2000 */
  readonly timeout?: number
}

/** The result of {@link changeProfile} and {@link stackProfile}: what is in force now. */
export interface ThreadReport {
  readonly label: string
  /** `null` for plain `unconfined`, and when the thread may not read its label */
  readonly mode: Mode | null
  /** how many threads the call changed */
  readonly threads: number
}

/**
 * Changes the profile of this process: aa_change_profile(2) for each of its threads.
 *
 * The kernel confines threads, and a Node process has about eleven. This function first asks the kernel whether the
 * change would be refused. Then it stops every thread, changes all of them, and reads the labels back. It also
 * works in Workers; two calls at once take turns. Open descriptors, and children that were started before, stay as
 * they are (docs/threads.md).
 *
 * @param profile the name of a loaded profile: `'web'`, `'web//worker'`, `':ns:web'`; or a stack: `'a//&b'`
 * @param options `scope: 'thread'` changes only the calling thread. Other threads stay as they are, and
 *   `fs.promises`, DNS and Workers run on them. `onPartial`, `timeout`: see {@link ConfineOptions}
 * @returns the label that the kernel shows the calling thread after the change. If the new profile does not let the
 *   thread read its label (before Linux 6.8), `label` is the name that you passed, and `mode` is `null`
 * @throws {@link AppArmorError} Nothing was changed: `ENOENT`, `EACCES`, `EPERM` (no_new_privs), `EMFILE`, with
 *   `threads` when it is another thread that would be refused; `EACCES` or `EAGAIN` with the syscall
 *   `rt_tgsigqueueinfo` when the current profile has no `signal` rule for itself, or no signal can be queued;
 *   `ETIMEDOUT`; `ERR_APPARMOR_IN_HAT`, because leaving the hat would undo the change; `ERR_APPARMOR_IO_URING`;
 *   `ERR_APPARMOR_NO_PROCFS`; the codes of {@link availability}. Some threads were changed, with `onPartial:
 *   'throw'`: `ERR_APPARMOR_PARTIAL` with `threads`. RangeError when the call stack is nearly full
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`
 * @example
 * ```js
 * import { changeProfile } from 'apparmor'
 * const { label, mode, threads } = changeProfile('web')
 * ```
 */
export function changeProfile(profile: string, options?: ConfineOptions): ThreadReport {
  checkProfile(profile, 'profile', 'changeprofile')
  return confine('change', profile, options)
}

/**
 * Adds a profile to the label of this process: aa_stack_profile(2) for each of its threads. From then on, the
 * kernel permits only what every profile of the stack permits. It also works under no_new_privs.
 *
 * @param profile the name of a loaded profile, as for {@link changeProfile}
 * @param options as for {@link changeProfile}
 * @returns the label the kernel shows afterwards: `'unconfined//&web'`
 * @throws as {@link changeProfile}
 * @example
 * ```js
 * import { stackProfile } from 'apparmor'
 * const { label } = stackProfile('web')
 * ```
 */
export function stackProfile(profile: string, options?: ConfineOptions): ThreadReport {
  checkProfile(profile, 'profile', 'stack')
  return confine('stack', profile, options)
}

/**
 * Asks the kernel whether {@link changeProfile} would succeed now for the calling thread. Nothing changes.
 *
 * @param profile the name of a profile
 * @returns `false` when it would be refused: no such profile, no rule for it, or no_new_privs
 * @throws {@link AppArmorError} `ERR_APPARMOR_FEATURE_MISSING` when the kernel cannot be asked this; the
 *   codes of {@link availability}; TypeError, RangeError as {@link changeProfile}
 * @example
 * ```js
 * import { canChangeProfile } from 'apparmor'
 * console.log(canChangeProfile('web'))
 * ```
 */
export function canChangeProfile(profile: string): boolean {
  checkProfile(profile, 'profile', 'changeprofile')
  return wouldSucceed(() => callNative((native) => native.tryProfile(profile), { profile }))
}

function confine(kind: Kind, profile: string, options: ConfineOptions | undefined): ThreadReport {
  const {
    scope = 'process',
    onPartial = 'abort',
    timeout = 2000,
  } = readOptions<ConfineOptions>(options, ['scope', 'onPartial', 'timeout'])
  checkOneOf(scope, 'options.scope', ['process', 'thread'])
  checkOneOf(onPartial, 'options.onPartial', ['abort', 'throw'])
  checkInteger(timeout, 'options.timeout', 1, 0x7fffffff)

  reserveStack()
  if (scope === 'thread') {
    startPool()
    const con = callNative((native) => native.changeThread(kind, profile), { profile })
    return report(con, profile, 1)
  }
  const abort = onPartial === 'abort'
  const change = callNative((native) => native.changeProcess(kind, profile, timeout, abort), {
    profile,
  })
  if (change.errno !== 0) throw refused(kind, profile, change)
  if (!change.setuidWorks) warnOfSetuid(profile)
  return report(change.con, profile, change.threads)
}

// Where the label may not be read, the name is known, and the mode is not.
function report(con: string | null, profile: string, threads: number): ThreadReport {
  return con === null ? { label: profile, mode: null, threads } : { ...splitCon(con), threads }
}

function refused(kind: Kind, profile: string, change: ProcessChange): AppArmorError {
  const codes = new Map(change.refused.map(({ tid, errno }) => [tid, errnoName(errno)]))
  const syscall = kind === 'change' ? 'aa_change_profile' : 'aa_stack_profile'
  const { errno, threads: changed } = change
  const threads = threadStates(changed > 0 ? profile : null, codes)
  if (changed === 0) {
    const detail = `thread ${change.refused.map(({ tid }) => tid).join(', ')}; nothing was changed`
    const why = errnoName(errno) === 'EALREADY' ? { code: 'ERR_APPARMOR_IN_HAT' } : { errno }
    return new AppArmorError({ ...why, syscall, profile, detail, threads })
  }
  const detail = errnoName(errno)
  return new AppArmorError({
    code: 'ERR_APPARMOR_PARTIAL',
    errno,
    syscall,
    profile,
    detail,
    threads,
  })
}

// The labels may be unreadable now; which threads refused, and why, is known all the same.
function threadStates(
  changedTo: string | null,
  codes: ReadonlyMap<number, string>,
): AppArmorError['threads'] & object {
  const codeOf = (label: string) =>
    changedTo !== null && labelIncludes(label, changedTo) ? null : 'ECANCELED'
  try {
    return getThreadCons().map(({ tid, name, label }) => {
      return { tid, name, label, code: codes.get(tid) ?? codeOf(label) }
    })
  } catch {
    return [...codes].map(([tid, code]) => ({ tid, name: '', label: '', code }))
  }
}

// libc changes uids by a signal to every thread and reports success although none arrived.
function warnOfSetuid(profile: string): void {
  process.emitWarning(
    `Under the profile '${profile}' the threads may not signal each other. From now on, process.setuid() and similar functions change only the main thread, and still report success. Change user ids before confining the process, or add "signal (send, receive) peer=@{profile_name}," to the profile.`,
    { type: 'AppArmorWarning', code: 'APPARMOR_SETUID' },
  )
}
