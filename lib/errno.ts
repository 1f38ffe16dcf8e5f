import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'

const names = new Map(Object.entries(constants.errno).map(([name, errno]) => [errno, name]))

/**
 * The name of a negative errno, `'ENOENT'`: Node's own where it has one, which is so for the errnos of libuv
 * alone and not for ECHILD or ENOEXEC.
 */
export function errnoName(errno: number): string {
  const name = getSystemErrorName(errno)
  return name.startsWith('E') ? name : (names.get(-errno) ?? name)
}
