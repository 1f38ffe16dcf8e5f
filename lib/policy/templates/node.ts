import { invalidArgType, invalidArgValue } from '../../border/invalid.ts'
import { isObject } from '../check.ts'
import {
  abi as abiRule,
  absolute,
  changeProfile,
  file,
  network as networkRule,
  policy,
  profile,
  signal,
  take,
  unix,
} from '../make.ts'
import { Glob, glob, type Pattern } from '../pattern.ts'
import type { AccessRule, Policy, Rule } from '../rules/index.ts'

/** A program, and the profile under which it runs. */
export interface NodeExecution {
  readonly path: Pattern
  /** the name of a profile, which must be loaded, too; the program gets a clean environment */
  readonly profile: string
}

/** What a Node.js program may do beyond what every Node.js program needs. */
export interface NodeOptions {
  /** the name of the profile; default: `'node-default'` */
  readonly name?: string
  /**
   * the programs that get this profile when they are started; default: none, and programs ask for the profile by its
   * name
   */
  readonly attach?: Pattern
  readonly flags?: readonly string[]
  /** the feature set, in the include directories; default: `'abi/3.0'`; `null`: leave it to the compiler */
  readonly abi?: string | null
  /** the path of Node itself; default: `/usr/bin/node`, `/usr/bin/nodejs` and `/usr/local/bin/node` */
  readonly node?: Pattern
  /** paths that it may read. A string that ends with `/` means the directory and everything in it */
  readonly read?: readonly Pattern[]
  /** paths that it may read, write, create, delete, lock and link */
  readonly write?: readonly Pattern[]
  /** programs that it may execute: under this profile (a path), or under another one */
  readonly execute?: readonly (Pattern | NodeExecution)[]
  /** native addons, and the libraries beside them. For a directory: `*.node` and `*.so` at any depth */
  readonly addons?: readonly Pattern[]
  /** `true`: TCP and UDP, as client and server, and looking up names */
  readonly network?: boolean
  /** `true`: the debugger (`--inspect`), which needs TCP */
  readonly inspect?: boolean
  /** `true`: reading from and writing to a terminal */
  readonly terminal?: boolean
  /** profiles for children of `apparmor/child_process`, and the launcher: `confineCommand(…).file` */
  readonly children?: { readonly launcher: Pattern; readonly profiles: readonly string[] }
  /** more rules; they are written after the others */
  readonly rules?: readonly Rule[]
}

const NAMES = [
  'name',
  'attach',
  'flags',
  'abi',
  'node',
  'read',
  'write',
  'execute',
  'addons',
  'network',
  'inspect',
  'terminal',
  'children',
  'rules',
] as const

/**
 * Writes a policy for a Node.js program: what every version from 20 to 26 needs to run at all, and what you ask
 * for. docs/templates.md gives the reason for each rule.
 *
 * Without options such a program computes and writes to the descriptors that it was started with, and does nothing
 * else: it cannot even read its own sources. It makes no system call and runs anywhere. Rests on apparmor.d(5), and
 * on what
 * Node's programs do.
 *
 * @param options what else is permitted. Strings are literal paths; patterns come from {@link glob}
 * @returns a policy with one profile, for `load`, `check` or {@link format}
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, also for an unknown option
 * @example
 * ```js
 * import { format, nodeDefault } from 'apparmor/policy'
 * const web = nodeDefault({ name: 'web', read: ['/srv/web/'], write: ['/var/lib/web/'], network: true })
 * console.log(format(web))
 * ```
 */
export function nodeDefault(options?: NodeOptions): Policy {
  const own = take(options, NAMES)
  const { name = 'node-default', abi = 'abi/3.0', attach, flags, rules = [] } = own
  if (typeof name !== 'string') throw invalidArgType('options.name', 'of type string', name)
  for (const switched of ['network', 'inspect', 'terminal'] as const) {
    const value = own[switched]
    if (value !== undefined && typeof value !== 'boolean') {
      throw invalidArgType(`options.${switched}`, 'of type boolean', value)
    }
  }
  if (!Array.isArray(rules)) throw invalidArgType('options.rules', 'an instance of Array', rules)
  const web = profile(name, {
    ...(attach !== undefined && { attach }),
    ...(flags !== undefined && { flags }),
    rules: [...start(own.node), ...itself(name), ...permitted(own), ...rules],
  })
  return abi === null ? policy(web) : policy(abiRule(abi), web)
}

const LIBRARIES = glob('/{usr/,usr/local/,}lib{,32,64,x32}/**.so{,.*}')
// What belongs to this process's user; reading the maps of another process asks for `ptrace`, too.
const OWN_PROC = glob('/proc/[0-9]*/{cgroup,maps,stat,statm}')
const MACHINE = glob(
  '/proc/{cpuinfo,loadavg,meminfo,stat,uptime,version_signature,sys/vm/overcommit_memory}',
)

/** Without these no program of Node's starts, or its `process` and `os` fail. */
function start(node: Pattern = glob('/usr/{bin/node,bin/nodejs,local/bin/node}')): AccessRule[] {
  return [
    file(absolute(node, 'options.node'), 'mr'),
    file(LIBRARIES, 'mr'),
    file(glob('/etc/ld{.so.cache,.so.preload,-musl-*.path}'), 'r'),
    file(glob('/etc/ssl/openssl.cnf'), 'r'),
    file('/dev/null', 'rw'),
    file(glob('/dev/{,u}random'), 'r'),
    file(OWN_PROC, 'r', { owner: true }),
    file(MACHINE, 'r'),
    file(glob('/sys/devices/system/cpu/**'), 'r'),
    file(glob('/sys/fs/cgroup/**/{cpu,memory}.*'), 'r'),
    file(glob('/etc/{localtime,timezone}'), 'r'),
    file(glob('/usr/share/zoneinfo/**'), 'r'),
  ]
}

const LOCAL = ['create', 'getattr', 'setattr', 'getopt', 'setopt', 'shutdown'] as const

/** Its own threads and children, and whoever started it. */
function itself(name: string): AccessRule[] {
  return [
    unix({ permissions: LOCAL, type: 'stream' }),
    ...pipes(name),
    ...pipes('unconfined'),
    signal({ peer: name }),
    signal({ permissions: ['receive'], peer: 'unconfined' }),
  ]
}

/** Node's pipes are pairs of sockets. */
const pipes = (label: string): AccessRule[] => [
  unix({ permissions: ['send', 'receive'], type: 'stream', peer: { label } }),
]

function permitted(own: NodeOptions): AccessRule[] {
  return [
    ...paths(own.read, 'read').flatMap((path) => reading(path)),
    ...paths(own.write, 'write').flatMap((path) => writing(path)),
    ...paths(own.addons, 'addons').map((path) =>
      file(isDirectory(path) ? addonsIn(path) : path, 'mr'),
    ),
    ...list(own.execute, 'execute').flatMap(executing),
    ...(own.network ? NETWORK : own.inspect ? TCP : []),
    ...(own.terminal ? [file(glob('/dev/{tty,pts/[0-9]*}'), 'rw')] : []),
    ...(own.children === undefined ? [] : launching(own.children)),
  ]
}

const isDirectory = (path: Pattern): path is string =>
  typeof path === 'string' && path.endsWith('/')
const below = (directory: string): Pattern => glob`${directory}**`
const addonsIn = (directory: string): Pattern => glob`${directory}**.{node,so,so.*}`

const reading = (path: Pattern): AccessRule[] =>
  isDirectory(path) ? [file(path, 'r'), file(below(path), 'r')] : [file(path, 'r')]

const writing = (path: Pattern): AccessRule[] =>
  isDirectory(path) ? [file(path, 'rw'), file(below(path), 'rwlk')] : [file(path, 'rwlk')]

function executing(program: Pattern | NodeExecution, at: number): AccessRule[] {
  const argument = `options.execute[${at}]`
  if (!isObject(program) || Glob.is(program)) return [file(absolute(program, argument), 'mrix')]
  const { path, profile } = take(program, ['path', 'profile'])
  return [
    file(absolute(path, `${argument}.path`), 'Px', {
      target: label(profile, `${argument}.profile`),
    }),
    ...signalling(profile),
  ]
}

const signalling = (label: string): AccessRule[] => [
  signal({ permissions: ['send', 'receive'], peer: label }),
  ...pipes(label),
]

function launching(children: NonNullable<NodeOptions['children']>): AccessRule[] {
  const { launcher, profiles } = take(children, ['launcher', 'profiles'])
  const labels = list(profiles, 'children.profiles').map((profile, at) =>
    label(profile, `options.children.profiles[${at}]`),
  )
  return [
    file(absolute(launcher, 'options.children.launcher'), 'mrix'),
    file(glob('/proc/[0-9]*/task/'), 'r', { owner: true }),
    ...labels.flatMap((profile) => [
      changeProfile(profile),
      changeProfile(`&${profile}`),
      ...signalling(profile),
    ]),
  ]
}

/** A profile's name, which is no pattern and no label of another shape. */
function label(value: unknown, argument: string): string {
  if (typeof value !== 'string') throw invalidArgType(argument, 'of type string', value)
  if (!/^[^&:]/.test(value) || value === 'unconfined') {
    throw invalidArgValue(argument, 'must be the name of a profile', value)
  }
  return value
}

const TCP: readonly AccessRule[] = [
  networkRule({ family: 'inet', type: 'stream' }),
  networkRule({ family: 'inet6', type: 'stream' }),
]

const NETWORK: readonly AccessRule[] = [
  ...TCP,
  networkRule({ family: 'inet', type: 'dgram' }),
  networkRule({ family: 'inet6', type: 'dgram' }),
  // which addresses the machine has: asked before a name is looked up
  networkRule({ family: 'netlink', type: 'raw' }),
  file(glob('/etc/{gai.conf,host.conf,hosts,nsswitch.conf,protocols,resolv.conf,services}'), 'r'),
  file(glob('/run/{NetworkManager,resolvconf,systemd/resolve}/{,stub-,no-stub-}resolv.conf'), 'r'),
  file(glob('/etc/{ssl/certs,pki/tls,pki/ca-trust,ca-certificates}/**'), 'r'),
  file(glob('/usr/{,local/}share/ca-certificates/**'), 'r'),
]

function list<T>(value: readonly T[] | undefined, name: string): readonly T[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw invalidArgType(`options.${name}`, 'an instance of Array', value)
  return [...value]
}

const paths = (value: readonly Pattern[] | undefined, name: string): readonly Pattern[] =>
  list(value, name).map((path, at) => absolute(path, `options.${name}[${at}]`))
