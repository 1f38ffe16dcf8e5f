import { checkLabel } from '../border/args.ts'
import { callNative, toAppArmorError } from '../border/call.ts'
import { invalidArgType } from '../border/errors.ts'
import { readOptions } from '../border/options.ts'

/** Options of {@link watch}. */
export interface WatchOptions {
  /** ends the watch: the iteration then throws an `AbortError` */
  readonly signal?: AbortSignal
  /** the policy namespace to watch (`'a//b'` for a nested one); default: the caller's own */
  readonly namespace?: string
  /** whether waiting keeps the program alive; default `false` */
  readonly ref?: boolean
}

/**
 * Watches the policy: yields its revision at once, and again after every change.
 *
 * The kernel counts each load, replacement and removal. When changes follow each other faster than the loop reads
 * them, only the newest is reported. The changes in a nested namespace are not counted.
 *
 * @returns an async iterable that starts at its first use; leaving the loop ends the watch
 * @throws {@link AppArmorError} (from the iteration) `ENOENT` when the policy interface is not visible, or
 *   no such namespace; `EACCES`; the codes of {@link availability} without AppArmor
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { status, watch } from 'apparmor'
 * const signal = AbortSignal.timeout(60_000)
 * try {
 *   for await (const revision of watch({ signal, ref: true })) {
 *     console.log(revision, (await status()).counts.profiles)
 *   }
 * } catch (error) {
 *   if (!signal.aborted) throw error
 * }
 * ```
 */
export function watch(options?: WatchOptions): AsyncIterableIterator<number> {
  const {
    signal,
    namespace,
    ref = false,
  } = readOptions<WatchOptions>(options, ['signal', 'namespace', 'ref'])
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidArgType('options.signal', 'an instance of AbortSignal', signal)
  }
  if (namespace !== undefined) checkLabel(namespace, 'options.namespace')
  if (typeof ref !== 'boolean') throw invalidArgType('options.ref', 'of type boolean', ref)
  return new Watch(namespace ?? '', ref, signal)
}

interface Waiting {
  resolve(result: IteratorResult<number, undefined>): void
  reject(error: unknown): void
}

const DONE: IteratorResult<number, undefined> = { done: true, value: undefined }

class Watch implements AsyncIterableIterator<number> {
  readonly #namespace: string
  readonly #ref: boolean
  readonly #signal: AbortSignal | undefined
  readonly #waiting: Waiting[] = []
  readonly #onAbort = (): void => this.#fail(abortError(this.#signal))
  #stop: (() => void) | null = null
  #newest: number | null = null
  #failure: { error: unknown } | null = null
  #ended = false

  constructor(namespace: string, ref: boolean, signal: AbortSignal | undefined) {
    this.#namespace = namespace
    this.#ref = ref
    this.#signal = signal
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<number, undefined>> {
    if (this.#stop === null && !this.#ended) this.#start()
    if (this.#failure) {
      const { error } = this.#failure
      this.#failure = null
      throw error
    }
    if (this.#ended) return DONE
    if (this.#newest !== null) {
      const value = this.#newest
      this.#newest = null
      return { done: false, value }
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  async return(): Promise<IteratorResult<number, undefined>> {
    this.#end()
    for (const { resolve } of this.#waiting.splice(0)) resolve(DONE)
    return DONE
  }

  #start(): void {
    if (this.#signal?.aborted) return this.#onAbort()
    try {
      this.#stop = callNative((native) =>
        native.watchRevision(this.#namespace, this.#ref, (error, revision) => {
          if (this.#ended) return
          if (error) this.#fail(toAppArmorError(error))
          else this.#deliver(Number(revision))
        }),
      )
    } catch (error) {
      return this.#fail(error)
    }
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  #deliver(value: number): void {
    const waiting = this.#waiting.shift()
    if (waiting) waiting.resolve({ done: false, value })
    else this.#newest = value
  }

  #fail(error: unknown): void {
    this.#end()
    const [first, ...rest] = this.#waiting.splice(0)
    if (first) first.reject(error)
    else this.#failure = { error }
    for (const { resolve } of rest) resolve(DONE)
  }

  #end(): void {
    this.#ended = true
    this.#stop?.()
    this.#stop = null
    this.#newest = null
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }
}

/** What Node's own functions throw when a signal ends them. */
function abortError(signal: AbortSignal | undefined): Error {
  const error = new Error('The operation was aborted', { cause: signal?.reason })
  error.name = 'AbortError'
  return Object.assign(error, { code: 'ABORT_ERR' })
}
