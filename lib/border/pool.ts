import { builtin } from './node.ts'

let started = false

/**
 * Has libuv create the threads of its pool, unless they are there. It does so at the first work, which may
 * come from a thread in a hat or under a profile of its own: the whole pool would be born with that label,
 * for ever and for everybody.
 */
export function startPool(): void {
  if (started) return
  started = true
  const crypto = builtin('node:crypto')
  crypto.randomBytes(1, () => {})
}
