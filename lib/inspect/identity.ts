import { checkOneOf, checkPid } from '../border/args.ts'
import { callNative } from '../border/call.ts'
import { splitCon, type Confinement, type Mode } from './label.ts'

/** One thread of a process and the label it runs under. */
export interface ThreadCon {
  readonly tid: number
  /** the thread's own name (comm), at most 15 bytes */
  readonly name: string
  readonly label: string
  readonly mode: Mode | null
}

/**
 * Tells the label of the calling thread: aa_getcon(2).
 *
 * Every thread has its own: in a Worker this is the Worker's. Bytes that are not UTF-8 are kept as lone
 * surrogates U+DC80…U+DCFF, and every function takes them back.
 *
 * @returns `{ label: 'unconfined', mode: null }`, or a label and its mode
 * @throws {@link AppArmorError} `EACCES` when the profile does not let the thread read its label (before
 *   Linux 6.8); `ERR_APPARMOR_NO_PROCFS`; the codes of {@link availability} without AppArmor
 * @example
 * ```js
 * import { getcon } from 'apparmor'
 * console.log(getcon().label)
 * ```
 */
export function getcon(): Confinement {
  return splitCon(callNative((native) => native.readAttr('current')) ?? '')
}

/**
 * Tells the label of a process, of its main thread to be exact: aa_gettaskcon(2).
 *
 * A thread id names that thread. {@link getThreadCons} shows all of them.
 *
 * @param pid a process or thread id, 1 … 2³¹−1
 * @throws {@link AppArmorError} `ENOENT` no such process, `EACCES`; the codes of {@link availability}
 * @throws TypeError `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE`
 * @example
 * ```js
 * import { getTaskCon } from 'apparmor'
 * console.log(getTaskCon(process.ppid).label)
 * ```
 */
export function getTaskCon(pid: number): Confinement {
  checkPid(pid, 'pid')
  return splitCon(callNative((native) => native.readTask(pid), { pid }))
}

/**
 * Tells the label of every thread of a process: the way to see a half-confined one.
 *
 * @param pid default: this process
 * @returns in the order of creation; threads that end meanwhile are left out
 * @throws {@link AppArmorError} `ENOENT` no such process, `EACCES`; the codes of {@link availability}
 * @throws TypeError `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE`
 * @example
 * ```js
 * import { getThreadCons } from 'apparmor'
 * console.table(getThreadCons())
 * ```
 */
export function getThreadCons(pid?: number): readonly ThreadCon[] {
  if (pid !== undefined) checkPid(pid, 'pid')
  const threads = callNative((native) => native.listThreads(pid ?? 0), { pid })
  return threads.map(({ tid, name, label }) => ({ tid, name, ...splitCon(label) }))
}

/**
 * Reads one attribute of the calling thread: aa_getprocattr(2).
 *
 * Of the calling thread only: for another task the kernel answers `exec` and `prev` with the reader's own.
 *
 * @param attr `'current'` the label; `'exec'` what {@link changeOnexec} set; `'prev'` the label to which
 *   the thread returns from a hat
 * @returns `null` when the attribute is not set
 * @throws {@link AppArmorError} as {@link getcon}; TypeError `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { getProcAttr } from 'apparmor'
 * console.log(getProcAttr('exec')) // null
 * ```
 */
export function getProcAttr(attr: 'current' | 'exec' | 'prev'): Confinement | null {
  checkOneOf(attr, 'attr', ['current', 'exec', 'prev'])
  const con = callNative((native) => native.readAttr(attr))
  return con === null ? null : splitCon(con)
}
