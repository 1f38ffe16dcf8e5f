import { invalidArgType } from '../../border/invalid.ts'
import {
  abi as abiRule,
  capability,
  deny,
  file,
  include,
  mount,
  network,
  policy,
  profile,
  ptrace,
  signal,
  take,
  umount,
} from '../make.ts'
import { glob } from '../pattern.ts'
import type { FileRule } from '../rules/file.ts'
import type { AccessRule, Policy, Rule } from '../rules/index.ts'
import type { Family } from '../rules/network.ts'

/** Options of {@link dockerDefault}. */
export interface DockerOptions {
  /** the name of the profile; default: `'docker-default'` */
  readonly name?: string
  /** the feature set, in the include directories; default: `'abi/3.0'`; `null`: leave it to the compiler */
  readonly abi?: string | null
  /** the labels that may send signals into the container; default: `['unconfined', 'runc', 'crun']` */
  readonly signalledBy?: readonly string[]
  /** socket families that no container needs; default: a list of old and special ones */
  readonly deniedFamilies?: readonly Family[]
  /** more rules; they are written after the others */
  readonly rules?: readonly Rule[]
}

/** Old or special networks, each with a history of holes in the kernel. */
const RARE_FAMILIES: readonly Family[] = [
  'alg',
  'appletalk',
  'atmpvc',
  'atmsvc',
  'ax25',
  'caif',
  'econet',
  'ieee802154',
  'ipx',
  'irda',
  'isdn',
  'llc',
  'netrom',
  'nfc',
  'phonet',
  'rds',
  'rose',
  'tipc',
  'wanpipe',
  'x25',
]

/**
 * Writes a policy that means the same as the profile that container engines load by default. It permits all files,
 * networks and capabilities that the container has. It refuses mounting, and everything in /proc and /sys that
 * would change the machine. docs/templates.md gives the reason for each rule.
 *
 * It makes no system call and runs anywhere. Rests on apparmor.d(5).
 *
 * @param options what should differ from the default
 * @returns a policy with one profile, for `load`, `check` or {@link format}
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, also for an unknown option
 * @example
 * ```js
 * import { deny, dockerDefault, format, network } from 'apparmor/policy'
 * const offline = dockerDefault({ name: 'offline', rules: [deny(network({ family: 'inet' }))] })
 * console.log(format(offline))
 * ```
 */
export function dockerDefault(options?: DockerOptions): Policy {
  const own = take(options, ['name', 'abi', 'signalledBy', 'deniedFamilies', 'rules'])
  const { name = 'docker-default', abi = 'abi/3.0' } = own
  if (typeof name !== 'string') throw invalidArgType('options.name', 'of type string', name)
  const senders = list(own.signalledBy, 'signalledBy') ?? ['unconfined', 'runc', 'crun']
  const families = list(own.deniedFamilies, 'deniedFamilies') ?? RARE_FAMILIES
  const container = profile(name, {
    flags: ['attach_disconnected', 'mediate_deleted'],
    rules: [
      include('abstractions/base', { ifExists: true }),
      network(),
      ...families.map((family) => deny(network({ family }))),
      capability(),
      file(glob('/{**,}'), 'mrwlkix'),
      umount(),
      deny(mount()),
      ...senders.map((peer) => signal({ permissions: ['receive'], peer })),
      signal({ peer: name }),
      ptrace({ peer: name }),
      ...proc(),
      ...sys(),
      ...(list(own.rules, 'rules') ?? []),
    ],
  })
  const preamble = include('tunables/global', { ifExists: true })
  return abi === null ? policy(preamble, container) : policy(abiRule(abi), preamble, container)
}

const no = (pattern: string, permissions: 'w' | 'wklx' | 'rwklx'): FileRule =>
  file(glob(pattern), permissions as 'w', { access: 'deny' })

/** The directories of processes, and limits of shared memory, are the container's own; the rest is the machine's. */
function proc(): AccessRule[] {
  return [
    no('/proc/{[^1-9s]**,s[^y]**,sy[^s]**,sys[^/]**}', 'w'),
    no('/proc/sys/{[^k]**,k[^e]**,ke[^r]**}', 'w'),
    no('/proc/sys/kernel/{[^s]**,s[^h]**,sh[^m]**}', 'w'),
    no('/proc/{sysrq-trigger,kcore}', 'rwklx'),
  ]
}

/** Control groups are the container's own. */
function sys(): AccessRule[] {
  return [
    no('/sys/{[^f]**,f[^s]**}', 'wklx'),
    no('/sys/fs/{[^c]**,c[^g]**,cg[^r]**}', 'wklx'),
    no('/sys/{firmware,kernel/security,devices/virtual/powercap}/**', 'rwklx'),
  ]
}

function list<T>(value: readonly T[] | undefined, name: string): readonly T[] | undefined {
  if (value !== undefined && !Array.isArray(value)) {
    throw invalidArgType(`options.${name}`, 'an instance of Array', value)
  }
  return value
}
