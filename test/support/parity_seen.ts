// What the rest of the process sees of a call: warnings, channels, arguments that are read.
import { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { spawned, spawnedSync, visible, watch, type Case, type Setting } from './parity_watch.ts'

type Message = { process: ChildProcess; options?: Record<string, unknown> }

/** What subscribers of a channel are told while a call runs. */
const told =
  (channel: string, call: (setting: Setting) => unknown): Case =>
  async (setting) => {
    const messages: Message[] = []
    const listen = (message: unknown): number => messages.push(message as Message)
    subscribe(channel, listen)
    try {
      await call(setting)
    } finally {
      unsubscribe(channel, listen)
    }
    return messages.map(({ process: child, options }) => {
      const { file, args, cwd, stdio } = options ?? {}
      const entries = (stdio as { type: string }[] | undefined)?.map(({ type }) => type)
      return [child.spawnfile, child.spawnargs, file, args, cwd, entries]
    })
  }

const TRACING = 'tracing:child_process.spawn'
const CHANNELS = ['child_process', `${TRACING}:start`, `${TRACING}:end`, `${TRACING}:error`]

const CALLS: Readonly<Record<string, (setting: Setting) => unknown>> = {
  spawn: spawned('true', ['a']),
  'spawn, missing': spawned('apparmor-test-nowhere', ['a']),
  exec: ({ functions, confined }) => watch(functions.exec('true a', confined)),
  execFile: ({ functions, confined }) => watch(functions.execFile('true', ['a'], confined)),
  fork: ({ functions, confined }) =>
    watch(functions.fork('a', { execPath: '/bin/true', silent: true, ...confined })),
  spawnSync: spawnedSync('true', ['a']),
}

const prototypes = [ChildProcess.prototype, Object.getPrototypeOf(ChildProcess.prototype)]

export const CASES: Readonly<Record<string, Case>> = Object.fromEntries([
  ...Object.entries(CALLS).flatMap(([name, call]) =>
    CHANNELS.map((channel): [string, Case] => [
      `${name}${name.includes(',') ? '' : ','} seen on ${channel}`,
      told(channel, call),
    ]),
  ),
  [
    'spawn, seen: its options are read once',
    async ({ functions, confined }: Setting) => {
      const reads: string[] = []
      const options = { stdio: 'ignore', cwd: '/', env: {}, timeout: 9000, ...confined }
      const watched = Object.defineProperties(
        {},
        Object.fromEntries(
          Object.entries(options).map(([name, value]) => [
            name,
            { enumerable: true, get: () => (reads.push(name), value) },
          ]),
        ),
      )
      await watch(functions.spawn('/bin/true', watched))
      return reads.filter((name) => name !== 'profile')
    },
  ],
  [
    'spawn, seen: the options and the arguments stay as they were',
    async ({ functions, confined }: Setting) => {
      const args = Object.freeze(['a'])
      const options = Object.freeze({ uid: 0, env: Object.freeze({ A: 'b' }), ...confined })
      await watch(functions.spawn('/bin/true', args, options))
      return [args, Object.keys(options).filter((name) => name !== 'profile'), options.uid]
    },
  ],
  [
    'spawn, seen: Object.prototype',
    async (setting: Setting) => {
      Object.assign(Object.prototype, {
        uid: 65534,
        cwd: '/nowhere',
        shell: '/nowhere',
        argv0: 'x',
      })
      try {
        return await spawned('sh', ['-c', 'id -u; pwd; echo $0'], { cwd: '/' })(setting)
      } finally {
        for (const name of ['uid', 'cwd', 'shell', 'argv0']) {
          Reflect.deleteProperty(Object.prototype, name)
        }
      }
    },
  ],
  [
    'spawnSync, seen: Object.prototype',
    (setting: Setting) => {
      Object.assign(Object.prototype, {
        uid: 65534,
        cwd: '/nowhere',
        shell: '/nowhere',
        argv0: 'x',
      })
      try {
        return spawnedSync('sh', ['-c', 'id -u; pwd; echo $0'], { cwd: '/' })(setting)
      } finally {
        for (const name of ['uid', 'cwd', 'shell', 'argv0']) {
          Reflect.deleteProperty(Object.prototype, name)
        }
      }
    },
  ],
  [
    'spawn, seen: the prototypes',
    async (setting: Setting) => {
      const before = prototypes.map((prototype) => Object.getOwnPropertyDescriptors(prototype))
      await spawned('true')(setting)
      const after = prototypes.map((prototype) => Object.getOwnPropertyDescriptors(prototype))
      return after.map((now, i) =>
        Object.entries(now).every(([name, { value }]) => before[i]?.[name]?.value === value),
      )
    },
  ],
  [
    'spawn, seen: a killed process group',
    ({ functions, confined }: Setting) => {
      const child = functions.spawn('sleep', ['5'], { detached: true, ...confined })
      return watch(child, () => process.kill(-child.pid, 'SIGTERM'))
    },
  ],
  [
    'execFileSync, seen: what arguments with a shell are warned of',
    async ({ functions, confined }: Setting) => {
      const warnings: unknown[] = []
      const { emitWarning } = process
      process.emitWarning = ((...args: unknown[]) => void warnings.push(args.map(visible))) as never
      try {
        for (const name of ['execFileSync', 'spawnSync', 'spawn']) {
          const child = functions[name as 'spawn']('true', ['a'], { shell: true, ...confined })
          if (child instanceof ChildProcess) await watch(child)
        }
      } finally {
        process.emitWarning = emitWarning
      }
      return warnings.length <= 1 // once in a process, whoever comes first
    },
  ],
])
