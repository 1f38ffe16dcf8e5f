import { checkText } from '../../border/args.ts'
import { labelOf, type Named } from './name.ts'

/**
 * The arguments of `docker run` and `podman run` that confine a container.
 *
 * It calls nothing and runs anywhere. The profile has to be loaded on the host of the engine. Rests on
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

/** What {@link toCompose} gives. */
export interface ComposeFile {
  readonly services: Readonly<Record<string, { readonly security_opt: readonly string[] }>>
}

/**
 * A Compose file that confines one service. Put it beside your own: `docker compose -f compose.yaml -f
 * this.json up`. JSON is YAML.
 *
 * It calls nothing and runs anywhere. Rests on the Compose specification, `security_opt`.
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
