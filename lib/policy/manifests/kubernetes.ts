import { checkText } from '../../border/args.ts'
import { invalidArgValue } from '../../border/invalid.ts'
import { readOptions } from '../../border/options.ts'
import { nameOf, type Named } from './name.ts'

/** Options of {@link toKubernetes}. */
export interface KubernetesOptions {
  /** the container to confine; default: every container of the pod */
  readonly container?: string
  /** the cluster's version, if it is older than 1.30: `'1.29'`; then `container` is required */
  readonly version?: string
}

/** The `appArmorProfile` of a pod or a container. */
export interface KubernetesProfile {
  readonly type: 'Localhost' | 'Unconfined'
  readonly localhostProfile?: string
}

interface Confined {
  readonly securityContext: { readonly appArmorProfile: KubernetesProfile }
}

/** A patch for a pod: pass it to `kubectl patch`, use it in a kustomization, or merge it into the pod. */
export type KubernetesPatch =
  | { readonly spec: Confined }
  | { readonly spec: { readonly containers: readonly [{ readonly name: string } & Confined] } }
  | { readonly metadata: { readonly annotations: Readonly<Record<string, string>> } }

/**
 * Returns a patch that confines a pod, or one of its containers.
 *
 * The profile must be loaded on every node that the pod may run on. On a node without it, the kubelet does not
 * start the container. It makes no system call and runs anywhere. Rests on the Kubernetes API, `AppArmorProfile` of
 * core/v1,
 * and before 1.30 on the annotation `container.apparmor.security.beta.kubernetes.io/NAME`.
 *
 * @param profile the name of a profile, its model, or a policy with one profile
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { toKubernetes } from 'apparmor/policy'
 * console.log(JSON.stringify(toKubernetes('web', { container: 'nginx' })))
 * ```
 */
export function toKubernetes(profile: Named, options?: KubernetesOptions): KubernetesPatch {
  const name = nameOf(profile)
  if (name !== name.trim()) {
    throw invalidArgValue(
      'profile',
      'must not begin or end with a space: Kubernetes refuses it',
      name,
    )
  }
  const own = readOptions<KubernetesOptions>(options, ['container', 'version'])
  const container = own.container === undefined ? undefined : containerName(own.container)
  if (isOld(own.version)) {
    if (container === undefined) {
      const reason = 'is needed before Kubernetes 1.30, which knows profiles of containers only'
      throw invalidArgValue('options.container', reason, container)
    }
    const value = name === 'unconfined' ? name : `localhost/${name}`
    return { metadata: { annotations: { [`${ANNOTATION}/${container}`]: value } } }
  }
  const appArmorProfile: KubernetesProfile =
    name === 'unconfined' ? { type: 'Unconfined' } : { type: 'Localhost', localhostProfile: name }
  const confined = { securityContext: { appArmorProfile } }
  if (container === undefined) return { spec: confined }
  return { spec: { containers: [{ name: container, ...confined }] } }
}

const ANNOTATION = 'container.apparmor.security.beta.kubernetes.io'

function containerName(value: unknown): string {
  checkText(value, 'options.container')
  if (/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(value)) return value
  throw invalidArgValue(
    'options.container',
    'must be the name of a container: an RFC 1123 label',
    value,
  )
}

function isOld(version: unknown): boolean {
  if (version === undefined) return false
  checkText(version, 'options.version')
  const [, major, minor] = /^v?(\d+)\.(\d+)(?:[.+-].*)?$/.exec(version) ?? []
  if (minor === undefined) throw invalidArgValue('options.version', 'must be like 1.29', version)
  return Number(major) === 1 && Number(minor) < 30
}
