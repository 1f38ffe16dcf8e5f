/** Which rules a compiler keeps for a kernel, and why not. */
import type { Item } from '../edit.ts'
import type { Environment } from '../environment.ts'
import type { CapabilityRule } from '../rules/capability.ts'
import type { ChangeProfileRule } from '../rules/change_profile.ts'
import type { FileRule } from '../rules/file.ts'
import type { MqueueRule } from '../rules/mqueue.ts'
import type { NetworkRule } from '../rules/network.ts'
import type { Hat, Profile } from '../rules/profile.ts'
import type { RlimitRule } from '../rules/rlimit.ts'
import type { UnixRule } from '../rules/unix.ts'

/** How much of a rule or policy is enforced. */
export type SupportLevel = 'full' | 'partial' | 'none'

export interface Mediation {
  readonly level: SupportLevel
  /** why the level is not `'full'`; otherwise `null` */
  readonly reason: string | null
}

export const FULL: Mediation = { level: 'full', reason: null }
const none = (reason: string): Mediation => ({ level: 'none', reason })
const partial = (reason: string): Mediation => ({ level: 'partial', reason })

/** What becomes of a rule, wherever it stands. */
export function mediationOf(rule: Item, environment: Environment): Mediation {
  const unknown = unknownToParser(rule, environment)
  if (unknown !== undefined) return none(unknown)
  return environment.knowsFeatures ? mediated(rule, environment) : FULL
}

/** The kinds with one feature each, one of which is enough. */
const FEATURES: Readonly<Record<string, readonly string[]>> = {
  file: ['file'],
  link: ['file'],
  signal: ['signal'],
  ptrace: ['ptrace'],
  dbus: ['dbus'],
  mount: ['mount'],
  remount: ['mount'],
  umount: ['mount'],
  pivot_root: ['mount'],
  io_uring: ['io_uring'],
  userns: ['namespaces/mask/userns_create'],
}

const unmediated = (kind: string): Mediation =>
  none(`the kernel, or the ABI that the policy is for, does not mediate "${kind}"`)

/** What a kernel whose features are known makes of a rule that the parser knows. */
export function mediated(rule: Item, environment: Environment): Mediation {
  const { kind } = rule
  const needed = FEATURES[kind]
  if (needed && !environment.hasAny(...needed)) return unmediated(kind)
  switch (kind) {
    case 'file':
      return file(rule, environment)
    case 'capability':
      return capability(rule, environment)
    case 'network':
      return network(rule, environment)
    case 'unix':
      return unix(rule, environment)
    case 'mqueue':
      return mqueue(rule, environment)
    case 'change_profile':
      return changeProfile(rule, environment)
    case 'rlimit':
      return rlimit(rule, environment)
    case 'hat':
      return environment.has('domain/change_hat') ? head(rule, environment) : unmediated('hat')
    case 'profile':
      return head(rule, environment)
    case 'all':
      return all(environment)
    default:
      return FULL
  }
}

const STACK = /^&|\/\/&/

function file({ target, exec }: FileRule, environment: Environment): Mediation {
  const stacks = exec !== undefined && target !== undefined && STACK.test(target)
  if (stacks && !environment.has('domain/stack')) return none('the kernel does not stack profiles')
  return FULL
}

/** Capabilities that were part of sys_admin once. Where the features do not name them, they are it again. */
export function widened(rule: CapabilityRule, environment: Environment): readonly string[] {
  return ['bpf', 'perfmon', 'checkpoint_restore'].filter(
    (name) =>
      (rule.capabilities as readonly string[] | undefined)?.includes(name) &&
      !environment.kernelHas(`caps/mask/${name}`),
  )
}

function capability(rule: CapabilityRule, environment: Environment): Mediation {
  if (!environment.hasAny('caps', 'capability')) return unmediated('capability')
  const names = widened(rule, environment)
  return names.length === 0
    ? FULL
    : partial(`"${names.join(' ')}" counts as sys_admin, which the features do not tell apart`)
}

const networkFeatures = (environment: Environment): readonly string[] => [
  'network',
  'network_v8',
  ...(environment.isParser('5.0.0') ? ['network_v9'] : []),
]

/** Whether conditions for addresses are compiled. */
export const mediatesAddresses = (environment: Environment): boolean =>
  environment.has('network_v8/af_inet') ||
  (environment.isParser('5.0.0') && environment.has('network_v9/af_inet'))

/** Whether a rule says something of addresses. */
export const hasAddress = ({ ip, port, interface: device, label, peer }: NetworkRule): boolean =>
  [ip, port, device, label, peer?.ip, peer?.port, peer?.label].some((part) => part !== undefined)

function network(rule: NetworkRule, environment: Environment): Mediation {
  if (!environment.hasAny(...networkFeatures(environment))) return unmediated('network')
  if (!hasAddress(rule) || mediatesAddresses(environment)) return FULL
  return partial('the kernel does not mediate addresses: the rule is for every one')
}

const mediatesUnix = (environment: Environment): boolean =>
  environment.has('network/af_unix') ||
  (environment.isParser('5.0.0') && environment.has('network_v9/af_unix'))

function unix(rule: UnixRule, environment: Environment): Mediation {
  if (mediatesUnix(environment)) return FULL
  if (rule.access === 'deny' || !environment.hasAny(...networkFeatures(environment))) {
    return unmediated('unix')
  }
  return partial(
    'the kernel does not mediate unix sockets by their address: the rule permits every one of its type',
  )
}

function mqueue({ type, name }: MqueueRule, environment: Environment): Mediation {
  const posix =
    type === undefined ? name === undefined || String(name).startsWith('/') : type === 'posix'
  const features = [
    ...(posix ? ['ipc/posix_mqueue'] : []),
    ...(type === 'posix' ? [] : ['ipc/sysv_mqueue']),
  ]
  return environment.hasAny(...features) ? FULL : unmediated('mqueue')
}

function changeProfile({ target, exec }: ChangeProfileRule, environment: Environment): Mediation {
  if (!environment.has('domain/change_profile')) return unmediated('change_profile')
  if (exec !== undefined && !environment.has('domain/change_onexec')) {
    return unmediated('change_profile at exec')
  }
  const stacks = target !== undefined && STACK.test(String(target))
  if (stacks && !environment.has('domain/stack')) return none('the kernel does not stack profiles')
  return FULL
}

function rlimit({ limit }: RlimitRule, environment: Environment): Mediation {
  const name = limit === 'ofile' ? 'nofile' : limit
  return environment.has(`rlimit/mask/${name}`) ? FULL : unmediated(`rlimit ${limit}`)
}

// The flags that a compiler drops for a kernel without them, by the names that versions have for the features.
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  interruptible: ['policy/profile/interruptible', 'domain/interruptible'],
  'kill.signal': ['policy/profile/kill.signal', 'domain/kill.signal'],
  error: ['policy/profile/error', 'domain/error'],
}

function head(rule: Profile | Hat, environment: Environment): Mediation {
  const xattrs = rule.kind === 'profile' && rule.xattrs !== undefined && rule.xattrs.length > 0
  if (xattrs && !environment.has('domain/attach_conditions/xattr')) {
    return partial(
      'the kernel does not look at xattrs: the profile attaches without that condition',
    )
  }
  const flags = (rule.flags ?? []).filter((flag) => {
    const features = FLAGS[flag.split('=', 1)[0] as string]
    return features && !environment.hasAny(...features)
  })
  return flags.length === 0
    ? FULL
    : partial(`the kernel does not know the flag "${flags.join(' ')}"`)
}

// What `all` stands for, by a rule of each kind.
const KINDS: readonly Item[] = [
  { kind: 'file', permissions: 'r' },
  { kind: 'capability' },
  { kind: 'network' },
  { kind: 'unix' },
  { kind: 'signal' },
  { kind: 'ptrace' },
  { kind: 'dbus' },
  { kind: 'mount' },
  { kind: 'mqueue' },
  { kind: 'io_uring' },
  { kind: 'userns' },
]

function all(environment: Environment): Mediation {
  const missing = KINDS.filter((rule) => mediated(rule, environment).level !== 'full')
  if (missing.length === 0) return FULL
  return partial(`the kernel does not mediate all of ${missing.map(({ kind }) => kind).join(', ')}`)
}

/** Why the parser refuses the rule. */
export function unknownToParser(rule: Item, environment: Environment): string | undefined {
  const since = neededVersion(rule)
  if (since === undefined || !environment.isOlder(since)) return undefined
  return `apparmor_parser before ${since} does not know such a rule, and refuses the policy`
}

const NEW_OPTION = /"(?:no)?symfollow"/

function neededVersion(rule: Item): string | undefined {
  const { kind } = rule
  if (kind === 'network') {
    if (rule.interface ?? rule.label ?? rule.peer?.label) return '5.0.0'
    if (/-/.test(`${rule.port}${rule.peer?.port}`)) return '4.1.0'
    return (rule.permissions ?? (hasAddress(rule) || undefined)) ? '4.0.0' : undefined
  }
  if ('options' in rule && rule.options && NEW_OPTION.test(JSON.stringify(rule.options))) {
    return '3.1.0'
  }
  if (['all', 'mqueue', 'io_uring', 'userns'].includes(kind)) return '4.0.0'
  if ('priority' in rule && rule.priority !== undefined) return '4.1.0'
  if ('access' in rule && rule.access === 'prompt') return '4.1.0'
  return undefined
}
