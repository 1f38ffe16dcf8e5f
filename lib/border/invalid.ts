/**
 * Bad arguments, with Node's codes and words. It imports nothing, so that the modules that run without Node
 * use it, too.
 */

function coded<E extends Error>(error: E, code: string): E & { code: string } {
  return Object.assign(error, { code })
}

/** Node's `ERR_INVALID_ARG_TYPE`. */
export function invalidArgType(name: string, expected: string, actual: unknown): TypeError {
  return coded(
    new TypeError(`The ${what(name)} must be ${expected}. Received ${received(actual)}`),
    'ERR_INVALID_ARG_TYPE',
  )
}

/** Node's `ERR_INVALID_ARG_VALUE`. */
export function invalidArgValue(name: string, reason: string, actual: unknown): TypeError {
  return coded(
    new TypeError(`The ${what(name)} ${reason}. Received ${shown(actual)}`),
    'ERR_INVALID_ARG_VALUE',
  )
}

/** Node's `ERR_OUT_OF_RANGE`. */
export function outOfRange(name: string, range: string, actual: unknown): RangeError {
  return coded(
    new RangeError(
      `The value of "${name}" is out of range. It must be ${range}. Received ${shown(actual)}`,
    ),
    'ERR_OUT_OF_RANGE',
  )
}

function what(name: string): string {
  return name.includes('.') ? `property '${name}'` : `"${name}" argument`
}

function received(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'function') return `function ${value.name}`
  if (typeof value === 'object') return `an instance of ${value.constructor?.name ?? 'Object'}`
  return `type ${typeof value} (${shown(value)})`
}

function shown(value: unknown): string {
  const util = globalThis.process?.getBuiltinModule?.('node:util')
  const text = util ? util.inspect(value, { depth: 0, breakLength: Infinity }) : plainly(value)
  return text.length > 128 ? `${text.slice(0, 128)}...` : text
}

// Without Node: nothing of the value runs.
function plainly(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'function') return '[Function]'
  return typeof value === 'object' && value !== null ? '[Object]' : String(value)
}
