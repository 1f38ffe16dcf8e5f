/** What a caller's options say. */
import { checkOptions } from './args.ts'
import { invalidArgValue } from './invalid.ts'

/**
 * Reads options: each once, and only what the object itself has. Whoever can write to `Object.prototype`
 * would otherwise decide what every call does. One that the object inherits from elsewhere is refused: the
 * caller means it, and to pass over a `profile` would be to run unconfined.
 *
 * @returns what was found, unchecked, in an object without a prototype: what it lacks is `undefined`
 */
export function readOptions<T extends object>(
  options: unknown,
  names: readonly (keyof T & string)[],
  argument: string = 'options',
): { readonly [Name in keyof T]?: unknown } {
  checkOptions(options, argument)
  const found: { [Name in keyof T]?: unknown } = Object.create(null)
  if (options === undefined) return found
  for (const name of names) {
    if (Object.hasOwn(options, name)) found[name] = (options as T)[name]
    else if (isInherited(options, name)) {
      const reason = 'must be a property of the object itself, not an inherited one'
      throw invalidArgValue(`${argument}.${name}`, reason, options)
    }
  }
  return found
}

function isInherited(options: object, name: string): boolean {
  let holder: object | null = Object.getPrototypeOf(options)
  while (holder !== null && holder !== Object.prototype) {
    if (Object.hasOwn(holder, name)) return true
    holder = Object.getPrototypeOf(holder)
  }
  return false
}

/** Refuses options that do not exist: a misspelt one would be passed over. */
export function refuseUnknown(options: unknown, known: readonly string[]): void {
  for (const name of Object.keys(options ?? {})) {
    if (!known.includes(name)) {
      throw invalidArgValue(`options.${name}`, `is not one of: ${known.join(', ')}`, options)
    }
  }
}
