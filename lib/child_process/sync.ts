/** Confined children of spawnSync, execFileSync and execSync. */
import nodes, { type SpawnSyncOptions, type SpawnSyncReturns } from 'node:child_process'
import { checkText } from '../border/args.ts'
import { invalidArgType, invalidArgValue } from '../border/errors.ts'
import {
  checkLauncher,
  isExecFailure,
  launcherArgs,
  launcherFile,
  nowhere,
  refusal,
  type Command,
} from '../launch/launcher.ts'
import type { Target } from '../launch/target.ts'
import { nodeError } from './node_error.ts'
import { stdioEntries, withChannel } from './status.ts'

/** Node's options, not checked yet. */
export type Options = Readonly<Record<string, unknown>>

export type Result = SpawnSyncReturns<string | Buffer>

/** `spawnSync` of a target under a profile. */
export function spawnConfinedSync(
  target: Target,
  file: unknown,
  args: readonly string[],
  options: Options,
): Result {
  const command = toCommand(file, args, options)
  const launcher = launcherFile()
  const { profile, stack, shell, argv0, uid, gid, ...rest } = options

  const { result, report } = withChannel(stdioEntries(options['stdio']), (stdio, status) =>
    nodes.spawnSync(launcher, launcherArgs(target, { ...command, status }), {
      ...rest,
      stdio,
    } as SpawnSyncOptions),
  )

  if (report && !isExecFailure(report)) throw refusal(target, report, command)
  if (report) return notExecuted(command, -report[1])
  if (result.error && result.pid === 0) checkLauncher()
  if (result.error) {
    const { errno = 0 } = result.error as NodeJS.ErrnoException
    result.error = nodeError('spawnSync', errno, command.file, command.argv.slice(1))
  }
  ;(result.output as unknown[] | null)?.pop()
  return result
}

// Node's own result for a program that it cannot execute: its form differs from version to version.
function notExecuted(command: Command, errno: number): Result {
  const result: Result = nodes.spawnSync(nowhere())
  result.error = nodeError('spawnSync', errno, command.file, command.argv.slice(1))
  return result
}

// What Node would execute; all other options are for Node to check.
function toCommand(file: unknown, args: readonly string[], options: Options): Command {
  const { shell, argv0, uid, gid } = options
  checkText(file, 'file')
  if (file === '') throw invalidArgValue('file', 'must not be empty', file)
  for (const [index, argument] of args.entries()) {
    if (typeof argument === 'string') checkText(argument, `args[${index}]`)
  }
  checkId(uid, 'options.uid')
  checkId(gid, 'options.gid')
  if (argv0 !== undefined && argv0 !== null) checkText(argv0, 'options.argv0')
  if (shell !== undefined && shell !== null && typeof shell !== 'boolean') {
    if (typeof shell !== 'string') {
      throw invalidArgType('options.shell', 'one of type boolean or string', shell)
    }
    checkText(shell, 'options.shell')
  }

  const [program, rest] = shell
    ? [typeof shell === 'string' ? shell : '/bin/sh', ['-c', [file, ...args].join(' ')]]
    : [file, args]
  return { file: program, argv: [(argv0 as string | null) ?? program, ...rest], uid, gid }
}

function checkId(id: unknown, argument: string): asserts id is number | null | undefined {
  if (id === undefined || id === null || id === ((id as number) | 0)) return
  throw invalidArgType(argument, 'int32', id)
}

/** What execFileSync and execSync make of the result: the output, or an error. */
export function outputOf(result: Result, command: string, inheritStderr: boolean): string | Buffer {
  const { error, status, stderr, stdout } = result
  if (inheritStderr && stderr) process.stderr.write(stderr)
  if (error) throw Object.assign(error, result)
  if (status === 0) return stdout
  const said = stderr && stderr.length > 0 ? `\n${stderr.toString()}` : ''
  throw Object.assign(new Error(`Command failed: ${command}${said}`), result)
}
