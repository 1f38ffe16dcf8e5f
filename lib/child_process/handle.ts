/**
 * Where Node starts a child: the native handle of its ChildProcess. All of Node's asynchronous functions end
 * there, in each version, with the file, the arguments and the stdio in their final form; and what the handle
 * answers, Node presents. So Node's own functions do all that there is to do for a confined child but this one
 * step, and what is seen of a child is Node's.
 *
 * The call is recognised by what it passes on as user and group. No process can have the user -1, the kernel
 * refuses it: should any function on the way start the child in another way, the child ends before it executes
 * anything. Nothing has to be put back after a call, and nothing is shared by two of them.
 */
import { subscribe } from 'node:diagnostics_channel'
import { nowhere } from '../launch/launcher.ts'
import { isObject, type Options } from './call.ts'
import { node } from './node.ts'

/** What Node passes to a handle: one object before version 24, and then these in their order. */
export interface Request {
  readonly file: string
  readonly args: readonly string[]
  readonly stdio: readonly StdioEntry[]
  readonly uid?: unknown
  readonly gid?: unknown
}

/** A child's descriptor as Node has read it from the options. */
export interface StdioEntry {
  readonly type: string
  readonly fd?: number
}

export interface Handle {
  pid?: number | undefined
  spawn(...given: readonly unknown[]): number
}

/** Starts a child instead of Node: answers 0, or a negative errno. */
export type Start = (
  handle: Handle,
  request: Request,
  spawn: (changed: Request) => number,
) => number

const ORDER = ['file', 'args', 'cwd', 'envPairs', 'stdio', 'flags', 'uid', 'gid'] as const

const NOBODY = -1
const starts = new Map<number, Start>()

/**
 * Calls `call` with options by which `start` starts the child, whenever Node comes to that.
 */
export function startBy<T>(start: Start, options: Options, call: (options: Options) => T): T {
  const ticket = newTicket()
  starts.set(ticket, start)
  try {
    return call(asTicket(options, ticket))
  } catch (error) {
    starts.delete(ticket)
    throw error
  }
}

function newTicket(): number {
  for (;;) {
    const ticket = Math.floor(Math.random() * 0x80000000)
    if (!starts.has(ticket)) return ticket
  }
}

function asTicket(options: Options, ticket: number): Options {
  const { uid, gid } = options
  if (isId(uid) && isId(gid)) return { __proto__: null, ...options, uid: NOBODY, gid: ticket }
  // Node refuses what is no id. Should it not, the child finds no such directory.
  return { __proto__: null, ...options, cwd: nowhere() }
}

function isId(value: unknown): boolean {
  return value === undefined || value === null || value === ((value as number) | 0)
}

function onChild(message: unknown): void {
  const { _handle: handle } = (message as { process: { _handle?: Handle } }).process
  if (typeof handle?.spawn !== 'function') return
  const { spawn } = handle
  Object.defineProperty(handle, 'spawn', {
    configurable: true,
    writable: true,
    value(...given: readonly unknown[]) {
      const request = readRequest(given)
      const ticket = request.uid === NOBODY ? (request.gid as number) : -1
      const start = starts.get(ticket)
      if (!start) return Reflect.apply(spawn, handle, given)
      starts.delete(ticket)
      return start(handle, request, (changed) =>
        Reflect.apply(spawn, handle, writeRequest(changed, given)),
      )
    },
  })
}

function readRequest(given: readonly unknown[]): Request {
  if (given.length === 1 && isObject(given[0])) return given[0] as Request
  return Object.fromEntries(ORDER.map((name, i) => [name, given[i]])) as unknown as Request
}

function writeRequest(changed: Request, given: readonly unknown[]): readonly unknown[] {
  if (given.length === 1) return [changed]
  return ORDER.map((name) => (changed as unknown as Options)[name])
}

/**
 * How this runtime starts children: as Node does, through such handles, whichever function is called; without
 * them, as Bun and Deno do; or in a way that is not known, and then nothing is started.
 */
export type Runtime = 'node' | 'other' | 'unknown'

function findRuntime(): Runtime {
  if ('bun' in process.versions || 'deno' in process.versions) return 'other'
  const file = nowhere() // should it come to that
  const calls: readonly ((options: Options) => unknown)[] = [
    (options) => node.spawn(file, options),
    (options) => node.execFile(file, options),
    (options) => node.exec(file, { ...options, shell: file }),
    (options) => node.fork(file, { ...options, execPath: file }),
  ]
  return calls.every(comesHere) ? 'node' : 'unknown'
}

function comesHere(call: (options: Options) => unknown): boolean {
  let came = false
  const refuse: Start = () => {
    came = true
    return -1 // EPERM, which Node throws
  }
  try {
    startBy(refuse, {}, call)
    return false
  } catch {
    return came
  }
}

subscribe('child_process', onChild)

export const runtime: Runtime = findRuntime()
