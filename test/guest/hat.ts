// A program that goes in and out of hats, in one of several situations.
//
//   hat.js SITUATION DIRECTORY
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { runInNewContext } from 'node:vm'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import {
  canChangeHat,
  changeHat,
  changeOnexec,
  changeProfile,
  getcon,
  getProcAttr,
  getThreadCons,
  leaveHat,
  withHat,
} from 'apparmor'
import { codeOf, outcome, read, report } from './look.ts'

const PROFILE = 'apparmor-test-hat'
const TOKEN = 0x0123_4567_89ab_cdefn
const TOKENS = ['0123456789abcdef', String(TOKEN)]

const directory = isMainThread ? (process.argv[3] ?? '') : (workerData.directory as string)

/** What the thread may read now: of "parent", "one", "two". */
function readable(): string {
  const names = ['parent', 'one', 'two']
  return names.filter((name) => read(join(directory, name)) === name).join(' ')
}
const state = () => [getcon().label.replace(PROFILE, ''), readable()]

/** Does the text of an error, or of what hangs on it, give the token away? */
function shows(call: () => unknown, tokens = TOKENS): boolean {
  try {
    call()
  } catch (error) {
    const text = inspect(error, { depth: 10, showHidden: true }) + (error as Error).stack
    return tokens.some((token) => text.toLowerCase().includes(token))
  }
  throw new Error('did not throw')
}

interface Turns {
  readonly hat: string
  /** 0 before the beginning, 1 to go on, 2 to end after 50 turns */
  readonly phase: Int32Array
}

const roles = {
  /** goes into its hat and leaves it, over and over, and counts what it may read that it may not */
  alternates({ hat, phase }: Turns) {
    const other = hat === 'one' ? 'two' : 'one'
    const result = { hat, turns: 0, crossed: 0 }
    parentPort?.postMessage('ready')
    Atomics.wait(phase, 0, 0)
    while (result.turns < 50 || Atomics.load(phase, 0) === 1) {
      const denied = withHat(hat, () => {
        if (read(join(directory, other)) !== other) result.crossed++
        return read(join(directory, hat))
      })
      if (denied !== 'EACCES') result.crossed++
      if (read(join(directory, hat)) !== hat) result.crossed++
      result.turns++
    }
    parentPort?.postMessage(result)
  },
  /** waits in a hat until it may leave it */
  waits({ phase }: { phase: Int32Array }) {
    withHat('three', () => {
      parentPort?.postMessage('in')
      Atomics.wait(phase, 0, 0)
    })
    parentPort?.on('message', () => {}).postMessage(getcon().label)
  },
  waitsByHand({ phase }: { phase: Int32Array }) {
    const token = changeHat('three')
    parentPort?.postMessage('in')
    Atomics.wait(phase, 0, 0)
    leaveHat(token)
    parentPort?.on('message', () => {}).postMessage(getcon().label)
  },
  /** goes into its hat for ever */
  stays() {
    withHat('one', () => {
      parentPort?.postMessage('in')
      for (;;);
    })
  },
  /** was born in a hat */
  leaves({ token }: { token: bigint }) {
    const born = state()
    const refused = outcome(() => withHat('two', state))
    leaveHat(token)
    parentPort?.postMessage([born, refused['code'], state(), withHat('two', state)])
  },
}

const start = (role: keyof typeof roles, argument: object): Worker =>
  new Worker(new URL(import.meta.url), { workerData: { role, argument, directory } })

function enter(phase: Int32Array, number: number): void {
  Atomics.store(phase, 0, number)
  Atomics.notify(phase, 0)
}

async function said<T>(worker: Worker): Promise<T> {
  return (await once(worker, 'message'))[0] as T
}

const situations = {
  async api() {
    const unconfined = outcome(() => withHat('one', () => 'ran'))
    changeProfile(PROFILE)
    const before = state()
    const within = withHat('one', () => [...state(), getProcAttr('prev')?.label])
    const after = state()

    const thrown = outcome(() => {
      withHat('one', () => {
        throw Object.assign(new Error('its own'), { code: 'OWN' })
      })
    })
    const afterThrow = state()
    let ran = false
    const promise = outcome(() =>
      withHat('one', () => Promise.reject(new Error('unheard')) as never),
    )
    // oxlint-disable-next-line no-thenable
    const thenable = outcome(() => withHat('one', () => ({ then() {} })))
    const afterPromise = state()
    const asynchronous = outcome(() => withHat('one', (async () => void (ran = true)) as never))
    const generators = [
      outcome(() =>
        withHat('one', async function* () {
          yield 1
        } as never),
      ),
      outcome(() =>
        withHat('one', function* () {
          ran = true
          yield 1
        } as never),
      ),
      outcome(() =>
        withHat(
          'one',
          function* () {
            ran = true
            yield 1
          }.bind(null) as never,
        ),
      ),
    ]
    const afterGenerators = state()

    const nested = withHat('one', () => {
      const inner = withHat('two', () => {
        const innermost = withHat('one', state)
        return [innermost, state()]
      })
      const failed = outcome(() => withHat('none', () => 'ran'))
      const afterFailure = state()
      outcome(() => {
        withHat('two', () => {
          throw new Error()
        })
      })
      return { inner, failed, afterFailure, outer: state() }
    })
    const afterNested = state()

    const token = changeHat('one', TOKEN)
    const byHand = [token === TOKEN, ...state()]
    const unknown = outcome(() => changeHat('two'))
    const withinByHand = withHat('two', state)
    const toOther = [changeHat('two', TOKEN) === TOKEN, ...state()]
    leaveHat(TOKEN)
    const left = state()
    leaveHat(TOKEN) // outside of any hat: nothing
    const candidates = withHat(['none', 'two', 'one'], state)
    const random = [changeHat('one')]
    leaveHat(random[0]!)
    random.push(changeHat('one'))
    leaveHat(random[1]!)

    const errors = [
      outcome(() => changeHat('none', TOKEN)),
      outcome(() => changeHat(['none', 'neither'], TOKEN)),
    ]
    const shown = [
      shows(() => changeHat('none', TOKEN)),
      shows(() => changeHat(['none', 'neither'], TOKEN)),
      shows(() => changeHat('one', TOKEN + (1n << 64n))),
      shows(() => leaveHat(TOKEN << 8n), ['123456789abcdef00', String(TOKEN << 8n)]),
      shows(() => changeHat('', TOKEN)),
      shows(() => changeHat('one', Number(TOKEN) as never), [String(Number(TOKEN))]),
    ]
    const cans = [canChangeHat('one'), canChangeHat('none'), ...state()]
    const canWithin = withHat('one', () => [canChangeHat('two'), canChangeHat('none')])
    changeProfile('apparmor-test-hatless')
    const hatless = outcome(() => withHat('one', () => 'ran'))
    const canHatless = canChangeHat('one')
    return {
      unconfined,
      before,
      within,
      after,
      thrown,
      afterThrow,
      promise,
      thenable,
      afterPromise,
      asynchronous,
      generators,
      afterGenerators,
      ran,
      nested,
      afterNested,
      byHand,
      unknown,
      withinByHand,
      toOther,
      left,
      candidates,
      random: new Set(random).size,
      errors,
      shown,
      cans,
      canWithin,
      hatless,
      canHatless,
    }
  },

  async onexec() {
    changeProfile(PROFILE)
    const within = withHat('one', () => [
      outcome(() => changeOnexec('apparmor-test-hatless')),
      ...state(),
    ])
    const after = state()
    changeOnexec('apparmor-test-hatless')
    return { within, after, reverse: outcome(() => withHat('one', () => 'ran')), state: state() }
  },

  /** At a hat's end the kernel takes the thread back to the profile before. */
  async changes() {
    changeProfile(PROFILE)
    const own = withHat('three', () => [
      outcome(() => changeProfile('apparmor-test-hatless', { scope: 'thread' })),
      outcome(() => changeProfile('apparmor-test-hatless')),
      getcon().label,
    ])
    const token = changeHat('three')
    const byHand = outcome(() => changeProfile('apparmor-test-hatless'))
    leaveHat(token)
    const phase = new Int32Array(new SharedArrayBuffer(4))
    const others: unknown[] = []
    for (const role of ['waits', 'waitsByHand'] as const) {
      const worker = start(role, { phase })
      await said(worker)
      others.push(outcome(() => changeProfile('apparmor-test-hatless')))
      const left = said(worker)
      enter(phase, 1)
      others.push(await left)
      enter(phase, 0)
    }
    const after = outcome(() => changeProfile('apparmor-test-hatless'))
    const labels = new Set(getThreadCons().map(({ label }) => label))
    return { own, byHand, others, after, labels: [...labels] }
  },

  /** Termination runs no finally. */
  async terminated() {
    changeProfile(PROFILE)
    const loop = `withHat('one', () => { for (;;); })`
    const end = () => outcome(() => runInNewContext(loop, { withHat }, { timeout: 100 }))['code']
    const codes = [end(), end()]
    const after = state()
    const nested = withHat('two', () => [end(), ...state()])
    const afterNested = state()
    // What goes on behind the end is not ended.
    const trace: string[] = []
    const past = `try { withHat('one', () => { for (;;); }) } catch { trace.push('caught') } trace.push('past')`
    const traced = outcome(() => runInNewContext(past, { withHat, trace }, { timeout: 100 }))[
      'code'
    ]
    const token = changeHat('two')
    const byHand = [end(), ...state()]
    leaveHat(token)
    const worker = start('stays', {})
    await said(worker)
    const during = getThreadCons().map(({ label }) => label)
    await worker.terminate()
    const labels = new Set(getThreadCons().map(({ label }) => label))
    return {
      codes,
      traced,
      trace,
      after,
      nested,
      afterNested,
      byHand,
      left: state(),
      during,
      labels: [...labels],
    }
  },

  /** Two copies of the package in one process. */
  async copies(copy: string) {
    const other = (await import(copy)) as Pick<
      typeof import('apparmor'),
      'changeHat' | 'leaveHat' | 'withHat'
    >
    changeProfile(PROFILE)
    const alone = [withHat('one', state), other.withHat('two', state), state()]
    const nested = withHat('one', () => {
      const inner = other.withHat('two', () => [withHat('one', state), state()])
      return [...inner, state()]
    })
    const reverse = other.withHat('one', () => [withHat('two', state), state()])
    const between = state()
    const token = changeHat('one')
    const refused = outcome(() => other.changeHat('two'))
    const byHand = [other.withHat('two', state), state()]
    other.leaveHat(token)
    const again = other.changeHat('two')
    const other_ = [state(), withHat('one', state)]
    leaveHat(again)
    return { alone, nested, reverse, between, refused, byHand, other: other_, after: state() }
  },

  /** A hat has to be left when no descriptor is free, and when its own was closed. */
  async descriptors() {
    changeProfile(PROFILE)
    const open: number[] = []
    withHat('one', () => {
      try {
        while (true) open.push(fs.openSync('/dev/null', 'r'))
      } catch {
        // none is left
      }
    })
    for (const fd of open) fs.closeSync(fd)
    const after = state()
    const file = join(directory, 'victim')
    fs.writeFileSync(file, 'intact')
    const fds = withHat('one', () => {
      for (const name of fs.readdirSync('/proc/self/fd')) {
        const link = outcome(() => fs.readlinkSync(`/proc/self/fd/${name}`))['ok']
        if (String(link).includes('/attr/')) fs.closeSync(Number(name))
      }
      return Array.from({ length: 8 }, () => fs.openSync(file, 'r+'))
    })
    for (const fd of fds) fs.closeSync(fd)
    return { opened: open.length, after, again: state(), victim: fs.readFileSync(file, 'utf8') }
  },

  /** What is started in a hat inherits it. */
  async inherits() {
    changeProfile(PROFILE)
    const token = changeHat('one')
    const { stdout } = spawnSync('cat', ['/proc/self/attr/current', join(directory, 'one')], {
      encoding: 'utf8',
    })
    const worker = start('leaves', { token })
    leaveHat(token)
    const born = await said(worker)
    return { child: stdout, born, state: state(), prev: getProcAttr('prev') }
  },

  async wrong() {
    changeProfile(PROFILE)
    changeHat('one', TOKEN)
    fs.writeSync(1, `${JSON.stringify(state())}\n`)
    leaveHat(TOKEN + 1n)
    return 'not killed'
  },

  async wrongOther() {
    changeProfile(PROFILE)
    changeHat('one', TOKEN)
    fs.writeSync(1, `${JSON.stringify(state())}\n`)
    changeHat('two', TOKEN + 1n)
    return 'not killed'
  },

  /** The token 0 is no way back. */
  async zero() {
    changeProfile(PROFILE)
    const token = changeHat('one', 0n)
    const refused = outcome(() => leaveHat(0n))
    fs.writeSync(1, `${JSON.stringify([token === 0n, refused['code'], ...state()])}\n`)
    leaveHat(1n)
    return 'not killed'
  },

  async http() {
    changeProfile(PROFILE)
    const server = createServer((_, response) => {
      fs.readFile(join(directory, 'one'), (error, text) => {
        response.end(error ? codeOf(error) : `${text} ${read(join(directory, 'two'))}`)
      })
    })
    server.keepAliveTimeout = 60_000 // or it closes what a slow client is about to use again
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const phase = new Int32Array(new SharedArrayBuffer(4))
    const worker = start('alternates', { hat: 'one', phase })
    await said(worker)
    const result = said(worker)
    enter(phase, 1)
    const answers = new Map<string, number>()
    for (let i = 0; i < 20; i++) {
      const text = await (await fetch(`http://127.0.0.1:${port}`)).text()
      answers.set(text, (answers.get(text) ?? 0) + 1)
    }
    enter(phase, 2)
    return { worker: await result, answers: [...answers], label: state() }
  },

  async crowd(count: string) {
    changeProfile(PROFILE)
    const phase = new Int32Array(new SharedArrayBuffer(4))
    const workers = Array.from({ length: Number(count) }, (_, i) => {
      return start('alternates', { hat: i % 2 ? 'one' : 'two', phase })
    })
    await Promise.all(workers.map(said))
    const results = workers.map(said)
    enter(phase, 2)
    return { results: await Promise.all(results), threads: getThreadCons() }
  },
}

if (isMainThread) {
  const [situation, , argument] = process.argv.slice(2) as [keyof typeof situations, string, never]
  report(await situations[situation](argument))
} else {
  roles[workerData.role as keyof typeof roles](workerData.argument as never)
}
