import { errnoName } from '../border/errno.ts'

/** The error that Node itself has for a program that it cannot execute. */
export function nodeError(
  call: 'spawn' | 'spawnSync',
  errno: number,
  file: string,
  args: readonly string[],
): NodeJS.ErrnoException {
  const path = file
  return Object.assign(systemError(`${call} ${file}`, errno), { path, spawnargs: [...args] })
}

export function systemError(syscall: string, errno: number): NodeJS.ErrnoException {
  const code = errnoName(errno)
  return Object.assign(new Error(`${syscall} ${code}`), { errno, code, syscall })
}
