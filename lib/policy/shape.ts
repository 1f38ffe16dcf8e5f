/** Whether what a caller hands in has the shape of a policy: only `parseProfile` and `policy` make one that must have. */
import { invalidArgType, invalidArgValue } from '../border/invalid.ts'
import { isObject } from './check.ts'
import { originOf } from './origin.ts'
import type { Policy } from './rules/index.ts'

// As deep as text may be nested.
const DEEPEST = 250

/** Checks the argument of a public function: all the way down to its rules, but not what is in each of them. */
export function checkPolicy(value: unknown, argument: string = 'policy'): asserts value is Policy {
  if (!isObject(value) || (value as Policy).kind !== 'policy') {
    throw invalidArgType(argument, 'a policy', value)
  }
  checkBody(value, argument, 0)
}

function checkBody(body: object, argument: string, depth: number): void {
  if (originOf(body)) return // it was read
  const { rules } = body as { readonly rules?: unknown }
  if (depth > DEEPEST) throw invalidArgValue(argument, 'is nested too deep', rules)
  for (const [i, rule] of list(rules, `${argument}.rules`).entries()) {
    const name = `${argument}.rules[${i}]`
    if (!isObject(rule) || typeof (rule as { kind?: unknown }).kind !== 'string') {
      throw invalidArgType(name, 'a rule', rule)
    }
    const { kind, branches } = rule as { readonly kind: string; readonly branches?: unknown }
    if (kind === 'profile' || kind === 'hat' || kind === 'block') checkBody(rule, name, depth + 1)
    if (kind !== 'if') continue
    for (const [j, branch] of list(branches, `${name}.branches`).entries()) {
      const place = `${name}.branches[${j}]`
      if (!isObject(branch)) throw invalidArgType(place, 'of type object', branch)
      checkBody(branch, place, depth + 1)
    }
  }
}

function list(value: unknown, argument: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalidArgType(argument, 'an instance of Array', value)
  return [...(value as readonly unknown[])]
}
