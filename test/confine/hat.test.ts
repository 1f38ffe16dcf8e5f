import { withHat } from 'apparmor'
import t from 'tap'

const ASYNC = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE', message: /outside the hat/ }

t.test('what goes on after the hat neither compiles nor runs', async (t) => {
  // @ts-expect-error an async function
  t.throws(() => withHat('h', async () => 1), ASYNC)
  t.throws(
    // @ts-expect-error a generator function
    () => withHat('h', function* () {}),
    ASYNC,
  )
  t.throws(
    // @ts-expect-error an asynchronous generator function
    () => withHat('h', async function* () {}),
    ASYNC,
  )
  const fails = { name: /^(AppArmor|Type)Error$/ }
  // @ts-expect-error a promise
  t.throws(() => withHat('h', () => Promise.resolve(1)), fails)
  // @ts-expect-error perhaps a promise
  t.throws(() => withHat('h', (): number | Promise<number> => 1), fails)
})

t.test('any other function compiles, and its result has its type', async (t) => {
  const fails = { name: 'AppArmorError' }
  const typed = {
    number: (): number => withHat('h', () => 1),
    text: (): 'a' | undefined => withHat('h', () => 'a' as 'a' | undefined),
    nothing: (): void => withHat('h', () => {}),
    list: (): readonly string[] => withHat(['g', 'h'], () => ['a']),
    iterator: (): Iterator<number> => withHat('h', () => [1].values()),
    unknown: (): unknown => withHat('h', () => JSON.parse('1') as unknown),
    any: (): string => withHat('h', () => JSON.parse('1')),
    function: (): (() => number) => withHat('h', () => () => 1),
  }
  for (const [name, run] of Object.entries(typed)) t.throws(run, fails, name)
  // @ts-expect-error the result is a number
  t.throws((): string => withHat('h', () => 1), fails)
})
