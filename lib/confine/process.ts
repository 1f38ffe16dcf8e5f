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

/** How {@link changeProfile} and {@link stackProfile} go about it. */
export interface ConfineOptions {
  /** `'process'` (default): every thread. `'thread'`: the calling one alone */
  readonly scope?: 'process' | 'thread'
  /**
   * What to do when some threads were changed and one could not be: `'abort'` (default) ends the process
   * with a message on stderr before any thread runs on; `'throw'` gives `ERR_APPARMOR_PARTIAL`
   */
  readonly onPartial?: 'abort' | 'throw'
  /** how long to wait for all threads, in milliseconds, 1 … 2³¹−1; default 2000 */
  readonly timeout?: number
}

/** What is in force after {@link changeProfile} or {@link stackProfile}. */
export interface ThreadReport {
  readonly label: string
  /** `null` for plain `unconfined`, and where the thread may not read its label */
  readonly mode: Mode | null
  /** how many threads have it now because of the call */
  readonly threads: number
}

/**
 * Changes the profile of this process, all of its threads: aa_change_profile(2) for each.
 *
 * The kernel confines threads, and a Node process has about eleven. This asks first whether the change
 * would be refused, then has every thread make it while none runs on, and reads the labels back. Works
 * from Workers too; two calls at once take turns. What stays as it was: descriptors that are open,
 * children that were started before (docs/threads.md).
 *
 * @param profile the name of a loaded profile: `'web'`, `'web//worker'`, `':ns:web'`, a stack `'a//&b'`
 * @param options `scope: 'thread'` changes the calling thread only and says nothing about the others:
 *   `fs.promises`, DNS and Workers run on other threads. `onPartial`, `timeout`: see {@link ConfineOptions}
 * @returns the label the kernel shows the calling thread right after the change. Where the new profile does not
 *   let the thread read it (before Linux 6.8), the name that was asked for, and the mode `null`
 * @throws {@link AppArmorError} Nothing was changed: `ENOENT`, `EACCES`, `EPERM` (no_new_privs), `EMFILE`, with
 *   `threads` when it is another thread that would be refused; `EACCES` or `EAGAIN` with the syscall
 *   `rt_tgsigqueueinfo` when the current profile has no `signal` rule for itself, or no signal can be queued;
 *   `ETIMEDOUT`; `ERR_APPARMOR_IN_HAT`, since the end of a thread's hat would undo the change; `ERR_APPARMOR_IO_URING`; `ERR_APPARMOR_NO_PROCFS`; the codes of {@link availability}. A part was
 *   changed, with `onPartial: 'throw'`: `ERR_APPARMOR_PARTIAL` with `threads`. RangeError when little of the stack
 *   is left
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
 * Adds a profile to the label of this process, all of its threads: aa_stack_profile(2) for each.
 * Afterwards only what every profile of the stack permits is permitted; it works under no_new_privs too.
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
 * Asks the kernel whether {@link changeProfile} would succeed now for the calling thread; nothing changes.
 *
 * @param profile the name of a profile
 * @returns `false` where it would be refused: no such profile, no rule for it, or no_new_privs
 * @throws {@link AppArmorError} `ERR_APPARMOR_FEATURE_MISSING` when the kernel knows no such question; the
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
    `The threads may not signal each other under the profile '${profile}': from now on process.setuid() and its kin change the main thread only and report success. Change uids before confining, or add "signal (send, receive) peer=@{profile_name}," to the profile.`,
    { type: 'AppArmorWarning', code: 'APPARMOR_SETUID' },
  )
}
