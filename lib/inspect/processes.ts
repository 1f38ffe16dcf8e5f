import { checkLabel, checkOneOf, checkPid } from '../border/args.ts'
import { Attachments } from './attachment.ts'
import { isEnabled } from './availability.ts'
import { callNativeAsync } from '../border/call.ts'
import { Names, readContainer, type Container } from './container.ts'
import { AppArmorError, invalidArgType } from '../border/errors.ts'
import type { ThreadCon } from './identity.ts'
import { labelIncludes, MODES, splitCon, type Mode } from './label.ts'
import { profiles, type LoadedProfile } from './profiles.ts'
import { util } from '../border/node.ts'
import { readOptions } from '../border/options.ts'
import { Rows, Turns } from '../border/rows.ts'

/** One process, and what confines it. */
export interface ConfinedProcess {
  readonly pid: number
  /** the parent's process id; `null` when the parent is not visible from here, or may not be read */
  readonly parent: number | null
  /** the real user id, `null` when it may not be read */
  readonly uid: number | null
  /**
   * `'kernel'`: a thread of the kernel, which has no program; `'zombie'`: it has ended, and its parent has not
   * collected it yet
   */
  readonly kind: 'program' | 'kernel' | 'zombie'
  /** its short name, at most 15 bytes (comm) */
  readonly command: string
  /** the file it runs; `null` when it has none, or when it may not be read */
  readonly executable: string | null
  /** the main thread's label; `null` when it may not be read */
  readonly label: string | null
  /** `null` for plain `unconfined`, too */
  readonly mode: Mode | null
  /** how many threads it has, `null` when it may not be read */
  readonly threads: number | null
  /** the threads whose label differs from the main thread's: with any of them, the process is only partly confined */
  readonly differing: readonly ThreadCon[]
  /**
   * for an unconfined program, the loaded profile that is attached to its file. The program was started before that
   * profile was loaded, and needs a restart. `null` also when the policy may not be read
   */
  readonly expected: string | null
  /** the container that the process is in; only with `containers: true` */
  readonly container?: Container | null
}

/** One value, one of several values, or a test. */
export type Wanted<T> = T | readonly T[] | ((value: T) => boolean)

/** Which processes {@link processes} returns: those that match every property. */
export interface ProcessFilter {
  /**
   * a profile, or a stack of profiles, that the label of the process or of a thread includes; or a test of the whole
   * label
   */
  readonly label?: string | RegExp | ((label: string) => boolean)
  readonly mode?: Wanted<Mode | null>
  readonly pid?: Wanted<number>
  readonly executable?: string | RegExp | ((executable: string) => boolean)
}

/** What else {@link processes} reports. */
export interface ProcessOptions {
  /** `true`: also report the container of each process. It reads one more file of /proc for each. Default: `false` */
  readonly containers?: boolean
}

/**
 * Lists the processes that /proc shows, with the labels of all of their threads.
 *
 * Processes that end during the call are left out. What may not be read is `null`.
 *
 * @param filter default: every process; it matches only what can be read
 * @param options `containers: true` names the container of each process: see {@link containerOf}
 * @returns the processes in the order of /proc, with the process ids of its PID namespace
 * @throws {@link AppArmorError} (rejects) the codes of {@link availability} without AppArmor; `EACCES`,
 *   `ENOENT` when /proc cannot be read
 * @throws TypeError `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE` (both reject)
 * @example
 * ```js
 * import { processes } from 'apparmor'
 * const half = (await processes()).filter(({ differing }) => differing.length > 0)
 * const web = await processes({ label: 'web', mode: ['enforce', 'kill'] })
 * ```
 */
export async function processes(
  filter?: ProcessFilter,
  options?: ProcessOptions,
): Promise<readonly ConfinedProcess[]> {
  const { containers = false } = readOptions<ProcessOptions>(options, ['containers'])
  if (typeof containers !== 'boolean') {
    throw invalidArgType('options.containers', 'of type boolean', containers)
  }
  const { label, mode, pid, executable } = readOptions<ProcessFilter>(
    filter,
    ['label', 'mode', 'pid', 'executable'],
    'filter',
  )
  const hasLabel = labelTest(label)
  const modes = wanted(mode, 'filter.mode', checkMode)
  const pids = wanted(pid, 'filter.pid', checkPid)
  const hasFile = executableTest(executable)
  const loaded = await profiles().catch((error: unknown) => {
    if (error instanceof AppArmorError && isEnabled()) return []
    throw error
  })
  const found = await readProcesses(loaded, pids?.list, (process) => {
    const cons = [process, ...process.differing]
    return (
      cons.some(({ label }) => hasLabel(label)) &&
      (!modes || cons.some(({ label, mode }) => label !== null && modes.has(mode))) &&
      (!pids || pids.has(process.pid)) &&
      hasFile(process.executable)
    )
  })
  return containers ? withContainers(found) : found
}

async function withContainers(
  list: readonly ConfinedProcess[],
): Promise<readonly ConfinedProcess[]> {
  const names = await Names.read()
  const found: ConfinedProcess[] = []
  // one after the other: thousands of reads at once would take every thread of the pool
  for (const process of list) {
    found.push({ ...process, container: await readContainer(process.pid, names) })
  }
  return found
}

/** @param pids none means all */
export async function readProcesses(
  loaded: readonly LoadedProfile[],
  pids: readonly number[] = [],
  fits: (process: ConfinedProcess) => boolean = () => true,
): Promise<readonly ConfinedProcess[]> {
  const rows = new Rows(await callNativeAsync((native) => native.runningProcesses(pids)))
  const attachments = await Attachments.of(loaded)
  const turns = new Turns()
  const list: ConfinedProcess[] = []
  while (!rows.done) {
    const process = readProcess(rows, attachments)
    if (fits(process)) list.push(process)
    if (turns.over) await turns.next()
  }
  return list
}

function readProcess(rows: Rows, attachments: Attachments): ConfinedProcess {
  const pid = rows.number()
  const parent = rows.text()
  const uid = rows.text()
  const state = rows.text()
  const hasMemory = rows.text() === '1'
  const command = rows.text()
  const executable = rows.text() || null
  const con = rows.text()
  const threads = rows.text()
  const differing = Array.from({ length: rows.number() }, () => {
    const tid = rows.number()
    const name = rows.text()
    return { tid, name, ...splitCon(rows.text()) }
  })
  const { label, mode } = con === '' ? { label: null, mode: null } : splitCon(con)
  const unconfined = label === 'unconfined' && mode === null
  return {
    pid,
    parent: Number(parent) || null,
    uid: uid === '' ? null : Number(uid),
    kind: hasMemory || state === '' ? 'program' : /[ZX]/.test(state) ? 'zombie' : 'kernel',
    command,
    executable,
    label,
    mode,
    threads: threads === '' ? null : Number(threads),
    differing,
    expected: unconfined && executable !== null ? attachments.match(executable) : null,
  }
}

type TextTest = (text: string | null) => boolean

function labelTest(wish: unknown): TextTest {
  if (typeof wish !== 'string') return textTest(wish, 'filter.label')
  checkLabel(wish, 'filter.label')
  return (label) => label !== null && labelIncludes(label, wish)
}

function executableTest(wish: unknown): TextTest {
  if (typeof wish !== 'string') return textTest(wish, 'filter.executable')
  return (path) => path === wish
}

function textTest(wish: unknown, argument: string): TextTest {
  if (wish === undefined) return () => true
  if (typeof wish === 'function') return (text) => text !== null && Boolean(wish(text))
  // search, which takes no heed of lastIndex
  if (util.types.isRegExp(wish)) return (text) => text !== null && text.search(wish) >= 0
  throw invalidArgType(argument, 'a string, a regular expression or a function', wish)
}

interface WantedValues<T> {
  /** the values, where they are said */
  readonly list?: readonly T[]
  has(value: T): boolean
}

function wanted<T>(
  wish: unknown,
  argument: string,
  check: (value: unknown, argument: string) => asserts value is T,
): WantedValues<T> | undefined {
  if (wish === undefined) return undefined
  if (typeof wish === 'function') return { has: (value) => Boolean(wish(value)) }
  const list = Array.from(Array.isArray(wish) ? wish : [wish], (value: unknown, index) => {
    const checked: typeof check = check
    checked(value, Array.isArray(wish) ? `${argument}[${index}]` : argument)
    return value
  })
  return { list, has: (value) => list.includes(value) }
}

function checkMode(value: unknown, argument: string): asserts value is Mode | null {
  if (value !== null) checkOneOf(value, argument, MODES)
}
