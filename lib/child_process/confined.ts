import type * as cp from 'node:child_process'
import { readTarget, type Confined } from '../launch/target.ts'
import { makeFamily } from './family.ts'

/** Node's functions, bound to a profile. */
export interface ConfinedFunctions {
  readonly spawn: typeof cp.spawn
  readonly spawnSync: typeof cp.spawnSync
  readonly exec: typeof cp.exec
  readonly execSync: typeof cp.execSync
  readonly execFile: typeof cp.execFile
  readonly execFileSync: typeof cp.execFileSync
  readonly fork: typeof cp.fork
}

/**
 * Returns Node's `spawn`, `exec`, `execFile`, `fork` and their synchronous forms, bound to one profile.
 *
 * Their signatures, options, results and errors are Node's. They cannot start an unconfined child: there is no
 * option to forget or to misspell. `profile` and `stack` are refused as options.
 *
 * @param target the name of a loaded profile; or `{ profile }`; or `{ stack }`, the name of a loaded profile, which
 *   is added to the label that the child would have anyway
 * @returns a frozen object; you can destructure its functions
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`. The functions
 *   throw as those of this module
 * @example
 * ```js
 * import { confined } from 'apparmor/child_process'
 * const { spawn, execFileSync } = confined({ profile: 'web' })
 * console.log(execFileSync('id', ['-u'], { encoding: 'utf8' }))
 * ```
 */
export function confined(target: string | Confined): ConfinedFunctions {
  return Object.freeze(makeFamily(readTarget(target))) as unknown as ConfinedFunctions
}
