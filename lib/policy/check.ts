/** Argument checks that run outside of Node, too. */
import { invalidArgType } from '../border/invalid.ts'

/**
 * The properties of an options object that are its own, each read once.
 *
 * @returns none of an absent object
 */
export function ownOptions<T extends object>(value: T | undefined, argument: string): Partial<T> {
  if (value === undefined) return {}
  if (!isObject(value)) throw invalidArgType(argument, 'of type object', value)
  return { ...value }
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function checkString(value: unknown, argument: string): asserts value is string {
  if (typeof value !== 'string') throw invalidArgType(argument, 'of type string', value)
}
