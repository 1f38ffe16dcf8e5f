/**
 * Confined children of spawn in a runtime without Node's handles (Bun, Deno). There the launcher itself is what
 * the runtime is asked to start, and what is seen of the child is the launcher.
 */
import type { ChildProcess } from 'node:child_process'
import { checkText } from '../border/args.ts'
import { AppArmorError } from '../border/errors.ts'
import { isTargetFailure, launcherArgs, launcherFile, refusal } from '../launch/launcher.ts'
import type { Target } from '../launch/target.ts'
import type { Options } from './call.ts'
import { toCommand } from './command.ts'
import { launch } from './launch.ts'
import { node } from './node.ts'
import { nodeError, systemError } from './node_error.ts'
import { readStdio } from './stdio.ts'

/** A confined child: its launcher has reported that it executes the target. */
export function spawnElsewhere(
  target: Target,
  [file, given]: readonly unknown[],
  options: Options,
): ChildProcess {
  checkText(file, 'file')
  const { profile, stack, shell, argv0, uid, gid, stdio, ...rest } = options
  const command = toCommand(file, Array.isArray(given) ? given : [], options)
  const { entries, count } = readStdio(stdio ?? 'pipe') ?? { entries: [], count: 0 }
  let child: ChildProcess | undefined
  const outcome = launch(({ fd, inode }) => {
    const args = launcherArgs(target, { ...command, status: count, inode })
    child = node.spawn(launcherFile(), args, { ...rest, stdio: [...entries, fd] } as object)
    child.on('error', () => {})
    return 0
  })
  if (typeof outcome === 'number') throw systemError('spawn', outcome)
  if (!child || !outcome) throw new AppArmorError({ code: 'ERR_APPARMOR_UNSUPPORTED_RUNTIME' })
  if (outcome[1] === 0) return child
  if (!isTargetFailure(outcome)) throw refusal(target, outcome)
  return failLater(child, nodeError('spawn', -outcome[1], command.file, command.argv.slice(1)))
}

function failLater(child: ChildProcess, error: Error): ChildProcess {
  process.nextTick(() => child.emit('error', error))
  return child
}
