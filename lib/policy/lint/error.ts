import { AppArmorError } from '../../border/errors.ts'
import type { Diagnostic } from '../compile/diagnostic.ts'

/**
 * The error for policy that would permit more than its text says, or harm the kernel. `code` is
 * `'ERR_APPARMOR_POLICY_DANGEROUS'`. Nothing was loaded.
 *
 * @example
 * ```js
 * import { load, PolicyDangerError } from 'apparmor/policy'
 * try {
 *   await load('profile web { mount /a->/b, }')
 * } catch (error) {
 *   if (error instanceof PolicyDangerError) for (const { code, line } of error.diagnostics) console.error(code, line)
 * }
 * ```
 */
export class PolicyDangerError extends AppArmorError {
  /** the dangerous findings, in the order of the text */
  readonly diagnostics: readonly Diagnostic[]

  /** @internal */
  constructor(diagnostics: readonly Diagnostic[]) {
    const [first] = diagnostics
    const place = [first?.file ?? [], first?.line ?? []].flat().join(':')
    const more = diagnostics.length > 1 ? `, and ${diagnostics.length - 1} more` : ''
    super({
      code: 'ERR_APPARMOR_POLICY_DANGEROUS',
      ...(first?.profile && { profile: first.profile }),
      ...(first?.file && { path: first.file }),
      detail: `${place && `${place}: `}${first?.code}: ${first?.message}${more}`,
    })
    this.diagnostics = Object.freeze([...diagnostics])
  }
}
