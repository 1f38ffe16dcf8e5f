/**
 * The border to the binary: what it exports, and loading it once, without ever throwing at import.
 */
import { AppArmorError } from './errors.ts'
import { fs, path, require, url } from './node.ts'

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
  featureId(path: string): string
  queryLabel(
    label: string,
    match: string,
  ): [allow: number, deny: number, audit: number, quiet: number]
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
  /** refuses a new token where the thread is known to be in a hat */
  changeHat(hats: readonly string[], token: bigint, isNew: boolean): void
  leaveHat(token: bigint): void
  /** leaves the hat also when JavaScript is ended inside */
  runInHat(hats: readonly string[], run: () => void): void
  /**
   * Has `start` start a launcher, and blocks until that has reported or has executed its target.
   *
   * @param start gets the descriptor to report on and the one that the report is read from, open as long as it
   *   runs; returns the launcher's process id, or 0 where others wait for it
   * @returns the last that the launcher has reported; `null` when a signal has ended it before
   */
  launch(start: (write: number, read: number) => number): [stage: number, errno: number] | null
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

const root = url.fileURLToPath(new URL('..', import.meta.url))

function load(): Native {
  return require(find()) as Native
}

// A build of one's own comes first, then glibc's binary unless musl is what this is: node-gyp-build has it so,
// too, and is loaded only where these are not there, since it costs as much as a good part of the rest.
function find(): string {
  const built = path.join(root, 'build/Release/apparmor.node')
  if (fs.existsSync(built)) return built
  const usual = path.join(root, `prebuilds/linux-${process.arch}/apparmor.glibc.node`)
  const musl = process.env['LIBC'] === 'musl' || fs.existsSync('/etc/alpine-release')
  if (!musl && fs.existsSync(usual)) return usual
  const { resolve } = require('node-gyp-build') as { resolve(directory: string): string }
  const file = resolve(root)
  // node-gyp-build also looks where APPARMOR_PREBUILD says and beside the executable. Code that
  // confines must not come from where the environment points.
  if (!file.startsWith(root)) {
    throw new Error(`${file} is outside the package (is APPARMOR_PREBUILD set?)`)
  }
  return file
}

let loaded: Native | undefined
let failure: unknown
if (process.platform === 'linux') {
  try {
    loaded = load()
  } catch (error) {
    failure = error
  }
}

/** The binary; throws `ERR_APPARMOR_UNSUPPORTED_PLATFORM` or `ERR_APPARMOR_NATIVE_MISSING`. */
export function native(): Native {
  if (loaded) return loaded
  if (process.platform !== 'linux') {
    throw new AppArmorError({ code: 'ERR_APPARMOR_UNSUPPORTED_PLATFORM', detail: process.platform })
  }
  throw new AppArmorError({
    code: 'ERR_APPARMOR_NATIVE_MISSING',
    detail: failure instanceof Error ? failure.message.split('\n', 1)[0] : String(failure),
    cause: failure,
  })
}
