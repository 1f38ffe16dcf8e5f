import * as apparmor from 'apparmor'
import t, { type Test } from 'tap'
import {
  byteLength,
  checkInteger,
  checkLabel,
  checkName,
  checkOneOf,
  checkOptions,
} from '#lib/border/args.js'
import { awaitWithGarbage, callWithGarbage } from '../support/garbage.ts'
import { CALLS, MISSING } from '../support/calls.ts'

const { AppArmorError, changeHat, changeOnexec, changeProfile, stackOnexec, stackProfile } =
  apparmor
const { getProcAttr, getTaskCon, getThreadCons, parseLabel } = apparmor

const TYPE = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
const VALUE = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' }
const RANGE = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }

type Named = (profile: string) => unknown

// The kernel takes 4096 bytes: its own word for the call, a space, and the name.
const NAMED: Readonly<Record<string, { call: Named; most: number }>> = {
  changeProfile: { call: changeProfile, most: 4082 },
  stackProfile: { call: stackProfile, most: 4090 },
  changeOnexec: { call: changeOnexec, most: 4091 },
  stackOnexec: { call: stackOnexec, most: 4090 },
}

/** The kernel was asked, and refused: so the checks let it pass. */
function passes(t: Test, call: () => unknown, message: string): void {
  try {
    call()
    t.fail(`${message}: a missing profile was accepted`)
  } catch (error) {
    t.ok(error instanceof AppArmorError, message)
  }
}

t.test('every public function is among those that are tested', async (t) => {
  const isClass = (value: unknown) => String(value).startsWith('class ')
  const functions = Object.entries(apparmor).filter(([, value]) => !isClass(value))
  t.strictSame(functions.map(([name]) => name).sort(), Object.keys(CALLS).sort())
})

for (const [name, { call, most }] of Object.entries(NAMED)) {
  t.test(`${name}: the name is a string that the kernel can take`, async (t) => {
    const wrong = (value: unknown, error: typeof TYPE, message: string) =>
      t.throws(() => call(value as string), error, message)

    for (const value of [undefined, null, 1, 1n, true, Symbol('s'), {}, [], ['web'], () => 'web']) {
      wrong(value, TYPE, `not a string: ${typeof value}`)
    }
    wrong(Object('web'), TYPE, 'a String object')
    wrong('', VALUE, 'empty')
    for (const nameless of [':', '::', '&', '&&', ':&', ' ', ':\t', '\udca0']) {
      wrong(nameless, VALUE, `no name in it: ${escape(nameless)}`)
    }
    wrong('a\0b', VALUE, 'a null byte')
    wrong('a\nb', VALUE, 'a newline inside')
    wrong('a\n', VALUE, 'a newline at the end')
    for (const unit of ['\ud800', '\udbff', '\udc00', '\udc7f', '\udd00', '\udfff']) {
      wrong(`a${unit}b`, VALUE, `a lone surrogate that stands for no byte: ${escape(unit)}`)
    }
    wrong('\udc80\ud800', VALUE, 'surrogates in the wrong order')
    passes(t, () => call(`${MISSING}\udc80\udcff`), 'lone surrogates that stand for bytes')
    passes(t, () => call(`${MISSING}\u{1f600}`), 'a pair of surrogates')

    passes(t, () => call(MISSING.padEnd(most, 'x')), `${most} bytes`)
    wrong(MISSING.padEnd(most + 1, 'x'), RANGE, `${most + 1} bytes`)
    passes(t, () => call(MISSING + 'ä'.repeat((most - MISSING.length) >> 1)), 'bytes count')
    wrong('ä'.repeat((most >> 1) + 1), RANGE, 'not characters')
    passes(t, () => call('\udcff'.repeat(most)), 'an escaped byte is one')
    wrong('\udcff'.repeat(most + 1), RANGE, 'and not none')
  })
}

t.test('the texts of argument errors are those of Node', async (t) => {
  const text = (call: () => unknown, message: string) => t.throws(call, { message })
  text(
    () => changeProfile(1 as never),
    'The "profile" argument must be of type string. Received type number (1)',
  )
  text(
    () => changeProfile(null as never),
    'The "profile" argument must be of type string. Received null',
  )
  text(
    () => changeProfile([] as never),
    'The "profile" argument must be of type string. Received an instance of Array',
  )
  text(() => changeProfile(''), `The "profile" argument must not be empty. Received ''`)
  text(
    () => getTaskCon(0),
    'The value of "pid" is out of range. It must be >= 1 && <= 2147483647. Received 0',
  )
  text(
    () => changeProfile('web', { scope: 'all' as never }),
    `The property 'options.scope' must be one of: 'process', 'thread'. Received 'all'`,
  )
})

t.test('an argument error shows at most a part of what was given', async (t) => {
  try {
    changeProfile('x'.repeat(1e6))
  } catch (error) {
    t.ok((error as Error).message.length < 300)
  }
})

for (const call of [getTaskCon, getThreadCons]) {
  t.test(`${call.name}: the process id is a whole number from 1 on`, async (t) => {
    for (const pid of ['1', null, 1n, {}, [1], Symbol('s'), true]) {
      t.throws(() => call(pid as never), TYPE, typeof pid)
    }
    for (const pid of [0, -1, 1.5, NaN, Infinity, 2 ** 31, 2 ** 32 + 1]) {
      t.throws(() => call(pid), RANGE, String(pid))
    }
  })
}

t.test('getTaskCon needs a process id', async (t) => {
  t.throws(() => (getTaskCon as () => unknown)(), TYPE)
})

t.test('getProcAttr takes one of three words', async (t) => {
  for (const attr of [undefined, '', 'fscreate', 'Current', 'current\0', 1, ['exec'], null]) {
    t.throws(() => getProcAttr(attr as never), VALUE, String(attr))
  }
})

t.test('parseLabel takes a string that is a label', async (t) => {
  for (const label of [undefined, null, 1, {}]) t.throws(() => parseLabel(label as never), TYPE)
  for (const label of ['', 'a\0', '\ud800']) t.throws(() => parseLabel(label), VALUE)
  t.doesNotThrow(() => parseLabel('a\nb'.padEnd(1e5)), 'of any length, with newlines')
})

t.test('changeHat takes no list of names with a hole', async (t) => {
  const hats = ['a', 'b']
  delete hats[0]
  t.throws(() => changeHat(hats), TYPE)
})

for (const call of [changeProfile, stackProfile]) {
  t.test(`${call.name}: the options`, async (t) => {
    for (const options of [null, 1, 'thread', [], () => {}]) {
      t.throws(() => call(MISSING, options as never), TYPE, 'not an object')
    }
    for (const scope of ['', 'Thread', 1, null, {}]) {
      t.throws(() => call(MISSING, { scope } as never), VALUE, `scope ${String(scope)}`)
    }
    passes(t, () => call(MISSING, undefined), 'none')
    passes(t, () => call(MISSING, {}), 'empty')
    passes(t, () => call(MISSING, { scope: 'thread' }), 'scope thread')
    passes(t, () => call(MISSING, { scope: 'process' }), 'scope process')
  })
}

t.test('arguments are checked in their order, before the kernel is asked', async (t) => {
  t.throws(() => changeProfile('', { scope: 'all' as never }), VALUE)
  t.throws(() => changeProfile('', { scope: 'all' as never }), { message: /"profile"/ })
})

t.test('what the checks let pass', async (t) => {
  t.doesNotThrow(() => checkName('a b//c:ns&"', 'name', 'exec'))
  t.doesNotThrow(() => checkLabel('a\nb', 'label'))
  t.doesNotThrow(() => checkOptions(undefined))
  t.doesNotThrow(() => checkOptions(Object.create(null)))
  t.doesNotThrow(() => checkOneOf('a', 'word', ['a', 'b']))
  for (const end of [1, 10]) t.doesNotThrow(() => checkInteger(end, 'number', 1, 10))
  t.throws(() => checkInteger(11, 'number', 1, 10), RANGE)
})

t.test('byteLength counts the bytes that the kernel gets', async (t) => {
  t.equal(byteLength('aä€\u{1f600}'), 1 + 2 + 3 + 4)
  t.equal(byteLength('\udc80a\udcff'), 3)
})

t.test('garbage ends in a designed error, for every public function', async (t) => {
  t.strictSame(callWithGarbage(300), [])
  t.strictSame(await awaitWithGarbage(300), [])
})

function escape(text: string): string {
  return JSON.stringify(text)
}
