/** Confined children of spawn, exec, execFile and fork: Node's own, started through the launcher. */
import type { ChildProcess } from 'node:child_process'
import { errnoName } from '../border/errno.ts'
import { native } from '../border/native.ts'
import {
  checkLauncher,
  isExecFailure,
  launcherArgs,
  launcherFile,
  refusal,
  type Command,
} from '../launch/launcher.ts'
import type { Target } from '../launch/target.ts'
import { checkRuntime, intercept, type SpawnRequest } from './intercept.ts'
import { nodeError, systemError } from './node_error.ts'
import { stdioEntries, withPipe } from './status.ts'

/** Calls one of Node's functions so that the child that it starts is confined. */
export function confine<T>(target: Target, call: () => T): T {
  native() // says so where the package cannot work
  checkRuntime()
  return intercept(call, (child, request, spawn) => start(target, child, request, spawn))
}

function start(
  target: Target,
  child: ChildProcess,
  request: SpawnRequest,
  spawn: (request: SpawnRequest) => unknown,
): unknown {
  const { file, args, uid, gid } = request
  const command: Command = { file, argv: args, uid, gid }
  const launcher = launcherFile()

  const { result, report } = withPipe(stdioEntries(request.stdio), (stdio, status) => {
    const argv = [launcher, ...launcherArgs(target, { ...command, status })]
    const { uid, gid, ...rest } = request
    try {
      return spawn({ ...rest, file: launcher, args: argv, stdio })
    } catch (error) {
      checkLauncher()
      throw error
    }
  })

  const own = child as { -readonly [K in 'pid' | 'spawnfile' | 'spawnargs']: ChildProcess[K] }
  own.spawnfile = file
  own.spawnargs = args as string[]
  // Absent when Node had no descriptor left.
  ;(child.stdio as unknown[] | undefined)?.pop()

  if (child.pid === undefined) {
    // Node will say why; unless it is the launcher, it says so of the target.
    discardIfThrown(child, checkLauncher)
  } else if (report && !isExecFailure(report)) {
    discard(child)
    throw refusal(target, report, command)
  } else if (report) {
    const errno = -report[1]
    if (!EMITTED.includes(errnoName(errno))) {
      discard(child)
      throw systemError('spawn', errno)
    }
    own.pid = undefined
    failLater(child, errno)
  }
  return result
}

// What Node reports by an event; all else it throws.
const EMITTED = ['EACCES', 'EAGAIN', 'EMFILE', 'ENFILE', 'ENOENT']

/** Lets a child that was the launcher alone look like one that Node could not start. */
function failLater(child: ChildProcess, errno: number): void {
  const { emit, spawnfile, spawnargs } = child
  child.emit = (event: string, ...args: unknown[]): boolean => {
    if (event === 'spawn') return false
    if (event !== 'exit') return Reflect.apply(emit, child, [event, ...args]) as boolean
    Reflect.deleteProperty(child, 'emit')
    Object.assign(child, { exitCode: errno, signalCode: null })
    return child.emit('error', nodeError('spawn', errno, spawnfile, spawnargs.slice(1)))
  }
}

/** Nobody will ever see this child: it ends by itself, and libuv reaps it. */
function discard(child: ChildProcess): void {
  child.on('error', () => {})
  for (const stream of (child.stdio as ChildProcess['stdio'] | undefined) ?? []) stream?.destroy()
  if (child.connected) child.disconnect()
}

function discardIfThrown(child: ChildProcess, check: () => void): void {
  try {
    check()
  } catch (error) {
    discard(child)
    throw error
  }
}
