import { checkName } from '../border/args.ts'
import { callNative, wouldSucceed } from '../border/call.ts'
import { AppArmorError, invalidArgType, invalidArgValue, outOfRange } from '../border/errors.ts'
import { getProcAttr } from '../inspect/identity.ts'
import { builtin } from '../border/node.ts'
import { startPool } from '../border/pool.ts'

const MOST_HATS = 16 // the kernel looks at no more
const MOST_TOKEN = 0xffff_ffff_ffff_ffffn
const COMMAND = 'changehat 0123456789abcdef^'

// The hat this thread is in, as far as this module put it on: every thread has a module of its own.
let worn: { readonly hats: readonly string[]; readonly token: bigint } | null = null
let bornOutside = false

/**
 * Puts the calling thread into a hat of its profile: aa_change_hat(2), aa_change_hatv(2).
 *
 * For synchronous code only: what runs on other threads (`fs.promises`, DNS) and what this thread does in
 * later turns of the event loop for somebody else is not what the hat is for. {@link withHat} is the safe
 * form. Workers started in the hat inherit hat and token; children inherit the hat and cannot leave it.
 *
 * @param hat one name, or up to 16 candidates of which the kernel takes the first that exists
 * @param token 0 … 2⁶⁴−1; random unless given. Whoever knows it can leave the hat, so keep it from code that
 *   runs in the hat; `0n` makes a hat that cannot be left
 * @returns the token, for {@link leaveHat}
 * @throws {@link AppArmorError} `EPERM` unconfined or no_new_privs, `ECHILD` the profile has no hats,
 *   `ENOENT` it has others, `ERR_APPARMOR_ONEXEC_SET` the two do not mix in the kernel,
 *   `ERR_APPARMOR_IN_HAT` the thread is in a hat and its token was not given; the codes of
 *   {@link availability}. A wrong token in a hat is not an error: **the kernel kills the process**
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`
 * @example
 * ```js
 * import { changeHat, leaveHat } from 'apparmor'
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
  return enter(hats, token ?? newToken())
}

/**
 * Takes the calling thread out of its hat, back to the profile: aa_change_hat(2) without a name.
 *
 * @param token the one that {@link changeHat} returned. In a hat **the kernel kills the process for a wrong
 *   one**; outside of any hat nothing happens
 * @throws {@link AppArmorError} the kernel's errno; TypeError, RangeError for what is no token
 * @example
 * ```js
 * import { changeHat, leaveHat } from 'apparmor'
 * leaveHat(changeHat('uploads'))
 * ```
 */
export function leaveHat(token: bigint): void {
  checkToken(token, 1n)
  callNative((native) => native.leaveHat(token))
  worn = null
}

/**
 * Runs a function in a hat and leaves the hat whatever happens: the safe form of {@link changeHat}.
 *
 * The token is random and never shown. Within another `withHat` or {@link changeHat} of the same thread the
 * kernel goes from hat to hat, and afterwards back to the outer one.
 *
 * @param hat as for {@link changeHat}
 * @param fn synchronous; a promise from it, or an async function, is refused, since the rest of its work
 *   would run outside the hat
 * @returns what `fn` returns
 * @throws what `fn` throws; {@link AppArmorError} as {@link changeHat}; TypeError
 *   `ERR_INVALID_RETURN_VALUE` for a promise, the hat having been left by then
 * @example
 * ```js
 * import { readFileSync } from 'node:fs'
 * import { withHat } from 'apparmor'
 * const text = withHat('uploads', () => readFileSync('/srv/uploads/a.txt', 'utf8'))
 * ```
 */
export function withHat<T>(hat: string | readonly string[], fn: () => T): T {
  const hats = checkHats(hat)
  if (typeof fn !== 'function') throw invalidArgType('fn', 'of type function', fn)
  if (fn.constructor.name.startsWith('Async')) {
    throw invalidArgValue('fn', 'must not be an async function: it would go on outside the hat', fn)
  }
  const outer = worn
  const token = enter(hats, outer?.token ?? newToken())
  let result: T
  try {
    result = fn()
  } catch (error) {
    restore(outer, token, error)
    throw error
  }
  restore(outer, token)
  if (isThenable(result)) {
    result.then(undefined, () => {}) // its failure has nobody else to go to
    throw Object.assign(
      new TypeError('The function must not return a promise: its work would go on outside the hat'),
      { code: 'ERR_INVALID_RETURN_VALUE' },
    )
  }
  return result
}

/**
 * Asks the kernel whether {@link changeHat} would succeed now for the calling thread; nothing changes.
 *
 * @returns `false` where it would be refused with `ENOENT`, `ECHILD`, `EACCES` or `EPERM`
 * @throws {@link AppArmorError} `ERR_APPARMOR_FEATURE_MISSING` when the kernel knows no such question;
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

function enter(hats: readonly string[], token: bigint): bigint {
  startPool()
  callNative((native) => native.changeHat(hats, token), { profile: hats.join(' | ') })
  worn = { hats, token }
  return token
}

// Fails only when the kernel does, for example because the policy was replaced meanwhile: the thread then
// stays in the inner hat, and the caller has to know.
function restore(outer: typeof worn, token: bigint, cause?: unknown): void {
  try {
    if (outer) enter(outer.hats, outer.token)
    else leaveHat(token)
  } catch (error) {
    if (error instanceof Error && cause !== undefined) error.cause = cause
    throw error
  }
}

// In a hat the kernel would kill for another token. A Worker may have been started in one.
function newToken(): bigint {
  if (worn !== null || (!bornOutside && isInHat())) {
    throw new AppArmorError({ code: 'ERR_APPARMOR_IN_HAT', syscall: 'aa_change_hat' })
  }
  bornOutside = true
  return randomToken()
}

function isInHat(): boolean {
  try {
    return getProcAttr('prev') !== null
  } catch {
    return false // where it may not be read, there is nothing to go by
  }
}

// Drawn many at a time, since each draw costs as much as entering a hat.
let drawn: bigint[] = []

function randomToken(): bigint {
  const token = drawn.pop()
  if (token) return token
  drawn = [...builtin('node:crypto').getRandomValues(new BigUint64Array(64))]
  return randomToken()
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
