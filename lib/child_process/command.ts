import type { Command } from '../launch/launcher.ts'
import type { Options } from './call.ts'

/** What Node would execute for arguments that it has found to be right. */
export function toCommand(file: string, args: readonly string[], options: Options): Command {
  const { shell, argv0, uid, gid } = options
  const [program, rest] = shell
    ? [typeof shell === 'string' ? shell : '/bin/sh', ['-c', [file, ...args].join(' ')]]
    : [file, args]
  const name = typeof argv0 === 'string' ? argv0 : program
  return { file: program, argv: [name, ...rest], uid, gid } as Command
}
