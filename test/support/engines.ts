/** Containers of the engines that people use, with the programs of the machine in them. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { toDocker, toOci } from 'apparmor/policy'

export type EngineName = 'runc' | 'crun' | 'podman'
export const ENGINES: readonly EngineName[] = ['runc', 'crun', 'podman']

/** What a container shows of this machine, read-only: its programs, Node.js and the package. */
export const SHOWN: readonly string[] = [
  ...new Set(['/usr', process.cwd(), dirname(dirname(process.execPath))]),
]

const USER = 9999

export interface Container {
  /** `null` for a container without; Podman alone has one of its own */
  readonly profile?: string | null
  readonly noNewPrivileges?: boolean
  /** Podman's alone: started by a user without privileges */
  readonly rootless?: boolean
  /** a last change of runc's and crun's configuration */
  readonly edit?: (config: OciConfig) => void
}

/** The parts of a bundle's configuration that tests change. */
export interface OciConfig {
  process: { env: string[]; capabilities: Record<string, string[]> }
  root: { path: string; readonly: boolean }
  mounts: { destination: string; source: string; type: string; options: string[] }[]
  linux: { namespaces: { type: string }[]; maskedPaths: string[]; readonlyPaths: string[] }
}

export class Machine {
  readonly #dir = mkdtempSync(join(tmpdir(), 'apparmor-engines-'))
  #count = 0

  constructor() {
    for (const name of ['dev', 'etc', 'proc', 'run', 'sys', 'tmp']) {
      mkdirSync(join(this.#dir, 'rootfs', name), { recursive: true })
    }
    for (const link of ['bin', 'sbin', 'lib', 'lib64']) {
      execFileSync('ln', ['-s', `usr/${link}`, join(this.#dir, 'rootfs', link)])
    }
    execFileSync('runc', ['spec'], { cwd: this.#dir })
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true, force: true })
  }

  /** The command that runs another command in a new container. */
  command(
    engine: EngineName,
    { profile, noNewPrivileges = false, rootless = false, edit }: Container,
    args: readonly string[],
  ): readonly [id: string, file: string, args: readonly string[]] {
    const id = `apparmor-test-${engine}-${process.pid}-${++this.#count}`
    const root = join(this.#dir, 'rootfs')
    if (engine === 'podman') {
      const limits = ['--ulimit=nofile=1024:1024', '--ulimit=nproc=1024:1024'] // what a guest has
      const how = ['--rm', '--network=none', '--read-only-tmpfs=false', `--name=${id}`, ...limits]
      const shown = SHOWN.flatMap((path) => ['-v', `${path}:${path}:ro`])
      const privileges = noNewPrivileges ? ['--security-opt', 'no-new-privileges'] : []
      const unconfined = ['--security-opt', 'apparmor=unconfined']
      const security =
        profile === undefined ? [] : profile === null ? unconfined : toDocker(profile)
      const started = rootless
        ? ['--runtime=crun', 'run', '--cgroups=disabled']
        : ['--runtime=runc', 'run']
      const run = ['--cgroup-manager=cgroupfs', ...started, ...how, ...shown]
      const podman = ['podman', ...run, ...privileges, ...security, '--rootfs', root, ...args]
      const [file = '', ...rest] = rootless ? [...this.#asUser(), ...podman] : podman
      return [id, file, rest]
    }
    const bundle = join(this.#dir, id)
    mkdirSync(bundle)
    const config = JSON.parse(readFileSync(join(this.#dir, 'config.json'), 'utf8'))
    Object.assign(config.root, { path: root, readonly: false })
    Object.assign(config.process, { args, terminal: false, noNewPrivileges })
    for (const path of SHOWN) {
      const options = ['rbind', 'ro']
      config.mounts.push({ destination: path, source: path, type: 'bind', options })
    }
    edit?.(config)
    writeFileSync(
      join(bundle, 'config.json'),
      JSON.stringify(profile ? toOci(profile, config) : config),
    )
    return [id, engine, ['run', '--bundle', bundle, id]]
  }

  /** What goes before a command of a user that has nothing but directories of its own. */
  #asUser(): readonly string[] {
    const home = join(this.#dir, 'home')
    mkdirSync(home, { recursive: true, mode: 0o700 })
    execFileSync('chown', ['--recursive', '--no-dereference', `${USER}:${USER}`, this.#dir])
    const ids = [`--reuid=${USER}`, `--regid=${USER}`, '--clear-groups']
    return ['setpriv', ...ids, 'env', `HOME=${home}`, `XDG_RUNTIME_DIR=${home}`]
  }

  run(engine: EngineName, container: Container, args: readonly string[]): Ran {
    const [, file, rest] = this.command(engine, container, args)
    const { status, stdout, stderr } = spawnSync(file, rest, { encoding: 'utf8' })
    return { status, stdout, stderr }
  }

  start(
    engine: EngineName,
    container: Container,
    args: readonly string[],
  ): { id: string; child: ChildProcess } {
    const [id, file, rest] = this.command(engine, container, args)
    return { id, child: spawn(file, rest, { stdio: ['ignore', 'pipe', 'inherit'] }) }
  }
}

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}
