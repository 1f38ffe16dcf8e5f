/** The functions that start children, for targets that each call names or for one that is fixed. */
import { promisify } from 'node:util'
import { AppArmorError } from '../border/errors.ts'
import type { Target } from '../launch/target.ts'
import { confine } from './async.ts'
import { readCall, withOptions, type AsyncName, type Call, type SyncName } from './call.ts'
import { runtime } from './handle.ts'
import { node } from './node.ts'
import { spawnElsewhere } from './other.ts'
import { runConfined } from './sync.ts'

type AnyFunction = (...args: unknown[]) => unknown

/** What a call is confined by; `undefined` for a call that is Node's. */
export type Choose = (call: Call) => Target | undefined

export type Family = Readonly<Record<AsyncName | SyncName, AnyFunction>>

/** Node's functions, of which each call is confined by what `choose` says. */
export function makeFamily(choose: Choose): Family {
  return {
    spawn: makeAsync('spawn', choose),
    exec: withPromise('exec', choose),
    execFile: withPromise('execFile', choose),
    fork: makeAsync('fork', choose),
    spawnSync: makeSync('spawnSync', choose),
    execSync: makeSync('execSync', choose),
    execFileSync: makeSync('execFileSync', choose),
  }
}

function makeAsync(name: AsyncName, choose: Choose): AnyFunction {
  return make(name, node[name] as AnyFunction, choose, (target, call, own) => {
    const options = call.options ?? {}
    if (runtime === 'other' && name === 'spawn') return spawnElsewhere(target, call.before, options)
    return confine(target, options, (changed) => own(...withOptions(call, changed)))
  })
}

function makeSync(name: SyncName, choose: Choose): AnyFunction {
  return make(name, node[name] as AnyFunction, choose, (target, { before, options = {} }) =>
    runConfined(name, target, before, options),
  )
}

function withPromise(name: 'exec' | 'execFile', choose: Choose): AnyFunction {
  const own = node[name][promisify.custom as never] as AnyFunction
  const value = make(name, own, choose, (target, call) => {
    try {
      const start = (options: object) => own(...withOptions(call, options as never))
      return confine(target, call.options ?? {}, start)
    } catch (error) {
      if (error instanceof AppArmorError) return Promise.reject(error)
      throw error
    }
  })
  return Object.defineProperty(makeAsync(name, choose), promisify.custom, { value })
}

/** A function in the place of `own`, which gets all calls that are not to be confined as they are. */
function make(
  name: AsyncName | SyncName,
  own: AnyFunction,
  choose: Choose,
  run: (target: Target, call: Call, own: AnyFunction) => unknown,
): AnyFunction {
  const made: AnyFunction = (...given) => {
    const call = readCall(name, given)
    const target = choose(call)
    return target ? run(target, withoutTarget(call), own) : own(...given)
  }
  return Object.defineProperties(made, {
    name: { value: own?.name },
    length: { value: own?.length },
  })
}

function withoutTarget(call: Call): Call {
  if (!call.options) return call
  const { profile, stack, ...options } = call.options
  return { ...call, options: { __proto__: null, ...options } }
}
