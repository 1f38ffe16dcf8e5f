/** Where the functions of node:child_process take their options, and what is in them. */
import { invalidArgValue } from '../border/errors.ts'
import { readOptions } from '../border/options.ts'
import { similarTo } from './similar.ts'

/** A copy of somebody's options: their own properties only, each read once. */
export type Options = Readonly<Record<string, unknown>>

export type AsyncName = 'spawn' | 'exec' | 'execFile' | 'fork'
export type SyncName = 'spawnSync' | 'execSync' | 'execFileSync'

/** A call of one of the functions, taken apart. */
export interface Call {
  /** the file or the command, and the arguments where the function has them */
  readonly before: readonly unknown[]
  /** the caller's object; `undefined` when the call has none */
  readonly options: object | undefined
  /** what stands in the place of the options and is none */
  readonly wrong: unknown
  /** the callback, where there is one */
  readonly after: readonly unknown[]
}

/** The options that decide what a child is confined by. */
const CONFINING = ['profile', 'stack'] as const

/**
 * Takes a call apart. What looks like a try to confine and would be none is refused: a misspelt option, an
 * option that is inherited, options in a place where Node does not read them.
 */
export function readCall(name: AsyncName | SyncName, given: readonly unknown[]): Call {
  const at = placeOfOptions(name, given)
  const value = given[at]
  const before = Array.from({ length: at }, (_, i) => given[i])
  const misplaced = given.find((other, i) => i !== at && isObject(other) && mayConfine(other))
  if (misplaced) {
    throw invalidArgValue('options', 'must stand where the function reads them', misplaced)
  }
  if (isObject(value)) {
    checkNames(value)
    return { before, options: value, wrong: undefined, after: given.slice(at + 1) }
  }
  const callback = typeof value === 'function'
  const after = given.slice(callback ? at : at + 1)
  return { before, options: undefined, wrong: callback ? undefined : (value ?? undefined), after }
}

/** Reads the options of a call that is to be confined. */
export function copyOptions({ options }: Call): Options {
  // No prototype: what is not there must not be found in Object.prototype.
  return { __proto__: null, ...options }
}

/** The arguments for Node's function, with other options. */
export function withOptions({ before, after }: Call, options: Options): unknown[] {
  return [...before, options, ...after]
}

function placeOfOptions(name: AsyncName | SyncName, given: readonly unknown[]): 1 | 2 {
  if (name === 'exec' || name === 'execSync') return 1
  return isObject(given[1]) || typeof given[1] === 'function' ? 1 : 2
}

// Looks at names only: the values are read once, by Node or by copyOptions.
function checkNames(value: object): void {
  // What is left of them could only be inherited, and that is refused.
  const missing = CONFINING.filter((name) => !Object.hasOwn(value, name))
  readOptions<Options>(value, missing)
  for (const name of Object.keys(value)) {
    const meant = CONFINING.find((other) => name !== other && similarTo(name, other))
    if (meant) throw invalidArgValue(`options.${name}`, `looks like '${meant}'`, value)
  }
}

/** Whether options have `profile` or `stack`. */
export function mayConfine(value: object): boolean {
  return CONFINING.some((name) => Object.hasOwn(value, name))
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
