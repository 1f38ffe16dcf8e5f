/** `lint` and `supports` for this machine, where the caller names no other. */
import { readOptions } from '../border/options.ts'
import { kernelFeatures } from './compile/features.ts'
import { readCompileOptions } from './compile/options.ts'
import { parserVersionNow } from './compile/parser.ts'
import type { EnvironmentOptions } from './environment.ts'
import { lint as lintAnywhere, type LintDiagnostic } from './lint/lint.ts'
import type { Policy } from './rules/index.ts'
import { supports as supportsAnywhere, type SupportReport } from './supports/supports.ts'

/** `lint` of the part that runs anywhere, for the parser and the kernel of this machine. */
export function lint(policy: Policy, options?: EnvironmentOptions): readonly LintDiagnostic[] {
  return lintAnywhere(policy, here(options))
}

/** `supports` of the part that runs anywhere, for the parser and the kernel of this machine. */
export function supports(policy: Policy, options?: EnvironmentOptions): SupportReport {
  return supportsAnywhere(policy, here(options))
}

let version: string | undefined

function here(options: EnvironmentOptions | undefined): EnvironmentOptions {
  const { parser, features } = readOptions<EnvironmentOptions>(options, ['parser', 'features'])
  const mine: { parser?: string; features?: EnvironmentOptions['features'] & {} } = {}
  if (parser === undefined) {
    version ??= parserVersionNow()
    if (version !== undefined) mine.parser = version
  }
  if (features === undefined) {
    const found = kernelFeatures(readCompileOptions(undefined))
    if (found !== undefined) mine.features = found
  }
  return { ...options, ...mine }
}
