// What a caller can see of a call of node:child_process or of apparmor/child_process.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'

/** A module with the functions of node:child_process. Cases pass wrong arguments too, hence `any`. */
type AnyFunction = any
export type Functions = Readonly<
  Record<
    'spawn' | 'spawnSync' | 'exec' | 'execSync' | 'execFile' | 'execFileSync' | 'fork',
    AnyFunction
  >
>

/** `confined`: the options that confine, or none. `dir`: test/support/files.ts, with what is set up there. */
export interface Setting {
  readonly functions: Functions
  readonly confined: object
  readonly dir: string
}

export type Case = (setting: Setting) => unknown

const EVENTS = ['spawn', 'error', 'exit', 'close', 'message', 'disconnect'] as const

export function visible(value: unknown): unknown {
  if (value instanceof Error) {
    const { name, message, code, ...rest } = value as NodeJS.ErrnoException
    const { error, pid, ...seen } = rest as { error?: unknown; pid?: unknown }
    return { name, message, code, ...seen, pid: typeof pid, error: error === value }
  }
  return value
}

async function text(stream: Readable | null | undefined): Promise<string | null> {
  if (!stream) return null
  let all = ''
  try {
    for await (const chunk of stream) all += String(chunk)
  } catch {
    // A stream may be destroyed before its end is seen.
  }
  return all
}

/** Everything about a child until it closes. */
export async function watch(
  child: ChildProcess,
  act?: (child: ChildProcess) => void,
): Promise<unknown> {
  const events: unknown[] = []
  for (const name of EVENTS) {
    child.on(name, (...args: unknown[]) => {
      // An IPC channel may close before or after the exit is seen.
      if (name !== 'disconnect') events.push([name, ...args.map(visible)])
    })
  }
  const { spawnfile, spawnargs, connected } = child
  const shape = child.stdio.map((stream) => stream && stream.constructor.name)
  const ends = [child.stdin, child.stdout, child.stderr].map((stream) => stream && 'there')
  const before = { pid: typeof child.pid, spawnfile, spawnargs, connected, shape, ends }
  const closed = once(child, 'close').catch(() => once(child, 'close'))
  const output = Promise.all([child.stdout, child.stderr].map(text))
  act?.(child)
  await closed
  const { exitCode, signalCode, killed } = child
  return { before, events, output: await output, exitCode, signalCode, killed }
}

export const spawned =
  (file: unknown, args?: unknown, options: object = {}, act?: (child: ChildProcess) => void) =>
  ({ functions, confined }: Setting) =>
    watch(functions.spawn(file, args, { ...options, ...confined }) as ChildProcess, act)

export const spawnedSync =
  (file: unknown, args?: unknown, options: object = {}) =>
  ({ functions, confined }: Setting) => {
    const result = functions.spawnSync(file, args, { encoding: 'utf8', ...options, ...confined })
    return { ...result, pid: Math.sign(result.pid), error: visible(result.error) }
  }

/** A callback's arguments, and what else there is to see. */
export async function called(
  call: (callback: (...args: unknown[]) => void) => ChildProcess,
): Promise<unknown> {
  let resolve: (value: unknown) => void = () => {}
  const done = new Promise((settle) => (resolve = settle))
  const child = call((error, ...rest) => resolve([visible(error), ...rest]))
  const seen = watch(child)
  return [await done, await seen]
}

export async function promised(
  promise: Promise<unknown> & { child?: ChildProcess },
): Promise<unknown> {
  const child = typeof promise.child?.spawnfile
  try {
    return { child, value: await promise }
  } catch (error) {
    const { stdout, stderr } = error as { stdout: unknown; stderr: unknown }
    return { child, error: visible(error), stdout, stderr }
  }
}
