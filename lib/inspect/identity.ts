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
 * Returns the label of the calling thread: aa_getcon(2).
 *
 * Every thread has its own label: in a Worker this is the Worker's. Bytes that are not UTF-8 are kept as lone
 * surrogates U+DC80…U+DCFF, and every function accepts them.
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
 * Returns the label of a process, or more precisely of its main thread: aa_gettaskcon(2).
 *
 * Pass a thread id to ask about that thread. {@link getThreadCons} shows all of them.
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
 * Returns the label of every thread of a process. It shows whether a process is only partly confined.
 *
 * @param pid default: this process
 * @returns the threads in the order of their creation; threads that end during the call are left out
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
 * It reads only the calling thread's: asked about another thread, the kernel answers `exec` and `prev` for the
 * reader.
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
