/** Whether this process is in a container, as it can tell from inside. */
import { fs } from '../border/node.ts'
import type { Engine } from './container.ts'

/** What {@link ownContainer} answers. */
export interface OwnContainer {
  /** `null` for a container or sandbox whose maker left no sign of itself */
  readonly engine: Engine | null
  /**
   * The kinds of namespace that are not the host's. In a `'user'` namespace no profile can be loaded, whatever
   * capabilities this process has in there. With a `'pid'` namespace, the processes of the host are not seen.
   */
  readonly namespaces: readonly NamespaceKind[]
}

type NamespaceKind = 'user' | 'pid' | 'cgroup' | 'ipc' | 'uts'

// The kernel gives the first namespace of each of these kinds a fixed number (include/linux/proc_ns.h).
const HOST: readonly (readonly [NamespaceKind, number])[] = [
  ['user', 0xeffffffd],
  ['pid', 0xeffffffc],
  ['cgroup', 0xeffffffb],
  ['ipc', 0xefffffff],
  ['uts', 0xeffffffe],
]

// What engines put into their containers; "container" is an environment variable that systemd has agreed on with them.
const SIGNS: readonly (readonly [string, Engine])[] = [
  ['/.dockerenv', 'docker'],
  ['/run/.containerenv', 'podman'],
]
const NAMED: ReadonlyMap<string, Engine> = new Map<string, Engine>([
  ['docker', 'docker'],
  ['podman', 'podman'],
  ['oci', 'podman'],
  ['buildah', 'buildah'],
  ['lxc', 'lxc'],
  ['systemd-nspawn', 'systemd-nspawn'],
])

/**
 * Tells whether this process is in a container, and what that keeps from it.
 *
 * In a container a process can confine itself and its children with profiles that the host has loaded. It can
 * usually neither see nor load policy ({@link availability} then has `mountpoint: null`), and the audit records
 * are in the host's log. {@link containerOf} tells the same of other processes, as the host sees them.
 *
 * It reads `/proc/self/ns`, `/proc/1/environ` where that is allowed, and the files that Docker and Podman leave in
 * their containers. All of these can be imitated, so this is for people to read and not for decisions. Rests on
 * namespaces(7).
 *
 * @returns `null` when all these namespaces are the host's
 * @example
 * ```js
 * import { ownContainer } from 'apparmor'
 * console.log(ownContainer()) // null, or { engine: 'podman', namespaces: ['pid', 'cgroup', 'ipc', 'uts'] }
 * ```
 */
export function ownContainer(): OwnContainer | null {
  const namespaces = HOST.flatMap(([kind, host]) => (isOwn(kind, host) ? [kind] : []))
  // A machine that was made from a container's image still has the engine's files.
  return namespaces.length === 0 ? null : { engine: findEngine(), namespaces }
}

function findEngine(): Engine | null {
  for (const [file, engine] of SIGNS) if (fs.existsSync(file)) return engine
  const [, named = ''] = /(?:^|\0)container=([^\0]*)/.exec(read('/proc/1/environ')) ?? []
  return NAMED.get(named) ?? (process.env['KUBERNETES_SERVICE_HOST'] ? 'kubernetes' : null)
}

function isOwn(kind: NamespaceKind, host: number): boolean {
  try {
    return fs.readlinkSync(`/proc/self/ns/${kind}`) !== `${kind}:[${host}]`
  } catch {
    return false // no /proc, or a kernel without namespaces of this kind
  }
}

function read(file: string): string {
  try {
    return fs.readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
