import { fs, path } from '../border/node.ts'
import { Refusal } from './command.ts'

// As the shell and env(1) have it.
export const CANNOT_CONFINE = 125
export const CANNOT_EXECUTE = 126
export const NOT_FOUND = 127

/** The file that a program's name stands for, as execvp(3) finds it. */
export function findProgram(name: string, search: string = '/usr/local/bin:/usr/bin:/bin'): string {
  if (name.includes('/')) return name
  const found = search
    .split(':')
    .map((directory) => path.join(directory || '.', name))
    .filter((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile())
  const usable = found.find((file) => isExecutable(file))
  if (usable !== undefined) return usable
  throw found[0] === undefined
    ? new Refusal(`'${name}' is not found in PATH`, NOT_FOUND)
    : new Refusal(`'${found[0]}' may not be executed`, CANNOT_EXECUTE)
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK)
    return true
  } catch {
    return false
  }
}
