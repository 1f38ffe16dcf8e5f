import { checkInteger, checkProfile, checkOptions } from '../border/args.ts'
import { AppArmorError, invalidArgType } from '../border/errors.ts'
import { replace } from './execve.ts'
import { getcon } from '../inspect/identity.ts'
import { labelIncludes, parseLabel } from '../inspect/label.ts'
import { isOwnNamespace } from '../inspect/namespace.ts'
import { builtin, fs } from '../border/node.ts'
import { plainName } from '../border/name.ts'
import { readOptions } from '../border/options.ts'

/** Options of {@link reexec}. */
export interface ReexecOptions {
  /** descriptors to keep besides 0, 1, 2 and Node's IPC channel, for example those of LISTEN_FDS */
  readonly keepFds?: readonly number[]
  /** the environment of the new program; default: this process's */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** `true`: continue although sockets, servers or children exist already; they are lost */
  readonly discardHandles?: boolean
}

// Tells the re-executed program that it is one. Only ever used to stop a loop, never to decide that the
// process is confined: anybody can set a variable.
const MARKER = 'APPARMOR_REEXEC'

/**
 * Makes sure that this program runs under a profile from its first thread on. It executes the program again under
 * the profile, or returns at once when the program already runs under it. Call it first at start-up.
 *
 * All threads are confined, including those of io_uring, and the process id stays. To see whether the program is
 * already confined, the process reads its label: before Linux 6.8 the profile must permit
 * `@{PROC}/@{pid}/attr/{,apparmor/}current r`. For a profile in another namespace it also reads
 * `/sys/kernel/security/apparmor/.ns_{name,level}`. It keeps the arguments, Node's flags, the environment, the
 * working directory, the IPC channel of `child_process.fork` and the descriptors in `keepFds`. Everything else is
 * lost, including unread input.
 *
 * @param profile the name of a loaded profile
 * @param options see {@link ReexecOptions}
 * @throws {@link AppArmorError} as `changeOnexec` and {@link execve}; `ERR_APPARMOR_REEXEC_LATE` when sockets,
 *   servers or children exist already; `ERR_APPARMOR_NAMESPACE_UNKNOWN`; `ERR_APPARMOR_REEXEC_LOOP` when it was
 *   executed again and still has another label
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, …; Error `ERR_WORKER_UNSUPPORTED_OPERATION` in a Worker,
 *   `ERR_ACCESS_DENIED` under Node's permission model without `--allow-child-process`
 * @example
 * ```js
 * import { reexec } from 'apparmor'
 * reexec('web')
 * // from here on every thread runs under the profile "web"
 * ```
 */
export function reexec(profile: string, options?: ReexecOptions): void {
  checkProfile(profile, 'profile', 'exec')
  const {
    keepFds = [],
    env = process.env,
    discardHandles = false,
  } = readOptions<ReexecOptions>(options, ['keepFds', 'env', 'discardHandles'])
  const fds = checkFds(keepFds)
  checkOptions(env, 'options.env')
  if (typeof discardHandles !== 'boolean')
    throw invalidArgType('options.discardHandles', 'of type boolean', discardHandles)
  if (!builtin('node:worker_threads').isMainThread) throw inWorker()

  const { label } = getcon()
  const marker = process.env[MARKER]
  delete process.env[MARKER] // not for children
  const wanted = plainName(profile)
  if (labelIncludes(label, wanted)) return
  if (marker === String(process.pid)) {
    if (isInNamespaceOf(wanted, label)) return
    throw new AppArmorError({
      code: 'ERR_APPARMOR_REEXEC_LOOP',
      profile,
      detail: `the label is ${label}`,
    })
  }
  if (!discardHandles) checkHandles(profile)

  const channel = ipcChannel()
  replace({
    file: fs.existsSync('/proc/self/exe') ? '/proc/self/exe' : process.execPath,
    argv: [process.argv0, ...process.execArgv, ...process.argv.slice(1)],
    env: { ...env, ...channel.env, [MARKER]: String(process.pid) },
    profile,
    keepFds: [...fds, ...channel.fds],
  })
}

// In a policy namespace, labels are shown without it: ":ns:web" is "web" there, as another profile is outside.
function isInNamespaceOf(wanted: string, label: string): boolean {
  const parts = parseLabel(wanted)
  const [{ namespace } = { namespace: null }] = parts
  if (namespace === null || parts.some((part) => part.namespace !== namespace)) return false
  const names = parts.map(({ name }) => name).join('//&')
  return labelIncludes(label, names) && isOwnNamespace(namespace)
}

// Node took the channel's variables out of its environment at start-up and marked the descriptor
// close-on-exec. How it speaks is only to be found in the environment that the kernel keeps.
function ipcChannel(): { fds: number[]; env: Record<string, string> } {
  const fd = (process.channel as { fd?: number } | undefined)?.fd
  if (fd === undefined || fd < 0) return { fds: [], env: {} }
  const mode = /(?:^|\0)NODE_CHANNEL_SERIALIZATION_MODE=([^\0]*)/.exec(initialEnvironment())?.[1]
  const env: Record<string, string> = { NODE_CHANNEL_FD: String(fd) }
  if (mode) env['NODE_CHANNEL_SERIALIZATION_MODE'] = mode
  return { fds: [fd], env }
}

function initialEnvironment(): string {
  try {
    return fs.readFileSync('/proc/self/environ', 'latin1')
  } catch {
    return ''
  }
}

// What would be lost without a word. Timers and pending reads of start-up are not among it.
const LOSSES = /ServerWrap|SocketWrap|UDPWrap|ProcessWrap|Worker|FSEvent|StatWatcher/

function checkHandles(profile: string): void {
  const lost = process.getActiveResourcesInfo().filter((name) => LOSSES.test(name))
  if (lost.length === 0) return
  throw new AppArmorError({ code: 'ERR_APPARMOR_REEXEC_LATE', profile, detail: lost.join(', ') })
}

function checkFds(keepFds: unknown): readonly number[] {
  if (!Array.isArray(keepFds))
    throw invalidArgType('options.keepFds', 'an instance of Array', keepFds)
  return Array.from(keepFds as readonly unknown[], (fd, index) => {
    checkInteger(fd, `options.keepFds[${index}]`, 0, 0x7fffffff)
    return fd
  })
}

function inWorker(): Error {
  return Object.assign(new TypeError('reexec() is not supported in workers'), {
    code: 'ERR_WORKER_UNSUPPORTED_OPERATION',
  })
}
