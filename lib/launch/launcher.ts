/** The launcher (`src/launcher`): where it is, what it is told, and what its report means. */
import { diagnosed } from '../border/call.ts'
import { errnoName } from '../border/errno.ts'
import { AppArmorError } from '../border/errors.ts'
import { launcherPath } from '../border/native.ts'
import { builtin, fs, path } from '../border/node.ts'
import type { Target } from './target.ts'

/** A command as the launcher executes it. */
export interface Command {
  readonly file: string
  /** the first is `argv[0]` */
  readonly argv: readonly string[]
  readonly uid?: number | null | undefined
  readonly gid?: number | null | undefined
  /** the descriptor to report on, and which file it has to be */
  readonly status?: number
  readonly inode?: number
}

/** Which stage failed, and a positive errno: 0 when it is the last, and has not failed. */
export type Report = readonly [stage: number, errno: number]

const STAGE = { arguments: 1, onexec: 2, credentials: 3, exec: 4 } as const

/** Whether it is the target itself, or its user, that the kernel refused: Node has errors of its own for that. */
export function isTargetFailure([stage]: Report): boolean {
  return stage === STAGE.exec || stage === STAGE.credentials
}

/** Where the launcher is. */
export function launcherFile(): string {
  const file = launcherPath()
  checkFormat(file)
  return file
}

/** A path that nothing can be executed by: below a file. */
export function nowhere(): string {
  return path.join(process.execPath, 'nowhere')
}

/** The launcher's arguments, without its own `argv[0]`. */
export function launcherArgs({ kind, profile }: Target, command: Command): string[] {
  const { file, argv, uid, gid, status, inode } = command
  const [argv0 = file, ...rest] = argv
  const args = [kind === 'stack' ? 'stack' : 'profile', profile]
  if (status !== undefined) args.push(`status=${status}`)
  if (inode !== undefined) args.push(`inode=${inode}`)
  // Node casts negative ids to what the kernel takes.
  if (uid !== undefined && uid !== null) args.push(`uid=${uid >>> 0}`)
  if (gid !== undefined && gid !== null) args.push(`gid=${gid >>> 0}`)
  if (argv0 !== file) args.push(`argv0=${argv0}`)
  return [...args, '--', file, ...rest]
}

/** The error for a target that was not executed because it could not be confined; `null` for no report at all. */
export function refusal({ kind, profile }: Target, report: Report | null): AppArmorError {
  if (report === null) return unusable('it ended without a report')
  const [stage, errno] = report
  if (stage === STAGE.onexec) {
    const syscall = kind === 'stack' ? 'aa_stack_onexec' : 'aa_change_onexec'
    return diagnosed({ errno: -errno, syscall, profile })
  }
  return unusable(errnoName(-errno))
}

/**
 * Called when Node could not start the launcher: throws if it is the launcher's fault, and not for want
 * of processes, memory or a working directory.
 */
export function checkLauncher(): void {
  const { spawnSync } = builtin('node:child_process')
  const { error, status } = spawnSync(launcherPath(), { stdio: 'ignore' }) // without arguments it refuses
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (code !== undefined && ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE'].includes(code)) return
  if (error || status !== 126) throw unusable(code, error)
}

let formatChecked = false

// A file that the kernel cannot execute would be read by a shell, which ends without a report, as if
// the target had been executed.
function checkFormat(launcher: string): void {
  if (formatChecked) return
  const magic = Buffer.alloc(4)
  let fd: number
  try {
    fd = fs.openSync(launcher, 'r')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') throw unusable(code, error)
    return // to be executed it need not be readable
  }
  try {
    fs.readSync(fd, magic)
  } finally {
    fs.closeSync(fd)
  }
  if (magic.toString('latin1') !== '\x7fELF') throw unusable('ENOEXEC')
  formatChecked = true
}

function unusable(detail?: string, cause?: unknown): AppArmorError {
  return new AppArmorError({ code: 'ERR_APPARMOR_LAUNCHER', path: launcherPath(), detail, cause })
}
