/**
 * The resource of the Security Profiles Operator. It does not take a policy: it takes lists, and writes a policy
 * of its own from them. What the lists cannot say is refused here, so that no node enforces something else.
 */
import { checkText } from '../../border/args.ts'
import { invalidArgValue } from '../../border/invalid.ts'
import { readOptions } from '../../border/options.ts'
import { format } from '../format.ts'
import { Glob, type Pattern } from '../pattern.ts'
import type { FileRule } from '../rules/file.ts'
import type { Policy, Rule } from '../rules/index.ts'
import type { Profile } from '../rules/profile.ts'
import { onlyProfile } from './name.ts'

/** Options of {@link toSecurityProfilesOperator}. */
export interface OperatorOptions {
  /** the name of the resource, which becomes the name of the profile; default: the name of the profile */
  readonly name?: string
}

/** The resource. */
export interface OperatorProfile {
  readonly apiVersion: 'security-profiles-operator.x-k8s.io/v1alpha1'
  readonly kind: 'AppArmorProfile'
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly abstract: {
      readonly executable?: {
        readonly allowedExecutables?: readonly string[]
        readonly allowedLibraries?: readonly string[]
      }
      readonly filesystem?: {
        readonly readOnlyPaths?: readonly string[]
        readonly writeOnlyPaths?: readonly string[]
        readonly readWritePaths?: readonly string[]
      }
      readonly network?: {
        readonly allowRaw?: true
        readonly allowedProtocols?: { readonly allowTcp?: true; readonly allowUdp?: true }
      }
      readonly capability?: { readonly allowedCapabilities: readonly string[] }
    }
    readonly complainMode?: true
  }
}

/** The lists that the operator writes rules from, each with the permissions that its rules have. */
const LISTS = [
  ['executable', 'allowedExecutables', /^r$/, 'ix'],
  ['executable', 'allowedLibraries', /^mr$/, undefined],
  ['filesystem', 'readOnlyPaths', /^r$/, undefined],
  ['filesystem', 'writeOnlyPaths', /^wl?k?$/, undefined],
  ['filesystem', 'readWritePaths', /^rwl?k?$/, undefined],
] as const

// The operator refuses others.
const PATH = /^\/(?:[\w./*?+@ -]|@\{\w+\})*$/

/**
 * Returns the `AppArmorProfile` of the Security Profiles Operator, which loads a profile on every node of a cluster.
 *
 * The operator writes the policy itself, from lists of paths, protocols and capabilities. It adds
 * `abstractions/base`, permits linking and locking of files that may be written, denies writing to files that may
 * only be read, and denies much of `/proc` and `/sys`. A rule that its lists cannot express is an error. It makes
 * no
 * system call and runs anywhere. Rests on the operator's API, `security-profiles-operator.x-k8s.io/v1alpha1`.
 *
 * @param profile a profile, or a policy that has one
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` with the rule that cannot be expressed
 * @example
 * ```js
 * import { capability, file, network, profile, toSecurityProfilesOperator } from 'apparmor/policy'
 * const rules = [file('/etc/web.conf', 'r'), network({ type: 'tcp' }), capability('net_bind_service')]
 * console.log(JSON.stringify(toSecurityProfilesOperator(profile('web', { rules }))))
 * ```
 */
export function toSecurityProfilesOperator(
  profile: Profile | Policy,
  options?: OperatorOptions,
): OperatorProfile {
  const { name, flags = [], rules } = onlyProfile(profile)
  const own = readOptions<OperatorOptions>(options, ['name'])
  const called = own.name ?? name
  checkText(called instanceof Glob ? called.text : called, 'options.name')
  if (!/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(String(called))) {
    throw invalidArgValue(
      'options.name',
      'must be a name of Kubernetes: an RFC 1123 subdomain',
      called,
    )
  }
  const complain = checkFlags(flags)
  const lists = new Lists()
  for (const rule of rules) lists.add(rule)
  return {
    apiVersion: 'security-profiles-operator.x-k8s.io/v1alpha1',
    kind: 'AppArmorProfile',
    metadata: { name: String(called) },
    spec: { abstract: lists.abstract(), ...(complain && { complainMode: true }) },
  }
}

/** The operator sets two flags itself, and one of the modes. */
function checkFlags(flags: readonly string[]): boolean {
  const other = flags.find((flag) => !OWN_FLAGS.includes(flag))
  if (other !== undefined) {
    throw invalidArgValue('profile', 'must not have a flag that the operator does not set', other)
  }
  return flags.includes('complain')
}

const OWN_FLAGS = ['enforce', 'complain', 'attach_disconnected', 'mediate_deleted']

class Lists {
  readonly #paths: Partial<Record<(typeof LISTS)[number][1], string[]>> = {}
  readonly #capabilities = new Set<string>()
  readonly #network = new Set<string>()

  add(rule: Rule): void {
    const said = this.#isSaid(rule)
    if (said) return
    const reason = `has a rule that the operator cannot be told: ${format(rule).trim()}`
    throw invalidArgValue('profile', reason, rule)
  }

  #isSaid(rule: Rule): boolean {
    if (rule.kind === 'comment' || rule.kind === 'blank') return true
    if (rule.kind === 'include') return rule.path === 'abstractions/base'
    if (!isPlain(rule)) return false
    if (rule.kind === 'file') return this.#addFile(rule)
    if (rule.kind === 'capability' && rule.capabilities) {
      for (const capability of rule.capabilities) this.#capabilities.add(capability)
      return true
    }
    if (rule.kind === 'network' && isOnly(rule, ['type']) && PROTOCOLS.includes(rule.type ?? '')) {
      this.#network.add(rule.type as string)
      return true
    }
    return false
  }

  #addFile(rule: FileRule): boolean {
    const { path, permissions, exec } = rule
    if (!isOnly(rule, ['path', 'permissions', 'exec']) || path === undefined) return false
    const list = LISTS.find(([, , letters, mode]) => letters.test(permissions) && mode === exec)
    const text = textOf(path)
    if (!list || text === undefined || !PATH.test(text)) return false
    const paths = (this.#paths[list[1]] ??= [])
    if (!paths.includes(text)) paths.push(text)
    return true
  }

  abstract(): OperatorProfile['spec']['abstract'] {
    const found: Record<string, Record<string, unknown>> = {}
    for (const [group, list] of LISTS) {
      if (this.#paths[list]) (found[group] ??= {})[list] = this.#paths[list]
    }
    const allowedProtocols = {
      ...(this.#network.has('tcp') && { allowTcp: true }),
      ...(this.#network.has('udp') && { allowUdp: true }),
    }
    if (this.#network.size > 0) {
      found['network'] = {
        ...(this.#network.has('raw') && { allowRaw: true }),
        ...(Object.keys(allowedProtocols).length > 0 && { allowedProtocols }),
      }
    }
    if (this.#capabilities.size > 0) {
      found['capability'] = { allowedCapabilities: [...this.#capabilities] }
    }
    return found as OperatorProfile['spec']['abstract']
  }
}

const PROTOCOLS = ['raw', 'tcp', 'udp']

/** A path as the operator writes it into the policy: without quotes and escapes. */
function textOf(path: Pattern): string | undefined {
  if (path instanceof Glob) return path.text
  return /[*?]|@\{/.test(path) ? undefined : path
}

function isPlain(rule: object): boolean {
  const { priority = 0, audit = false, access = 'allow' } = rule as Record<string, unknown>
  return priority === 0 && audit === false && access === 'allow'
}

function isOnly(rule: object, names: readonly string[]): boolean {
  const others = ['kind', 'priority', 'audit', 'access', ...names]
  return Object.entries(rule).every(([name, value]) => value === undefined || others.includes(name))
}
