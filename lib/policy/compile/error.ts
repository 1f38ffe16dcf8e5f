import { visible } from '../../border/visible.ts'
import type { Diagnostic } from './diagnostic.ts'

/**
 * The error for policy that does not compile. Nothing was loaded.
 *
 * The message is that of the first error, with its file and line. `diagnostics` has every error and warning.
 *
 * @example
 * ```js
 * import { compile, PolicyCompileError } from 'apparmor/policy'
 * try {
 *   await compile('profile web { capability fly, }')
 * } catch (error) {
 *   if (error instanceof PolicyCompileError) console.error(error.diagnostics)
 * }
 * ```
 */
export class PolicyCompileError extends Error {
  readonly code = 'ERR_APPARMOR_COMPILE' as const
  /** every error and warning of the compiler, in its order */
  readonly diagnostics: readonly Diagnostic[]

  /** @internal */
  constructor(diagnostics: readonly Diagnostic[]) {
    const first = diagnostics.find(({ severity }) => severity === 'error')
    super(
      `The policy does not compile: ${first ? describe(first) : 'the compiler gives no reason'}`,
    )
    this.diagnostics = diagnostics
  }
}

// Not in a static block: the bundler would rename the class.
Object.defineProperty(PolicyCompileError.prototype, 'name', {
  value: 'PolicyCompileError',
  writable: true,
  configurable: true,
})

function describe({ file, line, profile, message }: Diagnostic): string {
  const place =
    file === null ? line && `line ${line}` : [visible(file), line ?? []].flat().join(':')
  const subject = profile === null ? '' : ` (profile ${visible(profile)})`
  return `${place ? `${place}: ` : ''}${message}${subject}`
}
