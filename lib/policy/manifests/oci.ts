import { invalidArgType } from '../../border/invalid.ts'
import { isObject } from '../check.ts'
import { labelOf, type Named } from './name.ts'

/**
 * Returns the `config.json` of an OCI bundle with a profile. runc, crun and other runtimes start the container's
 * process under it.
 *
 * It makes no system call and runs anywhere. Rests on the OCI runtime specification, `process.apparmorProfile`.
 *
 * @param profile the name of a profile, its model, or a policy with one profile
 * @param config the configuration, for example the output of `runc spec`; it is not modified
 * @returns a new configuration
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { toOci } from 'apparmor/policy'
 * const config = { ociVersion: '1.0.2', process: { args: ['sh'], cwd: '/' } }
 * console.log(JSON.stringify(toOci('web', config)))
 * ```
 */
export function toOci<Config extends { readonly process?: object }>(
  profile: Named,
  config?: Config,
): Config & { readonly process: { readonly apparmorProfile: string } } {
  const apparmorProfile = labelOf(profile)
  if (config !== undefined && !isObject(config)) {
    throw invalidArgType('config', 'of type object', config)
  }
  const process: unknown = config?.process
  if (process !== undefined && !isObject(process)) {
    throw invalidArgType('config.process', 'of type object', process)
  }
  return { ...config, process: { ...process, apparmorProfile } } as Config & {
    readonly process: { readonly apparmorProfile: string }
  }
}
