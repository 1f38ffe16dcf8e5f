import { invalidArgType } from '../border/invalid.ts'
import { isObject } from './check.ts'
import { covers } from './cover.ts'
import { compareAll, mergeAll } from './rules/all.ts'
import { compareCapability, mergeCapability } from './rules/capability.ts'
import { compareChangeProfile, mergeChangeProfile } from './rules/change_profile.ts'
import { compareDbus, mergeDbus } from './rules/dbus.ts'
import { compareFile, mergeFile, type FileRule } from './rules/file.ts'
import type { AccessRule } from './rules/index.ts'
import { compareIoUring, mergeIoUring } from './rules/io_uring.ts'
import { compareLink, mergeLink } from './rules/link.ts'
import { compareMount, mergeMount } from './rules/mount.ts'
import { compareMqueue, mergeMqueue } from './rules/mqueue.ts'
import { compareNetwork, mergeNetwork } from './rules/network.ts'
import { comparePivotRoot, mergePivotRoot } from './rules/pivot_root.ts'
import { comparePtrace, mergePtrace } from './rules/ptrace.ts'
import { compareSignal, mergeSignal } from './rules/signal.ts'
import { compareUnix, mergeUnix } from './rules/unix.ts'
import { compareUserns, mergeUserns } from './rules/userns.ts'
import { isSame, type Compare } from './union.ts'

interface Verbs {
  readonly compare: Compare<never>
  readonly merge: (a: never, b: never) => AccessRule | undefined
}

// In the order in which rules are sorted.
const KINDS: Readonly<Record<AccessRule['kind'], Verbs>> = {
  all: { compare: compareAll, merge: mergeAll },
  userns: { compare: compareUserns, merge: mergeUserns },
  capability: { compare: compareCapability, merge: mergeCapability },
  network: { compare: compareNetwork, merge: mergeNetwork },
  mount: { compare: compareMount, merge: mergeMount },
  remount: { compare: compareMount, merge: mergeMount },
  umount: { compare: compareMount, merge: mergeMount },
  pivot_root: { compare: comparePivotRoot, merge: mergePivotRoot },
  change_profile: { compare: compareChangeProfile, merge: mergeChangeProfile },
  mqueue: { compare: compareMqueue, merge: mergeMqueue },
  io_uring: { compare: compareIoUring, merge: mergeIoUring },
  signal: { compare: compareSignal, merge: mergeSignal },
  ptrace: { compare: comparePtrace, merge: mergePtrace },
  unix: { compare: compareUnix, merge: mergeUnix },
  dbus: { compare: compareDbus, merge: mergeDbus },
  file: { compare: compareFile, merge: mergeFile },
  link: { compare: compareLink, merge: mergeLink },
}
const ORDER: readonly string[] = Object.keys(KINDS)

/**
 * Orders two rules, for `Array.prototype.sort`: by kind, then `deny` first, then by path or peer, then by text.
 *
 * The order is the same on every machine, and depends only on the two rules. It does not change the meaning of a
 * policy. It makes no system call and runs anywhere.
 *
 * @param a a rule that permits or denies something
 * @param b another one
 * @returns negative when `a` comes first, positive when `b` does, zero when both say the same
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 * @example
 * ```js
 * import { capability, compare, file } from 'apparmor/policy'
 * [file('/b', 'r'), file('/a', 'r'), capability('kill')].sort(compare) // capability, /a, /b
 * ```
 */
export function compare(a: AccessRule, b: AccessRule): number {
  const [one, two] = [verbsOf(a, 'a'), verbsOf(b, 'b')]
  return (
    ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || (one === two ? call(one.compare, a, b) : 0)
  )
}

/**
 * Merges two rules into one, if one rule can say exactly what the two say together.
 *
 * The merged rule permits and denies no more and no less. Rules that differ in `deny`, `audit`, `priority` or the
 * execution mode are not merged. It makes no system call and runs anywhere. Rests on apparmor.d(5).
 *
 * @param a a rule that permits or denies something
 * @param b another one
 * @returns one rule for both, frozen; `a` or `b` itself if it says everything; `undefined` if the two cannot be
 *   merged
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 * @example
 * ```js
 * import { capability, file, glob, merge } from 'apparmor/policy'
 * merge(file('/a', 'r'), file('/a', 'w')) // /a rw,
 * merge(capability('kill'), capability('chown')) // capability kill chown,
 * merge(file(glob('/srv/**'), 'rw'), file('/srv/a', 'r')) // /srv/** rw,
 * merge(file('/a', 'r'), file('/b', 'r')) // undefined
 * ```
 */
export function merge(a: AccessRule, b: AccessRule): AccessRule | undefined {
  const [verbs] = [verbsOf(a, 'a'), verbsOf(b, 'b')]
  if (a.kind !== b.kind || !isSame(qualifiersOf(a), qualifiersOf(b))) return undefined
  if (isSame(a, b)) return a
  if (!decidesExecution(a) && !decidesExecution(b)) {
    if (covers(a, b)) return a
    if (covers(b, a)) return b
  }
  const whole = call(verbs.merge, plainly(a), plainly(b))
  return whole && freeze(whole)
}

function verbsOf(rule: AccessRule, argument: string): Verbs {
  if (!isObject(rule) || !Object.hasOwn(KINDS, rule.kind)) {
    throw invalidArgType(argument, 'a rule that permits or denies something', rule)
  }
  return KINDS[rule.kind]
}

const call = <T>(verb: (a: never, b: never) => T, a: AccessRule, b: AccessRule): T =>
  verb(a as never, b as never)

type Qualified = AccessRule & { readonly priority?: number }

const qualifiersOf = ({ access = 'allow', audit = false, priority = 0 }: Qualified): object => ({
  access,
  audit,
  priority,
})

/** Without the words that say what is so without them. */
function plainly(rule: Qualified): AccessRule {
  const { access, audit, priority, ...rest } = rule
  return {
    ...(priority && { priority }),
    ...(audit && { audit }),
    ...(access && access !== 'allow' && { access }),
    ...rest,
  } as AccessRule
}

// For execution a rule that names the program counts for more than a pattern that covers it.
const decidesExecution = (rule: AccessRule): boolean =>
  rule.kind === 'file' && (rule as FileRule).exec !== undefined

function freeze<R extends AccessRule>(rule: R): R {
  for (const value of Object.values(rule)) if (Array.isArray(value)) Object.freeze(value)
  return Object.freeze(rule)
}
