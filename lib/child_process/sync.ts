/** Confined children of spawnSync, execFileSync and execSync. */
import type { SpawnSyncReturns } from 'node:child_process'
import { constants } from 'node:os'
import { checkText } from '../border/args.ts'
import { AppArmorError } from '../border/errors.ts'
import {
  checkLauncher,
  isTargetFailure,
  launcherArgs,
  launcherFile,
  nowhere,
  refusal,
  type Command,
} from '../launch/launcher.ts'
import type { Target } from '../launch/target.ts'
import type { Options, SyncName } from './call.ts'
import { runtime } from './handle.ts'
import { toCommand } from './command.ts'
import { launch, type Outcome } from './launch.ts'
import { node } from './node.ts'
import { nodeError } from './node_error.ts'
import { childrenAreDenied } from './permission.ts'
import { readStdio } from './stdio.ts'

const { EBADF, EINVAL } = constants.errno

type Result = SpawnSyncReturns<string | Buffer>

/** What Node's function of this name returns, for a target under a profile. */
export function runConfined(
  name: SyncName,
  target: Target,
  [file, given]: readonly unknown[],
  options: Options,
): unknown {
  if (childrenAreDenied()) return node.spawnSync(nowhere()) // throws
  launcherFile() // says so where the package cannot work
  const args: readonly unknown[] = Array.isArray(given) ? [...given] : []
  const env = copyEnv(options['env'])
  check(name, file, Array.isArray(given) ? args : given, { __proto__: null, ...options, env })
  const command = toCommand(file as string, args as string[], {
    __proto__: null,
    ...options,
    shell: shellOf(name, options),
  })
  const result = spawnConfined(target, command, { __proto__: null, ...options, env })
  if (name === 'spawnSync') return result
  const shown = name === 'execSync' ? file : [options['argv0'] || file, ...args].join(' ')
  return outputOf(result, String(shown), !options['stdio'])
}

// Node reads it with what it inherits.
function copyEnv(env: unknown): unknown {
  if (!env) return env
  const copy: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const name in env as object) copy[name] = (env as Record<string, unknown>)[name]
  return copy
}

// What Node checks last of all that it checks for these arguments. No timeout is like this.
const WRONG_TIMEOUT = -0.5772156649

/**
 * Has Node check the arguments: its errors and warnings differ from version to version. Nothing can be executed
 * by this, not even if Node did not refuse: in the place of what is right stands what does not exist.
 */
function check(name: SyncName, file: unknown, args: unknown, options: Options): void {
  if (runtime !== 'node') return checkText(file, 'file')
  const standIn = (value: unknown): unknown => (value === true || isText(value) ? nowhere() : value)
  const shell = standIn(shellOf(name, options))
  const checked = { __proto__: null, ...options, shell, timeout: WRONG_TIMEOUT }
  try {
    if (name === 'execSync') node.execSync(standIn(file) as string, checked as object)
    else node[name](standIn(file) as string, args as string[], checked as object)
  } catch (error) {
    if (String((error as Error).message).endsWith(String(WRONG_TIMEOUT))) return
    throw error
  }
  throw new AppArmorError({ code: 'ERR_APPARMOR_UNSUPPORTED_RUNTIME' })
}

function shellOf(name: SyncName, { shell }: Options): unknown {
  return name === 'execSync' && typeof shell !== 'string' ? true : shell
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && !value.includes('\0')
}

function spawnConfined(target: Target, command: Command, options: Options): Result {
  const { profile, stack, shell, argv0, uid, gid, ...rest } = options
  if (uid === -1 || gid === -1) return notExecuted(command, -EINVAL) // as the kernel would say
  const read = readStdio(options['stdio'])
  let result: Result | undefined
  const outcome = launch(({ fd, inode, owns }) => {
    // A number of ours is one that the caller has not opened.
    if (read?.numbers.some(owns)) return 0
    const args = launcherArgs(target, { ...command, status: read?.count ?? 0, inode })
    const stdio = read ? read.entries.concat(fd) : options['stdio']
    result = node.spawnSync(launcherFile(), args, { ...rest, stdio } as object)
    return 0
  })
  if (typeof outcome === 'number') return notExecuted(command, outcome)
  if (!result) return notExecuted(command, -EBADF)
  return judge(target, command, result, outcome)
}

function judge(target: Target, command: Command, result: Result, outcome: Outcome): Result {
  const { error, pid, signal, output } = result
  if (outcome === null) {
    if (error && !pid) checkLauncher()
    else if (signal === null) throw refusal(target, null)
  } else if (outcome[1] !== 0) {
    if (!isTargetFailure(outcome)) throw refusal(target, outcome)
    return notExecuted(command, -outcome[1])
  }
  if (error) result.error = syncError(command, (error as NodeJS.ErrnoException).errno ?? 0)
  ;(output as unknown[] | null)?.pop()
  return result
}

// Node's own result for a program that it cannot execute: its form differs from version to version.
function notExecuted(command: Command, errno: number): Result {
  const result: Result = node.spawnSync(nowhere())
  result.error = syncError(command, errno)
  return result
}

function syncError({ file, argv }: Command, errno: number): NodeJS.ErrnoException {
  return nodeError('spawnSync', errno, file, argv.slice(1))
}

// What execFileSync and execSync make of the result.
function outputOf(result: Result, command: string, inheritStderr: boolean): string | Buffer {
  const { error, status, stderr, stdout } = result
  if (inheritStderr && stderr) process.stderr.write(stderr)
  if (error) throw Object.assign(error, result)
  if (status === 0) return stdout
  const said = stderr && stderr.length > 0 ? `\n${stderr.toString()}` : ''
  throw Object.assign(new Error(`Command failed: ${command}${said}`), result)
}
