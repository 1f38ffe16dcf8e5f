/**
 * `node:child_process` with one more option: the profile that the child runs under.
 *
 * @module
 */
import nodes, { type ChildProcess } from 'node:child_process'
import { promisify } from 'node:util'
import { AppArmorError, invalidArgType } from '../border/errors.ts'
import { getTaskCon } from '../inspect/identity.ts'
import type { Confinement } from '../inspect/label.ts'
import { confine } from './async.ts'
import { node } from './intercept.ts'
import { outputOf, spawnConfinedSync, type Options } from './sync.ts'
import type * as types from './types.ts'
import { targetIn, type Target } from '../launch/target.ts'

export { parentRules } from '../launch/parent_rules.ts'
export type { Confined } from '../launch/target.ts'
export type { Exec, ExecFile, ExecFileSync, ExecSync, Fork, Spawn, SpawnSync } from './types.ts'

/**
 * Node's `spawn`, with `profile` or `stack`. Without these options it is Node's own function.
 *
 * The child is Node's own object, and every other option works as in Node. The child's program runs under
 * the profile from its first instruction, or it is not executed at all; this process's own attributes are
 * never touched. `uid` and `gid` are taken after the profile is set.
 *
 * @param command a path, or a name to be found in PATH
 * @param args the arguments after `argv[0]`
 * @param options Node's, and `profile`: the name of a loaded profile; or `stack`: one to add to the label that
 *   the child would have anyway
 * @returns Node's `ChildProcess`. A program that is missing or not executable is Node's own `'error'` event
 * @throws `AppArmorError` Nothing was executed: `ENOENT` no such profile, `EACCES`, `EPERM`
 *   (no_new_privs; `uid` without the privilege); `ERR_APPARMOR_LAUNCHER`; `ERR_APPARMOR_NO_PROCFS`;
 *   `ERR_APPARMOR_UNSUPPORTED_RUNTIME`; `EMFILE`; the codes of `availability`
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, for `profile: undefined` too: a variable
 *   that was never set must not mean "unconfined"; RangeError `ERR_OUT_OF_RANGE`
 * @example
 * ```js
 * import { spawn } from 'apparmor/child_process'
 * const child = spawn('convert', ['in.png', 'out.jpg'], { profile: 'web', stdio: 'inherit' })
 * child.on('exit', (code) => console.log(code))
 * ```
 */
export const spawn: types.Spawn = confinable('spawn') as types.Spawn

/**
 * Node's `exec`, with `profile` or `stack`: the shell is confined, and by the profile's rules what it starts.
 *
 * @param command what `/bin/sh -c` gets
 * @param options Node's, and `profile` or `stack`, as for {@link spawn}
 * @param callback Node's
 * @returns Node's `ChildProcess`; from `util.promisify(exec)` a promise of `{ stdout, stderr }`
 * @throws as {@link spawn}; the promise is rejected instead
 * @example
 * ```js
 * import { exec } from 'apparmor/child_process'
 * exec('ls | wc -l', { profile: 'web' }, (error, stdout) => console.log(error ?? stdout))
 * ```
 */
export const exec: types.Exec = withPromise('exec') as types.Exec

/**
 * Node's `execFile`, with `profile` or `stack`.
 *
 * @param file a path, or a name to be found in PATH
 * @param args the arguments after `argv[0]`
 * @param options Node's, and `profile` or `stack`, as for {@link spawn}
 * @param callback Node's
 * @returns Node's `ChildProcess`; from `util.promisify(execFile)` a promise of `{ stdout, stderr }`
 * @throws as {@link spawn}; the promise is rejected instead
 * @example
 * ```js
 * import { promisify } from 'node:util'
 * import { execFile } from 'apparmor/child_process'
 * const { stdout } = await promisify(execFile)('id', ['-u'], { profile: 'web' })
 * ```
 */
export const execFile: types.ExecFile = withPromise('execFile') as types.ExecFile

/**
 * Node's `fork`, with `profile` or `stack`: a Node child with an IPC channel.
 *
 * What a profile has to allow for Node is shown in docs/children.md. When this process is confined itself, the
 * transition makes Node ignore `NODE_OPTIONS`, and the loader `LD_PRELOAD` and the like, unless the rule says
 * `unsafe`.
 *
 * @param modulePath the module to run
 * @param args its arguments
 * @param options Node's, and `profile` or `stack`, as for {@link spawn}
 * @returns Node's `ChildProcess`
 * @throws as {@link spawn}
 * @example
 * ```js
 * import { fork } from 'apparmor/child_process'
 * const child = fork('./plugin.js', [], { profile: 'plugin' })
 * child.on('message', (message) => console.log(message))
 * ```
 */
export const fork: types.Fork = confinable('fork') as types.Fork

/**
 * Node's `spawnSync`, with `profile` or `stack`.
 *
 * @param command a path, or a name to be found in PATH
 * @param args the arguments after `argv[0]`
 * @param options Node's, and `profile` or `stack`, as for {@link spawn}
 * @returns Node's result; its `error` is Node's own when the program is missing or not executable
 * @throws as {@link spawn}
 * @example
 * ```js
 * import { spawnSync } from 'apparmor/child_process'
 * const { status, stdout } = spawnSync('id', ['-u'], { profile: 'web', encoding: 'utf8' })
 * ```
 */
export const spawnSync: types.SpawnSync = ((...given: unknown[]) => {
  const call = read(given)
  if (!call) return Reflect.apply(nodes.spawnSync, undefined, given)
  return spawnConfinedSync(call.target, call.file, call.args, call.options)
}) as types.SpawnSync

/**
 * Node's `execFileSync`, with `profile` or `stack`.
 *
 * @param file a path, or a name to be found in PATH
 * @param args the arguments after `argv[0]`
 * @param options Node's, and `profile` or `stack`, as for {@link spawn}
 * @returns what the program wrote on stdout
 * @throws as {@link spawn}, and what Node throws for a program that fails
 * @example
 * ```js
 * import { execFileSync } from 'apparmor/child_process'
 * console.log(execFileSync('id', ['-u'], { profile: 'web', encoding: 'utf8' }))
 * ```
 */
export const execFileSync: types.ExecFileSync = ((...given: unknown[]) => {
  const call = read(given)
  if (!call) return Reflect.apply(nodes.execFileSync, undefined, given)
  const { target, file, args, options } = call
  const command = [options['argv0'] ?? file, ...args].join(' ')
  return outputOf(spawnConfinedSync(target, file, args, options), command, !options['stdio'])
}) as types.ExecFileSync

/**
 * Node's `execSync`, with `profile` or `stack`: the shell is confined, and by the profile's rules what it
 * starts.
 *
 * @param command what `/bin/sh -c` gets
 * @param options Node's, and `profile` or `stack`, as for {@link spawn}
 * @returns what the command wrote on stdout
 * @throws as {@link spawn}, and what Node throws for a command that fails
 * @example
 * ```js
 * import { execSync } from 'apparmor/child_process'
 * console.log(execSync('ls | wc -l', { profile: 'web', encoding: 'utf8' }))
 * ```
 */
export const execSync: types.ExecSync = ((...given: unknown[]) => {
  const call = read(given)
  if (!call) return Reflect.apply(nodes.execSync, undefined, given)
  const { target, file, options } = call
  const shell = typeof options['shell'] === 'string' ? options['shell'] : true
  const result = spawnConfinedSync(target, file, [], { ...options, shell })
  return outputOf(result, String(file), !options['stdio'])
}) as types.ExecSync

/**
 * Tells what the kernel says of a child now: the label of its main thread.
 *
 * @param child a child of this module or of Node's
 * @returns its label and mode
 * @throws `AppArmorError` `ERR_APPARMOR_NO_CHILD` when it was never started or has ended; `EACCES`; the
 *   codes of `availability`
 * @example
 * ```js
 * import { confinementOf, spawn } from 'apparmor/child_process'
 * const child = spawn('sleep', ['1'], { profile: 'web' })
 * console.log(confinementOf(child)) // { label: 'web', mode: 'enforce' }
 * ```
 */
export function confinementOf(child: ChildProcess): Confinement {
  if (!(child instanceof nodes.ChildProcess)) {
    throw invalidArgType('child', 'an instance of ChildProcess', child)
  }
  const { pid, exitCode, signalCode } = child
  if (pid === undefined) throw new AppArmorError({ code: 'ERR_APPARMOR_NO_CHILD' })
  // Its number may belong to another process by now.
  if (exitCode !== null || signalCode !== null) {
    throw new AppArmorError({ code: 'ERR_APPARMOR_NO_CHILD', pid })
  }
  return getTaskCon(pid)
}

type AsyncName = 'spawn' | 'exec' | 'execFile' | 'fork'
type Function = (...args: unknown[]) => unknown

function confinable(name: AsyncName): Function {
  return named(name, (...given) => {
    const call = read(given)
    if (!call) return Reflect.apply(nodes[name], undefined, given)
    return confine(call.target, () => Reflect.apply(node[name], undefined, call.given))
  })
}

function withPromise(name: 'exec' | 'execFile'): Function {
  const promised = node[name][promisify.custom as never] as Function
  const value = (...given: unknown[]): unknown => {
    const call = read(given)
    if (!call) return promised(...given)
    try {
      return confine(call.target, () => promised(...call.given))
    } catch (error) {
      if (error instanceof AppArmorError) return Promise.reject(error)
      throw error
    }
  }
  return Object.defineProperty(confinable(name), promisify.custom, { value })
}

function named(name: string, value: Function): Function {
  return Object.defineProperty(value, 'name', { value: name })
}

interface Call {
  readonly target: Target
  readonly file: unknown
  readonly args: readonly string[]
  readonly options: Options
  /** the arguments as Node's function takes them, with a copy of the options */
  readonly given: readonly unknown[]
}

// All of Node's functions take their options as the first argument after `file` that is an object.
function read(given: readonly unknown[]): Call | undefined {
  const at = given.findIndex((value, i) => i > 0 && isOptions(value))
  if (at < 0 || at > 2) return undefined
  const target = targetIn(given[at] as object, 'options')
  if (!target) return undefined
  const [file, args] = given
  if (at === 2 && args !== undefined && args !== null && !Array.isArray(args)) {
    throw invalidArgType('args', 'an instance of Array', args)
  }
  const options = { ...(given[at] as object) }
  return {
    target,
    file,
    args: at === 2 ? [...((args as readonly string[] | null | undefined) ?? [])] : [],
    options,
    given: given.with(at, options),
  }
}

function isOptions(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
