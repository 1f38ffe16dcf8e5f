import fc from 'fast-check'
import * as apparmor from 'apparmor'
import { anything } from './anything.ts'
import { ASYNC, CALLS, MISSING } from './calls.ts'
import './seed.ts'

const { AppArmorError } = apparmor

const CODES = ['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE', 'ERR_OUT_OF_RANGE']

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  // any UTF-16, well-formed or not
  fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
  fc.constantFrom('', ' ', '\n', '\0', ':', '::', '&', '//', '//&', '\udcff', '\ud800', '\udcff\0'),
  fc.constantFrom(4081, 4082, 4090, 4091, 4096, 65536).map((size) => MISSING.padEnd(size, 'x')),
)
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(-1, 0, 0.5, 2 ** 31, 2 ** 53))
const symbolOrFunction = fc.constantFrom(Symbol('s'), Symbol.iterator, () => 'f', class {})
const options = fc.record(
  {
    scope: fc.oneof(fc.constantFrom('thread', 'process'), anything),
    onPartial: fc.oneof(fc.constantFrom('abort', 'throw'), anything),
    timeout: fc.oneof(number, anything),
    profile: fc.oneof(text, anything),
    stack: fc.oneof(text, anything),
    env: anything,
    argv0: fc.oneof(text, anything),
    keepFds: fc.oneof(fc.array(number), anything),
    label: fc.oneof(text, anything),
    mode: fc.oneof(fc.constantFrom('enforce', null), anything),
    pid: fc.oneof(number, fc.array(number), anything),
    executable: fc.oneof(text, anything),
  },
  { requiredKeys: [] },
)
const argument = fc.oneof(text, number, anything, options, symbolOrFunction)

/**
 * Calls every synchronous public function with generated arguments, `runs` times each.
 *
 * @param after is called after each call
 * @returns what was thrown that no caller should ever see
 */
export function callWithGarbage(runs: number, after: () => void = () => {}): readonly string[] {
  return Object.keys(CALLS)
    .filter((name) => !ASYNC.includes(name))
    .flatMap((name) => {
      const property = fc.property(generated, (args) => {
        try {
          callOf(name)(...args)
        } catch (error) {
          if (!isDesigned(error)) throw error
        }
        after()
      })
      return surprise(name, fc.check(property, { numRuns: runs }))
    })
}

/** The same for the functions that return promises. */
export async function awaitWithGarbage(runs: number): Promise<readonly string[]> {
  const surprises: string[] = []
  for (const name of ASYNC) {
    const property = fc.asyncProperty(generated, async (args) => {
      try {
        await callOf(name)(...args)
      } catch (error) {
        if (!isDesigned(error)) throw error
      }
    })
    surprises.push(...surprise(name, await fc.check(property, { numRuns: runs })))
  }
  return surprises
}

const generated = fc.array(argument, { maxLength: 3 })

const callOf = (name: string) =>
  apparmor[name as keyof typeof apparmor] as (...args: readonly unknown[]) => unknown

function surprise(name: string, run: fc.RunDetails<[unknown[]]>): readonly string[] {
  if (!run.failed) return []
  return [`${name}(${fc.stringify(run.counterexample?.[0])}): ${run.errorInstance}`]
}

function isDesigned(error: unknown): boolean {
  if (error instanceof AppArmorError) return /^(E[A-Z0-9]+|ERR_APPARMOR_[A-Z_]+)$/.test(error.code)
  const { code } = error as NodeJS.ErrnoException
  return (
    (error instanceof TypeError || error instanceof RangeError) && CODES.includes(code as string)
  )
}
