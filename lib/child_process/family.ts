/** The functions that start children, for targets that each call names or for one that is fixed. */
import { promisify } from 'node:util'
import { AppArmorError, invalidArgType, invalidArgValue } from '../border/errors.ts'
import { targetIn, type Target } from '../launch/target.ts'
import { confine } from './async.ts'
import {
  copyOptions,
  mayConfine,
  readCall,
  withOptions,
  type AsyncName,
  type Call,
  type Options,
  type SyncName,
} from './call.ts'
import { runtime } from './handle.ts'
import { node } from './node.ts'
import { spawnElsewhere } from './other.ts'
import { runConfined } from './sync.ts'

type AnyFunction = (...args: unknown[]) => unknown

export type Family = Readonly<Record<AsyncName | SyncName, AnyFunction>>

/** Node's functions, whose children run under `fixed`, or under what the options of each call say. */
export function makeFamily(fixed?: Target): Family {
  return {
    spawn: makeAsync('spawn', fixed),
    exec: withPromise('exec', fixed),
    execFile: withPromise('execFile', fixed),
    fork: makeAsync('fork', fixed),
    spawnSync: makeSync('spawnSync', fixed),
    execSync: makeSync('execSync', fixed),
    execFileSync: makeSync('execFileSync', fixed),
  }
}

function makeAsync(name: AsyncName, fixed?: Target): AnyFunction {
  const own = node[name] as AnyFunction
  return make(name, own, fixed, (target, call, options) => {
    if (runtime === 'other' && name === 'spawn') return spawnElsewhere(target, call.before, options)
    return confine(target, options, (changed) => own(...withOptions(call, changed)))
  })
}

function makeSync(name: SyncName, fixed?: Target): AnyFunction {
  return make(name, node[name] as AnyFunction, fixed, (target, { before }, options) =>
    runConfined(name, target, before, options),
  )
}

function withPromise(name: 'exec' | 'execFile', fixed?: Target): AnyFunction {
  const own = node[name][promisify.custom as never] as AnyFunction
  const value = make(name, own, fixed, (target, call, options) => {
    try {
      return confine(target, options, (changed) => own(...withOptions(call, changed)))
    } catch (error) {
      if (error instanceof AppArmorError) return Promise.reject(error)
      throw error
    }
  })
  return Object.defineProperty(makeAsync(name, fixed), promisify.custom, { value })
}

type Run = (target: Target, call: Call, options: Options) => unknown

/** A function in the place of `own`, which gets all calls that are not to be confined as they are. */
function make(
  name: AsyncName | SyncName,
  own: AnyFunction,
  fixed: Target | undefined,
  run: Run,
): AnyFunction {
  const made: AnyFunction = (...given) => {
    const call = readCall(name, given)
    if (!fixed && !(call.options && mayConfine(call.options))) return own(...given)
    const options = copyOptions(call)
    const target = fixed ? keptTarget(fixed, call, options) : targetIn(options, 'options')
    if (!target) throw invalidArgValue('options', 'must have enumerable properties', call.options)
    const { profile, stack, ...rest } = options
    return run(target, call, { __proto__: null, ...rest })
  }
  return Object.defineProperties(made, {
    name: { value: own?.name },
    length: { value: own?.length },
  })
}

// Nothing in a call can say anything else.
function keptTarget(fixed: Target, { wrong }: Call, options: Options): Target {
  if (wrong !== undefined) throw invalidArgType('options', 'of type object', wrong)
  for (const name of ['profile', 'stack']) {
    if (name in options) {
      throw invalidArgValue(`options.${name}`, 'must not be given: it is fixed', options[name])
    }
  }
  return fixed
}
