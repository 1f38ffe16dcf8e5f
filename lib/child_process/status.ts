import { callNative } from '../border/call.ts'
import { invalidArgValue } from '../border/errors.ts'
import type { Report } from '../launch/launcher.ts'

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

interface Started<T> {
  readonly result: T
  /** `null` when the target was executed */
  readonly report: Report | null
}

/** Gets a `stdio` for the launcher; its last descriptor, `status`, is the one to report on. */
type Start<T> = (stdio: unknown[], status: number) => T

/** Starts a launcher whose target runs on, and waits until that is executed. */
export function withPipe<T>(stdio: Stdio, start: Start<T>): Started<T> {
  const [read, write] = callNative((native) => native.openPipe())
  const take = () => callNative((native) => native.takeReport(read, write))
  return startAndTake(() => start([...stdio, write], stdio.length), take)
}

/** Starts a launcher that has ended, and its target as well, when `start` returns. */
export function withChannel<T>(stdio: Stdio, start: Start<T>): Started<T> {
  const channel = callNative((native) => native.reportChannel())
  const take = () => callNative((native) => native.takeChannelReport())
  return startAndTake(() => start([...stdio, channel], stdio.length), take)
}

function startAndTake<T>(start: () => T, take: () => Report | null): Started<T> {
  let result: T
  try {
    result = start()
  } catch (error) {
    take()
    throw error
  }
  return { result, report: take() }
}
