/** Argument checks that run outside of Node, too. */
import { invalidArgType } from '../border/invalid.ts'

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function checkString(value: unknown, argument: string): asserts value is string {
  if (typeof value !== 'string') throw invalidArgType(argument, 'of type string', value)
}
