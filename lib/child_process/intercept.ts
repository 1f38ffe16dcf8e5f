/**
 * Where Node starts a child. All asynchronous functions of node:child_process end in
 * `ChildProcess.prototype.spawn`, which gets the file, the arguments and the ids in their final form: after
 * `shell`, `argv0`, `execPath` and all else has been applied.
 */
import * as nodes from 'node:child_process'
import { AppArmorError } from '../border/errors.ts'
import { nowhere } from '../launch/launcher.ts'

/** What `ChildProcess.prototype.spawn` gets. */
export interface SpawnRequest {
  readonly file: string
  readonly args: readonly string[]
  readonly stdio?: unknown
  readonly uid?: number | null | undefined
  readonly gid?: number | null | undefined
}

type Spawn = (this: nodes.ChildProcess, request: SpawnRequest) => unknown
type Start = (spawn: (request: SpawnRequest) => unknown) => unknown

const prototype = nodes.ChildProcess.prototype as unknown as { spawn: Spawn }

/** The functions as they were when this module was loaded. */
export const node: Pick<typeof nodes, 'exec' | 'execFile' | 'fork' | 'spawn'> = {
  exec: nodes.exec,
  execFile: nodes.execFile,
  fork: nodes.fork,
  spawn: nodes.spawn,
}

/**
 * Calls `call`, synchronously. Every child that Node starts meanwhile is started by `start` instead: one
 * too many, should the options have getters that start others, but never one too few.
 */
export function intercept<T>(
  call: () => T,
  start: (child: nodes.ChildProcess, request: SpawnRequest, spawn: Parameters<Start>[0]) => unknown,
): T {
  const original = prototype.spawn
  prototype.spawn = function (request) {
    return start(this, request, (changed) => original.call(this, changed))
  }
  try {
    return call()
  } finally {
    prototype.spawn = original
  }
}

let reached = false

/** A runtime that starts children in another way would start them unconfined: it is refused. */
export function checkRuntime(): void {
  if (reached) return
  const file = nowhere() // should it come to that
  const calls = [
    () => node.spawn(file),
    () => node.execFile(file),
    () => node.exec(file, { shell: file }),
    () => node.fork(file, { execPath: file }),
  ]
  for (const call of calls) {
    if (!isIntercepted(call)) throw new AppArmorError({ code: 'ERR_APPARMOR_UNSUPPORTED_RUNTIME' })
  }
  reached = true
}

function isIntercepted(call: () => nodes.ChildProcess): boolean {
  const stop = new Error('intercepted')
  try {
    const child = intercept(call, () => {
      throw stop
    })
    child.on('error', () => {})
    return false
  } catch (error) {
    return error === stop
  }
}
