import { callNative } from '../call.ts'
import { invalidArgValue } from '../errors.ts'
import type { Report } from '../launcher.ts'
import { native } from '../native.ts'

/** What stands in for a child's descriptors in Node's `stdio` option. */
export type Stdio = readonly unknown[]

const WORDS: readonly unknown[] = ['pipe', 'overlapped', 'ignore', 'inherit']

/** The descriptors that a `stdio` option asks for, written out. */
export function stdioEntries(stdio: unknown): Stdio {
  if (!stdio) return ['pipe', 'pipe', 'pipe']
  if (WORDS.includes(stdio)) return [stdio, stdio, stdio]
  if (!Array.isArray(stdio)) throw invalidArgValue('options.stdio', 'is invalid', stdio)
  // Node itself makes at least three.
  return [...stdio, ...Array.from({ length: Math.max(0, 3 - stdio.length) })]
}

/**
 * Starts a launcher with a pipe to report on, by `start`, which gets the `stdio` for it. The pipe is the
 * last descriptor of the child's: the launcher takes it away from the target.
 *
 * @returns what `start` returned, and the report: `null` when the target was executed
 */
export function withReport<T>(
  stdio: Stdio,
  start: (stdio: unknown[], status: number) => T,
): { result: T; report: Report | null } {
  const [read, write] = callNative((native) => native.openPipe())
  let result: T
  try {
    result = start([...stdio, write], stdio.length)
  } catch (error) {
    native().takeReport(read, write)
    throw error
  }
  return { result, report: callNative((native) => native.takeReport(read, write)) }
}
