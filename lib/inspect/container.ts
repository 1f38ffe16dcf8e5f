/** Which container a process is in, as its control groups tell. */
import { checkPid } from '../border/args.ts'
import { fs } from '../border/node.ts'

/** The container engines that this package recognises by the names of their control groups. */
export type Engine =
  'docker' | 'podman' | 'buildah' | 'containerd' | 'cri-o' | 'kubernetes' | 'lxc' | 'systemd-nspawn'

/** A container, as the host sees it. */
export interface Container {
  /** `'kubernetes'` when the kubelet named the control group; the engine below it is then unknown */
  readonly engine: Engine
  /** 64 hexadecimal digits; for LXC and systemd-nspawn, the name */
  readonly id: string
  /** `null` when the engine's own files may not be read, or do not have it */
  readonly name: string | null
}

const ID = '([0-9a-f]{64})'
const NAME = '([\\w.@:\\\\-]{1,255})'
/** The last part of a path that one of them matches names the container. */
const GROUPS: readonly (readonly [RegExp, Engine])[] = [
  [new RegExp(`^docker-${ID}\\.scope$`), 'docker'],
  [new RegExp(`^libpod-${ID}(?:\\.scope)?$`), 'podman'],
  [new RegExp(`^buildah-${ID}(?:\\.scope)?$`), 'buildah'],
  [new RegExp(`^cri-containerd-${ID}\\.scope$`), 'containerd'],
  [new RegExp(`^crio-${ID}(?:\\.scope)?$`), 'cri-o'],
  [new RegExp(`^lxc\\.payload\\.${NAME}$`), 'lxc'],
  [new RegExp(`^systemd-nspawn@${NAME}\\.service$`), 'systemd-nspawn'],
]
/** A directory, and what a directory in it is. */
const PARENTS: readonly (readonly [RegExp, RegExp, Engine])[] = [
  [/^docker$/, new RegExp(`^${ID}$`), 'docker'],
  [/^libpod_parent$/, new RegExp(`^libpod-${ID}$`), 'podman'],
  [/^pod[0-9a-f-]{32,36}$/, new RegExp(`^${ID}$`), 'kubernetes'],
  [/^lxc$/, new RegExp(`^${NAME}$`), 'lxc'],
]

/** The container that the text of /proc/PID/cgroup tells of, without its name. */
export function containerIn(groups: string): Omit<Container, 'name'> | null {
  // "0::/system.slice/docker-….scope", and in version 1 a line for each controller
  const paths = groups.split('\n').map((line) => line.replace(/^[^:]*:[^:]*:/, '').split('/'))
  for (const path of paths) {
    // from the inside, since containers can be nested
    for (let i = path.length - 1; i > 0; i--) {
      const found = match(path[i - 1] ?? '', path[i] ?? '')
      if (found) return found
    }
  }
  return null
}

function match(parent: string, group: string): Omit<Container, 'name'> | undefined {
  for (const [pattern, engine] of GROUPS) {
    const [, id] = pattern.exec(group) ?? []
    if (id !== undefined) return { engine, id }
  }
  for (const [above, pattern, engine] of PARENTS) {
    const [, id] = pattern.exec(group) ?? []
    if (id !== undefined && above.test(parent)) return { engine, id }
  }
  return undefined
}

/**
 * Finds the container that a process is in.
 *
 * It reads `/proc/PID/cgroup`, and the engine's own files for the name (those of root's Docker and Podman, which
 * only root may read). A process that may create control groups can name one like a container's. So show the answer
 * to people, and do not base decisions on it. Rests on cgroups(7) and the names that the engines give.
 *
 * @param pid the process id, as `/proc` here shows it
 * @returns `null` for a process that is in no container, has ended, or whose control groups are not visible from
 *   here. A process inside a container usually sees no container
 * @throws TypeError `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE` (both reject)
 * @example
 * ```js
 * import { containerOf } from 'apparmor'
 * console.log(await containerOf(process.pid)) // null, or { engine: 'podman', id: '…', name: 'web' }
 * ```
 */
export async function containerOf(pid: number): Promise<Container | null> {
  checkPid(pid, 'pid')
  return readContainer(pid, await Names.read())
}

/** The same for many. */
export async function readContainer(pid: number, names: Names): Promise<Container | null> {
  const groups = await fs.promises.readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')
  const found = containerIn(groups)
  return found && { ...found, name: await names.of(found) }
}

const PODMAN = '/var/lib/containers/storage/overlay-containers/containers.json'
const DOCKER = '/var/lib/docker/containers'

/** The names that people gave to containers. */
export class Names {
  readonly #podman: ReadonlyMap<string, string>

  private constructor(podman: ReadonlyMap<string, string>) {
    this.#podman = podman
  }

  static async read(): Promise<Names> {
    const list = await readJson(PODMAN)
    const names = new Map<string, string>()
    for (const { id, names: own } of Array.isArray(list) ? (list as readonly Stored[]) : []) {
      const name = Array.isArray(own) ? own[0] : undefined
      if (typeof id === 'string' && typeof name === 'string') names.set(id, name)
    }
    return new Names(names)
  }

  async of({ engine, id }: Omit<Container, 'name'>): Promise<string | null> {
    if (engine === 'lxc' || engine === 'systemd-nspawn') return id
    if (engine !== 'docker') return this.#podman.get(id) ?? null
    const config = (await readJson(`${DOCKER}/${id}/config.v2.json`)) as { Name?: unknown } | null
    return typeof config?.Name === 'string' ? config.Name.replace(/^\//, '') : null
  }
}

interface Stored {
  readonly id?: unknown
  readonly names?: unknown
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await fs.promises.readFile(file, 'utf8'))
  } catch {
    return null // no such engine, or not for us to read
  }
}
