/**
 * `node:child_process` with one more option: the profile that the child runs under.
 *
 * @module
 */
import type * as cp from 'node:child_process'
import { AppArmorError, invalidArgType } from '../border/errors.ts'
import { getTaskCon } from '../inspect/identity.ts'
import type { Confinement } from '../inspect/label.ts'
import { parentRules } from '../launch/parent_rules.ts'
import { confined } from './confined.ts'
import { makeFamily } from './family.ts'
import { node } from './node.ts'
import type * as types from './types.ts'

export { confined, parentRules }
export type { ConfinedFunctions } from './confined.ts'
export type { Confined } from '../launch/target.ts'
export type { Exec, ExecFile, ExecFileSync, ExecSync, Fork, Spawn, SpawnSync } from './types.ts'

const family = makeFamily()

/** Node's own class: what `spawn`, `exec`, `execFile` and `fork` return, confined or not. */
export const ChildProcess: typeof cp.ChildProcess = node.ChildProcess
export type ChildProcess = cp.ChildProcess

/**
 * Node's `spawn`, with `profile` or `stack`. Without these options it is Node's own function.
 *
 * The child is Node's own object, and every other option works as in Node. The child's program runs under the
 * profile from its first instruction, or it is not executed. This process's own attributes are never touched. `uid`
 * and `gid` apply after the profile is set.
 *
 * @param command a path, or a name that is looked up in PATH
 * @param args the arguments after `argv[0]`
 * @param options Node's options, and `profile`: the name of a loaded profile; or `stack`: a profile to add to the
 *   label that the child would have anyway
 * @returns Node's `ChildProcess`. If the program is missing or not executable, it emits Node's own `'error'` event
 * @throws `AppArmorError` Nothing was executed: `ENOENT` no such profile, `EACCES`, `EPERM`
 *   (no_new_privs); `ERR_APPARMOR_LAUNCHER`; `ERR_APPARMOR_NO_PROCFS`; `ERR_APPARMOR_ADDONS_DENIED`;
 *   `ERR_APPARMOR_UNSUPPORTED_RUNTIME`; the codes of `availability`
 * @throws Error Node's own: `spawn EPERM` for `uid` or `gid` without the privilege, `ERR_ACCESS_DENIED`, …
 * @throws TypeError Node's own, and `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE` for `profile: undefined`,
 *   `profil: 'web'` and the like: a mistake must not mean "unconfined"; RangeError `ERR_OUT_OF_RANGE`
 * @example
 * ```js
 * import { spawn } from 'apparmor/child_process'
 * const child = spawn('convert', ['in.png', 'out.jpg'], { profile: 'web', stdio: 'inherit' })
 * child.on('exit', (code) => console.log(code))
 * ```
 */
export const spawn: types.Spawn = family.spawn as types.Spawn

/**
 * Node's `exec`, with `profile` or `stack`. The shell runs under the profile, and the profile's rules decide what
 * confines the programs that it starts.
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
export const exec: types.Exec = family.exec as types.Exec

/**
 * Node's `execFile`, with `profile` or `stack`.
 *
 * @param file a path, or a name that is looked up in PATH
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
export const execFile: types.ExecFile = family.execFile as types.ExecFile

/**
 * Node's `fork`, with `profile` or `stack`: a Node child with an IPC channel.
 *
 * docs/children.md shows what a profile must permit for Node. If this process is itself confined, the new Node
 * ignores `NODE_OPTIONS`, and the loader ignores `LD_PRELOAD` and the like, unless the rule for the change says
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
export const fork: types.Fork = family.fork as types.Fork

/**
 * Node's `spawnSync`, with `profile` or `stack`.
 *
 * @param command a path, or a name that is looked up in PATH
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
export const spawnSync: types.SpawnSync = family.spawnSync as types.SpawnSync

/**
 * Node's `execFileSync`, with `profile` or `stack`.
 *
 * @param file a path, or a name that is looked up in PATH
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
export const execFileSync: types.ExecFileSync = family.execFileSync as types.ExecFileSync

/**
 * Node's `execSync`, with `profile` or `stack`. The shell runs under the profile, and the profile's rules decide
 * what confines the programs that it starts.
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
export const execSync: types.ExecSync = family.execSync as types.ExecSync

/**
 * Returns the current label of a child's main thread, as the kernel reports it.
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
  if (!(child instanceof ChildProcess)) {
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

/** All of this module, so that it can be imported as `node:child_process` is. */
const all: {
  readonly ChildProcess: typeof cp.ChildProcess
  readonly spawn: types.Spawn
  readonly spawnSync: types.SpawnSync
  readonly exec: types.Exec
  readonly execSync: types.ExecSync
  readonly execFile: types.ExecFile
  readonly execFileSync: types.ExecFileSync
  readonly fork: types.Fork
  readonly confined: typeof confined
  readonly confinementOf: typeof confinementOf
  readonly parentRules: typeof parentRules
} = {
  ChildProcess,
  spawn,
  spawnSync,
  exec,
  execSync,
  execFile,
  execFileSync,
  fork,
  confined,
  confinementOf,
  parentRules,
}
export default all
