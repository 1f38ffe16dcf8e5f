/**
 * The border to the binary: what it exports, and loading it once, without ever throwing at import.
 */
import { checkBytes } from './args.ts'
import { AppArmorError } from './errors.ts'
import { loadFiles } from './files.ts'
import { invalidArgValue } from './invalid.ts'
import { builtin, path } from './node.ts'
import { readOptions } from './options.ts'

/** Replace the profile, or stack one on it. */
export type Kind = 'change' | 'stack'

/** The binary's exports, one for one (`src/addon.cc`). Labels and names as in `docs/errors.md`, lossless. */
export interface Native {
  availability(): { errno: number; mountpoint: string | null }
  findMountpoint(): string
  readAttr(attr: 'current' | 'exec' | 'prev'): string | null
  readTask(pid: number): string
  listThreads(pid: number): { tid: number; name: string; label: string }[]
  readPeer(fd: number): string
  /** rows of bytes (lib/border/rows.ts): src/core/processes.h */
  runningProcesses(pids: readonly number[]): Promise<Uint8Array>
  /** rows of bytes: src/core/policy.h */
  loadedProfiles(): Promise<Uint8Array>
  policyRevisions(): Promise<Uint8Array>
  watchRevision(
    namespace: string,
    keepsLoop: boolean,
    onRevision: (error: Error | null, revision: string | null) => void,
  ): () => void
  /** all of it, or nothing */
  loadPolicy(how: 'load' | 'replace', binary: Uint8Array): Promise<Uint8Array>
  removePolicy(name: string): Promise<Uint8Array>
  policyCacheDirectory(path: string, features: string, make: boolean): string
  removePolicyCache(path: string): Promise<Uint8Array>
  loadPolicyCache(path: string): Promise<Uint8Array>
  featureId(path: string): string
  queryAccess(label: string, match: string, mask: number): [allowed: boolean, audited: boolean]
  queryLabel(
    label: string,
    match: string,
  ): [allow: number, deny: number, audit: number, quiet: number]
  /** a descriptor that does not block */
  openAuditGroup(): number
  /** a record as the kernel's ring has it; `null` when there is none */
  readAuditGroup(fd: number): string | null
  /** how many records the kernel has dropped since it started, its audit_rate_limit, and whether a daemon is connected */
  auditStatus(): [lost: number, rateLimit: number, daemon: boolean]
  changeProcess(
    kind: Kind,
    profile: string,
    timeout: number,
    abortOnPartial: boolean,
  ): ProcessChange
  /** the label afterwards; `null` where it may not be read */
  changeThread(kind: Kind, profile: string): string | null
  changeExec(kind: Kind, profile: string): void
  tryProfile(profile: string): void
  tryHat(hat: string): void
  /** by this token, or by a new one, which is refused where the thread is known to be in a hat */
  changeHat(hats: readonly string[], token: bigint, isNew: boolean): bigint
  leaveHat(token: bigint): void
  /** leaves the hat also when JavaScript is ended inside */
  runInHat(hats: readonly string[], run: () => void): void
  /**
   * Has `start` start a launcher, and blocks until that has reported or has executed its target.
   *
   * @param start gets the descriptor to report on and the one that the report is read from, open as long as it
   *   runs, and their inode; returns the launcher's process id, or 0 where others wait for it
   * @returns the last that the launcher has reported; `null` when a signal has ended it before
   */
  launch(
    start: (write: number, read: number, inode: number) => number,
  ): [stage: number, errno: number] | null
  /** returns only by throwing */
  execve(
    file: string,
    args: readonly string[],
    env: readonly string[],
    keepFds: readonly number[],
  ): never
}

/** What became of a change of every thread; `errno` is 0 when all have the new label. */
export interface ProcessChange {
  /** how many were changed: none, all, or with an errno a part of them */
  threads: number
  setuidWorks: boolean
  errno: number
  refused: { tid: number; errno: number }[]
  /** the caller's label now; `null` where it may not be read */
  con: string | null
}

let loaded: Native | undefined
let failure: unknown
let launcher = ''
if (process.platform === 'linux') {
  try {
    const files = loadFiles()
    loaded = files.addon as Native
    launcher = files.launcher
  } catch (error) {
    failure = error
  }
}

/**
 * The binary; throws `ERR_APPARMOR_UNSUPPORTED_PLATFORM`, `ERR_APPARMOR_NATIVE_MISSING` or
 * `ERR_APPARMOR_ADDONS_DENIED`.
 */
export function native(): Native {
  if (loaded) return loaded
  checkPlatform()
  throw missing(failure)
}

/** The path of the launcher of confined children; throws as {@link native} does. */
export function launcherPath(): string {
  native()
  return launcher
}

/** The files that {@link setNative} takes. */
export interface NativeFiles {
  /** the absolute path of `apparmor.*.node`, or what `require` gave for it */
  readonly addon: string | object
  /** the absolute path of `apparmor-launcher`, an executable file */
  readonly launcher: string
}

/**
 * Tells a bundled program where the two files are that a bundler leaves behind: the binary and the launcher of
 * confined children. They are `apparmor/prebuilds/linux-ARCH/apparmor.LIBC.node` and `…/apparmor-launcher`.
 *
 * A program that has the package in its `node_modules` does not need this, and may not do it: a binary that is
 * loaded stays. It affects the calling thread's copy of the package, so every Worker has to call it. Whoever can
 * write the files that are named decides what confines the program: put them where only you can write.
 *
 * @param files both paths are absolute, so that no working directory decides what is loaded
 * @throws {@link AppArmorError} `ERR_APPARMOR_NATIVE_LOADED`: the package has found its own files;
 *   `ERR_APPARMOR_NATIVE_MISSING`: the binary cannot be loaded, and nothing has changed;
 *   `ERR_APPARMOR_UNSUPPORTED_PLATFORM`
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { join } from 'node:path'
 * import { AppArmorError, setNative } from 'apparmor'
 * const here = import.meta.dirname
 * try {
 *   setNative({ addon: join(here, 'apparmor.glibc.node'), launcher: join(here, 'apparmor-launcher') })
 * } catch (error) {
 *   console.log(error.code) // ERR_APPARMOR_NATIVE_LOADED where this is no bundle
 * }
 * ```
 */
export function setNative(files: NativeFiles): void {
  const { addon, launcher: file } = readOptions<NativeFiles>(files, ['addon', 'launcher'], 'files')
  const isObject = typeof addon === 'object' && addon !== null
  if (!isObject) checkAbsolute(addon, 'files.addon')
  checkAbsolute(file, 'files.launcher')
  checkPlatform()
  if (loaded) throw new AppArmorError({ code: 'ERR_APPARMOR_NATIVE_LOADED' })
  let binary: unknown
  try {
    binary = isObject ? addon : requireFile(addon)
  } catch (error) {
    throw missing(error)
  }
  if (typeof (binary as Partial<Native>).changeProcess !== 'function') {
    throw invalidArgValue('files.addon', 'must be the binary of this package', addon)
  }
  loaded = binary as Native
  launcher = file
}

// Not by an import of createRequire: webpack would put an empty function in its place.
function requireFile(file: string): unknown {
  return builtin('node:module').createRequire(file)(file)
}

function checkAbsolute(value: unknown, argument: string): asserts value is string {
  checkBytes(value, argument)
  if (!path.isAbsolute(value)) throw invalidArgValue(argument, 'must be an absolute path', value)
}

function checkPlatform(): void {
  if (process.platform === 'linux') return
  throw new AppArmorError({ code: 'ERR_APPARMOR_UNSUPPORTED_PLATFORM', detail: process.platform })
}

function missing(cause: unknown): AppArmorError {
  if ((cause as NodeJS.ErrnoException).code === 'ERR_DLOPEN_DISABLED') {
    return new AppArmorError({ code: 'ERR_APPARMOR_ADDONS_DENIED', cause })
  }
  return new AppArmorError({
    code: 'ERR_APPARMOR_NATIVE_MISSING',
    detail: cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause),
    cause,
  })
}
