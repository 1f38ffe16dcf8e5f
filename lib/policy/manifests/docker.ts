import { checkText } from '../../border/args.ts'
import { labelOf, type Named } from './name.ts'

/**
 * Returns the arguments of `docker run` and `podman run` that confine a container.
 *
 * It makes no system call and runs anywhere. The profile must be loaded on the engine's host. Rests on
 * docker-run(1) and podman-run(1), `--security-opt`.
 *
 * @param profile the name of a profile, its model, or a policy with one profile
 * @returns two arguments
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { toDocker } from 'apparmor/policy'
 * console.log(['docker', 'run', ...toDocker('web'), 'nginx'].join(' '))
 * ```
 */
export function toDocker(profile: Named): [option: '--security-opt', value: string] {
  return ['--security-opt', `apparmor=${labelOf(profile)}`]
}

/** The result of {@link toCompose}. */
export interface ComposeFile {
  readonly services: Readonly<Record<string, { readonly security_opt: readonly string[] }>>
}

/**
 * Returns a Compose file that confines one service. Use it together with your own: `docker compose -f compose.yaml
 * -f this.json up`. JSON is also YAML.
 *
 * It makes no system call and runs anywhere. Rests on the Compose specification, `security_opt`.
 *
 * @param profile the name of a profile, its model, or a policy with one profile
 * @param service the name of the service in your file
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { toCompose } from 'apparmor/policy'
 * console.log(JSON.stringify(toCompose('web', 'frontend')))
 * ```
 */
export function toCompose(profile: Named, service: string): ComposeFile {
  checkText(service, 'service')
  // The file is merged into another; Compose reads $ in a value as a variable.
  const label = labelOf(profile).replaceAll('$', '$$$$')
  const services = Object.fromEntries([[service, { security_opt: [`apparmor=${label}`] }]])
  return { services }
}
