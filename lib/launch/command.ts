import { checkText } from '../border/args.ts'
import { invalidArgType, invalidArgValue } from '../border/errors.ts'
import { launcherArgs, launcherFile } from './launcher.ts'
import { readTarget, type Confined } from './target.ts'

/**
 * Returns a command line that executes a program under a profile. Use it with anything that starts programs: execa,
 * zx, a process pool, a terminal, another runtime, a shell script, a unit file.
 *
 * The command is this package's launcher, a small static program. It sets the profile and executes the file. If it
 * cannot, it executes nothing, says why on stderr, and exits with 127 if there is no such program, and with 126
 * otherwise. When Node itself starts the program, `apparmor/child_process` has better errors.
 *
 * @param target the name of a loaded profile; or `{ profile }`; or `{ stack }`, to add a profile to the label
 * @param file a path, or a name that the launcher looks up in PATH
 * @param args the arguments after `argv[0]`
 * @returns the file and the arguments to start
 * @throws {@link AppArmorError} `ERR_APPARMOR_LAUNCHER` when the launcher is missing;
 *   `ERR_APPARMOR_NATIVE_MISSING`; `ERR_APPARMOR_UNSUPPORTED_PLATFORM`
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`
 * @example
 * ```js
 * import { execa } from 'execa'
 * import { confineCommand } from 'apparmor'
 * const { file, args } = confineCommand('web', 'convert', ['in.png', 'out.jpg'])
 * await execa(file, args)
 * ```
 */
export function confineCommand(
  target: string | Confined,
  file: string,
  args: readonly string[] = [],
): { file: string; args: string[] } {
  const checkedTarget = readTarget(target)
  checkText(file, 'file')
  if (file === '') throw invalidArgValue('file', 'must not be empty', file)
  if (!Array.isArray(args)) throw invalidArgType('args', 'an instance of Array', args)
  for (const [index, argument] of args.entries()) checkText(argument, `args[${index}]`)
  const command = { file, argv: [file, ...args] }
  return { file: launcherFile(), args: launcherArgs(checkedTarget, command) }
}
