import { builtin, util } from './node.ts'

/**
 * The name of a negative errno, `'ENOENT'`: Node's own where it has one, which is so for the errnos of libuv
 * alone and not for ECHILD or ENOEXEC.
 */
export function errnoName(errno: number): string {
  const name = util.getSystemErrorName(errno)
  if (name.startsWith('E')) return name
  const { constants } = builtin('node:os')
  return Object.entries(constants.errno).find(([, number]) => number === -errno)?.[0] ?? name
}
