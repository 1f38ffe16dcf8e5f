/** What a child is to be confined by. */
import { checkProfile } from '../border/args.ts'
import { invalidArgType, invalidArgValue } from '../border/errors.ts'
import type { Kind } from '../border/native.ts'
import { readOptions } from '../border/options.ts'

/** The option that confines a child. */
export type Confined =
  | {
      /** the name of the loaded profile that the child runs under */
      readonly profile: string
      readonly stack?: never
    }
  | {
      /** the name of a loaded profile, which is added to the label that the child would have anyway */
      readonly stack: string
      readonly profile?: never
    }

export interface Target {
  readonly kind: Kind
  readonly profile: string
}

/**
 * The target that `options` name; `undefined` when they have neither `profile` nor `stack`. One that is
 * there without a value is refused: a variable that was never set must not mean "unconfined".
 */
export function targetIn(options: object, argument: string): Target | undefined {
  const found = readOptions<{ profile: unknown; stack: unknown }>(
    options,
    ['profile', 'stack'],
    argument,
  )
  if ('profile' in found && 'stack' in found) {
    throw invalidArgValue(argument, 'must not have both profile and stack', options)
  }
  if ('profile' in found) {
    return { kind: 'change', profile: checked(found.profile, `${argument}.profile`, 'exec') }
  }
  if ('stack' in found) {
    return { kind: 'stack', profile: checked(found.stack, `${argument}.stack`, 'stack') }
  }
  return undefined
}

/** The target that is given as a profile's name, or as an object with `profile` or `stack`. */
export function readTarget(target: unknown): Target {
  if (typeof target === 'string') {
    return { kind: 'change', profile: checked(target, 'target', 'exec') }
  }
  const found = typeof target === 'object' && target ? targetIn(target, 'target') : undefined
  if (!found) {
    throw invalidArgType('target', 'of type string or an object with profile or stack', target)
  }
  return found
}

/** A profile's name as it can be handed to the launcher. */
export function checked(value: unknown, argument: string, command: 'exec' | 'stack'): string {
  checkProfile(value, argument, command)
  // Node would write U+FFFD for such a byte on a command line, and thus name another profile.
  if (/[\udc80-\udcff]/u.test(value)) {
    throw invalidArgValue(argument, 'must be UTF-8: a command line carries no other bytes', value)
  }
  return value
}
