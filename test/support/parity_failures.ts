// Programs that cannot be executed, and what a caller does with such a child. Not here: a kill() or an abort() at
// once. Node then signals a process whose number it never set; where that is 0, its own process group.
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { called, promised, visible, watch, type Case, type Setting } from './parity_watch.ts'

const NOWHERE = 'apparmor-test-nowhere'

type Log = (...entry: unknown[]) => void

/** What happens to a child that was never started, in its order. */
const missing =
  (act: (child: ChildProcess, log: Log) => void, options: object = {}): Case =>
  async ({ functions, confined }: Setting) => {
    const seen: unknown[] = []
    const log: Log = (...entry) => seen.push(entry.map(visible))
    const child = functions.spawn(NOWHERE, ['a'], { ...options, ...confined }) as ChildProcess
    for (const name of ['spawn', 'error', 'exit', 'close']) {
      child.on(name, (...args: unknown[]) => log(name, ...args))
    }
    for (const stream of child.stdio ?? []) stream?.on('error', (error) => log('stream', error))
    act(child, log)
    await sleep(100)
    const { exitCode, signalCode, killed } = child
    return [...seen, exitCode, signalCode, killed]
  }

const aborted = () => {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}

export const CASES: Readonly<Record<string, Case>> = {
  'spawn, missing: what the object is': missing((child, log) =>
    log(typeof child.pid, Object.keys(child), child.spawnfile, child.spawnargs, child.connected),
  ),
  'spawn, missing: its streams': missing((child, log) => {
    for (const stream of child.stdio) {
      log(stream?.constructor.name, stream?.destroyed, (stream as { readable?: unknown })?.readable)
    }
  }),
  'spawn, missing: kill with an unknown signal': missing((child) => child.kill('SIGNONE' as never)),
  'spawn, missing: kill after the error': missing((child, log) =>
    child.on('error', () => log(child.kill(), child.kill('SIGKILL'))),
  ),
  'spawn, missing: kill a moment later': missing((child, log) => {
    process.nextTick(() => log('tick', child.kill()))
    setTimeout(() => log('timer', child.kill()), 50)
  }),
  'spawn, missing: the error comes before timers': missing((_, log) => {
    setTimeout(log, 50, 'timer')
    process.nextTick(log, 'tick')
    queueMicrotask(() => log('microtask'))
  }),
  'spawn, missing: once': missing((child, log) => child.once('error', () => log('once'))),
  'spawn, missing: emit is not its own': missing((child, log) =>
    log(Object.hasOwn(child, 'emit'), child.listenerCount('exit'), child.eventNames()),
  ),
  'spawn, missing: unref and ref': missing((child) => {
    child.unref()
    child.ref()
    child.unref()
  }),
  'spawn, missing: written to': missing((child, log) => {
    child.stdin?.write('x', (error) => log('written', error))
  }),
  'spawn, missing: ended': missing((child, log) => {
    child.stdin?.end('x', () => log('ended'))
  }),
  'spawn, missing: read': missing((child, log) => {
    child.stdout?.on('data', (data) => log('data', data)).on('end', () => log('end'))
    child.stdout?.on('close', () => log('closed'))
  }),
  'spawn, missing: aborted before': missing(() => {}, { signal: AbortSignal.abort() }),
  'spawn, missing: aborted after the error': (setting) => {
    const { signal, abort } = aborted()
    return missing((child) => child.on('error', abort), { signal })(setting)
  },
  'spawn, missing: timeout': missing(() => {}, { timeout: 20 }),
  'spawn, missing: detached': missing(() => {}, { detached: true }),
  'spawn, missing: stdio ignore': missing((child, log) => log(child.stdio), { stdio: 'ignore' }),
  'spawn, missing: stdio inherit': missing((child, log) => log(child.stdio), { stdio: 'inherit' }),
  'spawn, missing: with ipc': missing(
    (child, log) => {
      log(child.connected, typeof child.send)
      child.on('disconnect', () => log('disconnect'))
      child.send('x', (error) => log('sent', error))
    },
    { stdio: ['ipc', 'pipe'] },
  ),
  'spawn, missing: in a directory that is missing': missing(() => {}, { cwd: '/nowhere' }),
  'spawn, missing: argv0': missing(() => {}, { argv0: 'other' }),
  'spawn, missing: the kernel has no such user': missing(() => {}, { uid: -1 }),
  'spawn, missing: the kernel has no such group': missing(() => {}, { gid: -1 }),

  'execFile, missing: aborted before': ({ functions, confined }) =>
    called((callback) =>
      functions.execFile(NOWHERE, [], { signal: AbortSignal.abort(), ...confined }, callback),
    ),
  'execFile, missing, promise: aborted before': ({ functions, confined }) => {
    const options = { signal: AbortSignal.abort(), ...confined }
    return promised(promisify(functions.execFile)(NOWHERE, [], options) as Promise<unknown>)
  },
  'execFile, missing: timeout': ({ functions, confined }) =>
    called((callback) => functions.execFile(NOWHERE, [], { timeout: 20, ...confined }, callback)),
  'execFile, missing: without a callback': ({ functions, confined }) =>
    watch(functions.execFile(NOWHERE, confined)),
  'exec, missing: a directory that is missing': ({ functions, confined }) =>
    called((callback) => functions.exec('true', { cwd: '/nowhere', ...confined }, callback)),
  'exec, missing: a shell that is missing, promise': ({ functions, confined }) =>
    promised(
      promisify(functions.exec)('x', { shell: '/nowhere', ...confined }) as Promise<unknown>,
    ),
  'fork, missing: send and disconnect': async ({ functions, confined }) => {
    const seen: unknown[] = []
    const child = functions.fork('x', { execPath: '/nowhere', silent: true, ...confined })
    for (const name of ['error', 'exit', 'close', 'disconnect', 'message']) {
      child.on(name, (...args: unknown[]) => seen.push([name, ...args.map(visible)]))
    }
    child.send('x', (error: unknown) => seen.push(['sent', visible(error)]))
    child.disconnect()
    await sleep(100)
    return [...seen, child.connected]
  },

  'spawnSync, missing: uid': ({ functions, confined }) => {
    const result = functions.spawnSync(NOWHERE, ['a'], { uid: 65534, ...confined })
    return { ...result, error: visible(result.error) }
  },
  'spawnSync: the kernel has no such user': ({ functions, confined }) => {
    const result = functions.spawnSync('true', ['a'], { uid: -1, ...confined })
    return { ...result, error: visible(result.error) }
  },
  'execFileSync, missing: all that the error has': ({ functions, confined }) => {
    try {
      return functions.execFileSync(NOWHERE, ['a'], { encoding: 'utf8', ...confined })
    } catch (error) {
      return [
        Object.keys(error as object),
        visible(error),
        (error as { error: unknown }).error === error,
      ]
    }
  },
  'execSync, missing: shell': ({ functions, confined }) =>
    functions.execSync('true', { shell: '/nowhere', ...confined }),
}
