/** Confined children of spawn, exec, execFile and fork. */
import { constants } from 'node:os'
import { AppArmorError } from '../border/errors.ts'
import {
  checkLauncher,
  isTargetFailure,
  launcherArgs,
  launcherFile,
  refusal,
  type Command,
} from '../launch/launcher.ts'
import type { Target } from '../launch/target.ts'
import type { Options } from './call.ts'
import { runtime, startBy, type Handle, type Request, type Start } from './handle.ts'
import { launch } from './launch.ts'
import { childrenAreDenied } from './permission.ts'

const { EBADF, EINVAL, EPERM } = constants.errno

/** Calls one of Node's functions so that the child that it starts is confined. */
export function confine<T>(target: Target, options: Options, call: (options: Options) => T): T {
  if (childrenAreDenied()) return startBy((_, request, spawn) => spawn(request), options, call)
  launcherFile() // says so where the package cannot work
  if (runtime !== 'node') throw new AppArmorError({ code: 'ERR_APPARMOR_UNSUPPORTED_RUNTIME' })
  let refused: unknown
  const start: Start = (handle, request, spawn) => {
    try {
      return startConfined(target, options, handle, request, spawn)
    } catch (error) {
      refused = error
      return -EPERM // Node closes what it has opened, and throws
    }
  }
  try {
    return startBy(start, options, call)
  } catch (error) {
    throw refused ?? error
  }
}

/** Answers as a handle does; throws when the target could not be confined. */
function startConfined(
  target: Target,
  { uid, gid }: Options,
  handle: Handle,
  request: Request,
  spawn: (changed: Request) => number,
): number {
  if (uid === -1 || gid === -1) return -EINVAL // as the kernel would say
  const { file, args: argv, stdio } = request
  const command = { file, argv, uid, gid } as Command
  const launcher = launcherFile()

  let errno = 0
  const outcome = launch(({ fd: channel, inode, owns }) => {
    const own = launcherArgs(target, { ...command, status: stdio.length, inode })
    const changed = {
      __proto__: null,
      ...request,
      file: launcher,
      args: [launcher, ...own],
      stdio: [...stdio, { type: 'fd', fd: channel }],
      uid: undefined,
      gid: undefined,
    }
    // A number of ours is one that the caller has not opened.
    errno = stdio.some(({ fd }) => owns(fd)) ? -EBADF : spawn(changed)
    return errno === 0 ? (handle.pid ?? 0) : 0
  })

  if (typeof outcome === 'number') return outcome
  if (errno !== 0) {
    checkLauncher()
    return errno
  }
  if (outcome === null || outcome[1] === 0) return 0
  delete handle.pid // it has been waited for
  if (isTargetFailure(outcome)) return -outcome[1]
  throw refusal(target, outcome)
}
