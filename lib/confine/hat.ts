import { checkName } from '../border/args.ts'
import { callNative, wouldSucceed } from '../border/call.ts'
import { AppArmorError, invalidArgType, invalidArgValue, outOfRange } from '../border/errors.ts'
import { util } from '../border/node.ts'
import { startPool } from '../border/pool.ts'

const MOST_HATS = 16 // the kernel looks at no more
const MOST_TOKEN = 0xffff_ffff_ffff_ffffn
const COMMAND = 'changehat 0123456789abcdef^'

/**
 * Puts the calling thread into a hat of its profile: aa_change_hat(2), aa_change_hatv(2).
 *
 * For synchronous code only. Work on other threads (`fs.promises`, DNS) runs outside the hat, and in later turns of
 * the event loop this thread would run unrelated work inside it. {@link withHat} is the safe form. Workers that are
 * started in the hat inherit the hat and the token. Children inherit the hat and cannot leave it.
 *
 * @param hat one name, or up to 16 names, of which the kernel takes the first that exists
 * @param token 0 … 2⁶⁴−1; random by default. Anyone who knows it can leave the hat, so keep it from code that runs
 *   in the hat. A hat entered with `0n` cannot be left
 * @returns the token, for {@link leaveHat}
 * @throws {@link AppArmorError} `EPERM` unconfined or no_new_privs, `ECHILD` the profile has no hats,
 *   `ENOENT` it has hats but not this one, `ERR_APPARMOR_ONEXEC_SET` a profile is set for the next exec,
 *   `ERR_APPARMOR_IN_HAT` the thread is in a hat and its token was not given; the codes of
 *   {@link availability}. A wrong token in a hat is not an error: **the kernel kills the process**
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`
 * @example
 * ```js
 * import { changeHat, changeProfile, leaveHat } from 'apparmor'
 * changeProfile('web') // its hats are "uploads" and others
 * const token = changeHat(['uploads', 'default'])
 * try {
 *   // runs under web//uploads
 * } finally {
 *   leaveHat(token)
 * }
 * ```
 */
export function changeHat(hat: string | readonly string[], token?: bigint): bigint {
  const hats = checkHats(hat)
  if (token !== undefined) checkToken(token, 0n)
  startPool()
  const isNew = token === undefined
  return callNative((native) => native.changeHat(hats, token ?? 0n, isNew), subjectOf(hats))
}

/**
 * Takes the calling thread out of its hat, back to the profile: aa_change_hat(2) without a name.
 *
 * @param token the token that {@link changeHat} returned. In a hat, **the kernel kills the process if the token is
 *   wrong**; outside any hat nothing happens
 * @throws {@link AppArmorError} the kernel's errno; TypeError, RangeError for a value that is not a token
 * @example
 * ```js
 * import { changeHat, changeProfile, leaveHat } from 'apparmor'
 * changeProfile('web')
 * leaveHat(changeHat('uploads'))
 * ```
 */
export function leaveHat(token: bigint): void {
  checkToken(token, 1n)
  callNative((native) => native.leaveHat(token))
}

/** The result of a function that has finished its work: not a promise and not a generator. */
export type Synchronous<T> = T extends
  | PromiseLike<unknown>
  | Generator<unknown, unknown, never>
  | AsyncGenerator<unknown, unknown, never>
  ? never
  : T

/**
 * Runs a function in a hat, and leaves the hat whatever happens: the safe form of {@link changeHat}. Native code
 * leaves the hat, even when a timeout of `node:vm` ends the function and no `finally` runs.
 *
 * The token is random, and JavaScript never sees it. Inside another `withHat` or {@link changeHat} of the same
 * thread, the thread goes from the outer hat to this one, and back to the outer one afterwards.
 *
 * @param hat as for {@link changeHat}
 * @param fn a synchronous function. Async functions and generators are refused, and so are functions that return a
 *   promise or a generator, because the rest of their work would run outside the hat
 * @returns what `fn` returns
 * @throws what `fn` throws; {@link AppArmorError} as {@link changeHat}; TypeError
 *   `ERR_INVALID_RETURN_VALUE` when the function returned a promise or a generator; the thread has left the hat by
 *   then
 * @example
 * ```js
 * import { readFileSync } from 'node:fs'
 * import { changeProfile, withHat } from 'apparmor'
 * changeProfile('web')
 * const text = withHat('uploads', () => readFileSync('/srv/uploads/a.txt', 'utf8'))
 * ```
 */
export function withHat<T>(hat: string | readonly string[], fn: () => Synchronous<T>): T {
  const hats = checkHats(hat)
  if (typeof fn !== 'function') throw invalidArgType('fn', 'of type function', fn)
  const { isAsyncFunction, isGeneratorFunction } = util.types
  if (isAsyncFunction(fn) || isGeneratorFunction(fn)) {
    const reason = 'must be no async and no generator function: it would go on outside the hat'
    throw invalidArgValue('fn', reason, fn)
  }
  startPool()
  let result: T | undefined
  let thrown: { readonly error: unknown } | undefined
  const run = (): void => {
    try {
      result = fn()
    } catch (error) {
      thrown = { error }
    }
  }
  try {
    callNative((native) => native.runInHat(hats, run), subjectOf(hats))
  } catch (error) {
    // Refused before, or the hat could not be left: the policy was replaced meanwhile, say. Then the thread
    // stays in the hat, and the caller has to know.
    if (error instanceof AppArmorError && thrown) error.cause = thrown.error
    throw error
  }
  if (thrown) throw (thrown as { error: unknown }).error
  return checkResult(result as T)
}

/**
 * Asks the kernel whether {@link changeHat} would succeed now for the calling thread. Nothing changes.
 *
 * @returns `false` when it would be refused with `ENOENT`, `ECHILD`, `EACCES` or `EPERM`
 * @throws {@link AppArmorError} `ERR_APPARMOR_FEATURE_MISSING` when the kernel cannot be asked this;
 *   the codes of {@link availability}; TypeError, RangeError as {@link changeHat}
 * @example
 * ```js
 * import { canChangeHat } from 'apparmor'
 * console.log(canChangeHat('uploads'))
 * ```
 */
export function canChangeHat(hat: string): boolean {
  checkName(hat, 'hat', COMMAND)
  return wouldSucceed(() => callNative((native) => native.tryHat(hat), { profile: hat }))
}

const subjectOf = (hats: readonly string[]): { profile: string } => ({ profile: hats.join(' | ') })

function checkResult<T>(result: T): T {
  let what = 'a promise'
  if (isThenable(result)) {
    result.then(undefined, () => {}) // its failure has nobody else to go to
  } else if (util.types.isGeneratorObject(result)) {
    what = 'a generator'
  } else {
    return result
  }
  throw Object.assign(
    new TypeError(`The function must not return ${what}: its work would go on outside the hat`),
    { code: 'ERR_INVALID_RETURN_VALUE' },
  )
}

function checkHats(hat: unknown): readonly string[] {
  if (!Array.isArray(hat)) {
    checkName(hat, 'hat', COMMAND)
    return [hat]
  }
  if (hat.length === 0) throw invalidArgValue('hat', 'must not be empty', hat)
  if (hat.length > MOST_HATS) throw outOfRange('hat', `at most ${MOST_HATS} names`, hat.length)
  // not map, which passes over the holes of an array
  const names = Array.from(hat as readonly unknown[], (name, index) => {
    checkName(name, `hat[${index}]`, COMMAND)
    return name
  })
  // one request holds them all, each with a byte after it
  checkName(names.join(' '), 'hat', COMMAND)
  return names
}

function checkToken(token: unknown, least: bigint): asserts token is bigint {
  if (typeof token !== 'bigint') throw invalidArgType('token', 'of type bigint', typeof token)
  if (token < least || token > MOST_TOKEN) {
    throw outOfRange('token', `>= ${least}n && <= 2n ** 64n - 1n`, 'another one')
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  )
}
