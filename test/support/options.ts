import type * as apparmor from 'apparmor'
import { MISSING } from './calls.ts'

type Package = typeof apparmor

/** Every public function with options: their names, and calls without them and with none of them. */
export const OPTIONS: Readonly<
  Record<string, { options: readonly string[]; calls: readonly ((from: Package) => unknown)[] }>
> = {
  changeProfile: {
    options: ['scope', 'onPartial', 'timeout'],
    calls: [(from) => from.changeProfile(MISSING), (from) => from.changeProfile(MISSING, {})],
  },
  stackProfile: {
    options: ['scope', 'onPartial', 'timeout'],
    calls: [(from) => from.stackProfile(MISSING), (from) => from.stackProfile(MISSING, {})],
  },
  execve: {
    options: ['profile', 'stack', 'env', 'argv0'],
    calls: [
      (from) => from.execve('/nowhere', [], { profile: MISSING }),
      (from) => from.execve('/nowhere', [], { stack: MISSING }),
    ],
  },
  reexec: {
    options: ['keepFds', 'env', 'discardHandles'],
    calls: [(from) => from.reexec(MISSING), (from) => from.reexec(MISSING, {})],
  },
  confineCommand: {
    options: ['profile', 'stack'],
    calls: [
      (from) => from.confineCommand({ profile: MISSING }, 'true'),
      (from) => from.confineCommand({ stack: MISSING }, 'true'),
      (from) => from.confineCommand({} as never, 'true'),
    ],
  },
  processes: {
    options: ['label', 'mode', 'pid', 'executable'],
    calls: [
      async (from) => (await from.processes()).length > 1,
      async (from) => (await from.processes({})).length > 1,
    ],
  },
  watch: {
    options: ['signal', 'namespace', 'ref'],
    calls: [(from) => firstOf(from.watch()), (from) => firstOf(from.watch({}))],
  },
  queryDbus: {
    options: ['access', 'bus', 'name', 'peerLabel', 'path', 'interface', 'member'],
    calls: [
      (from) => from.queryDbus('unconfined', { access: 'eavesdrop', bus: 'system' }),
      (from) => from.queryDbus('unconfined', { access: 'send', bus: 'system', peerLabel: 'a' }),
      (from) => from.queryDbus('unconfined', {} as never),
    ],
  },
  formatLabel: {
    options: ['namespace', 'name'],
    calls: [(from) => from.formatLabel([{ name: 'a' }]), (from) => from.formatLabel([{} as never])],
  },
}

async function firstOf(watching: AsyncIterableIterator<number>): Promise<unknown> {
  const alive = setInterval(() => {}, 1000)
  const { done } = await watching.next().finally(() => clearInterval(alive))
  await watching.return?.()
  return done
}

/** Gives every object these properties; returns how to end it. */
export function pollute(names: readonly string[], value: unknown): () => void {
  for (const name of names) {
    Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true })
  }
  return () => {
    for (const name of names) Reflect.deleteProperty(Object.prototype, name)
  }
}

/** What a call gave, or the error that it threw. */
export async function outcomeOf(call: () => unknown): Promise<unknown> {
  try {
    return await call()
  } catch (error) {
    const { name, message, code, syscall } = error as NodeJS.ErrnoException
    return [name, message, code, syscall]
  }
}
