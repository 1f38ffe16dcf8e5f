// A program that changes its profile as a whole while something is in the way, and reports what came of it.
//
//   hostile.js SITUATION DIRECTORY [ADDON] [ARGUMENT]
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import * as apparmor from 'apparmor'
import { codeOf, outcome, read, readAsync, report, statuses } from './look.ts'

const PROFILE = 'apparmor-test-process'
const NEXT = `${PROFILE}-next`

interface Given {
  readonly directory: string
  readonly addon: string
  readonly argument: string
}
const [situation = '', directory = '', addon = '', argument = ''] = process.argv.slice(2)
const given: Given = isMainThread ? { directory, addon, argument } : workerData.given
const file = (name: string): string => join(given.directory, name)

/** What test/guest/adversary.c does; throws what the kernel has against it. */
function act(what: string, number = 0): void {
  const native = createRequire(import.meta.url)(given.addon) as {
    act(what: string, number: number): number
  }
  const result = native.act(what, number)
  if (result < 0) throw new Error(`${what}: errno ${-result}`)
}

const { changeProfile, getThreadCons } = apparmor

async function state() {
  const reads = [read(file('denied')), await readAsync(file('denied')), read(file('allowed'))]
  const threads = getThreadCons()
  return { reads, count: threads.length, labels: [...new Set(threads.map(({ label }) => label))] }
}

// ---- Workers --------------------------------------------------------------------------------------

const roles = {
  /** does something to itself, and stays */
  async stays(what: readonly [name: string, ...args: unknown[]]) {
    const [name, ...args] = what
    if (name === 'act') act(...(args as [string, number]))
    else (apparmor as unknown as Record<string, Function>)[name]?.(...args)
    parentPort?.on('message', () => {})
    parentPort?.postMessage(Number(read('/proc/thread-self/stat').split(' ')[0]))
  },
  /** has a hat on until it is told to take it off */
  async hatted(hat: string) {
    const token = apparmor.changeHat(hat)
    parentPort?.postMessage(Number(read('/proc/thread-self/stat').split(' ')[0]))
    await once(parentPort!, 'message')
    apparmor.leaveHat(token)
    parentPort?.on('message', () => {})
    parentPort?.postMessage('left')
  },
  /** changes the profile with a copy of the package, to and fro */
  async alternates({ copy, times }: { copy: string; times: number }) {
    const { changeProfile: change } = (await import(copy)) as typeof apparmor
    parentPort?.postMessage('ready')
    await once(parentPort!, 'message')
    const wrong: unknown[] = []
    for (let i = 0; i < times; i++) {
      const profile = i % 2 ? PROFILE : NEXT
      const { ok, ...failure } = outcome(() => change(profile, { timeout: 20_000 }))
      if ((ok as { label?: string } | undefined)?.label !== profile) wrong.push(ok ?? failure)
    }
    parentPort?.postMessage(wrong)
  },
}
type Role = keyof typeof roles

const start = (role: Role, what: unknown): Worker =>
  // Their own stderr: else Node makes that of the process one that does not wait.
  new Worker(new URL(import.meta.url), { workerData: { role, what, given }, stderr: true })

const said = async (worker: Worker): Promise<unknown> => (await once(worker, 'message'))[0]

const stay = (...what: [string, ...unknown[]]): Promise<unknown> => said(start('stays', what))

// ---- the main thread ------------------------------------------------------------------------------

const uids = (): string[] => [
  ...new Set(statuses('Uid').map(({ value }) => value.split('\t')[1] ?? '')),
]

function seteuid(): string[] {
  process.seteuid?.(65534)
  const seen = uids()
  process.seteuid?.(0)
  return seen
}

/** The descriptor by which the package lists the threads. */
function listOfThreads(): number {
  const name = fs.readdirSync('/proc/self/fd').find((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`) === `/proc/${process.pid}/task`
    } catch {
      return false // that of this listing
    }
  })
  return Number(name)
}

const situations: Record<string, () => Promise<unknown>> = {
  async change() {
    const result = outcome(() => changeProfile(PROFILE))
    return { result, ...(await state()) }
  },

  /** There may be no /proc to ask for the threads. */
  async blind() {
    const result = outcome(() => changeProfile(PROFILE))
    return { result, reads: [read(file('denied')), await readAsync(file('denied'))] }
  },

  /** A kernel thread ends after it was found to be one, and a thread is born that nobody has counted. */
  async birth() {
    act('birth')
    return situations['change']!()
  },

  /** The program closes the list of threads, and something else gets its number. */
  async closed() {
    const list = listOfThreads()
    fs.closeSync(list)
    const other = fs.openSync(given.argument, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY)
    const result = outcome(() => changeProfile(PROFILE))
    const kept = outcome(() => fs.fstatSync(other).isDirectory())
    return { same: other === list, kept, result, ...(await state()) }
  },

  /** A file lies over the attribute of one thread. */
  async covered() {
    const worker = await stay('getcon')
    const place = `/proc/${worker}/attr/apparmor/current`
    execFileSync('mount', ['--bind', file('plain'), place])
    const result = outcome(() => changeProfile(PROFILE))
    return { worker, result, ...(await state()) }
  },

  /** A Worker has a label of which the change is not permitted. */
  async other() {
    const [setup, change] = JSON.parse(given.argument) as [[string, ...unknown[]], [Kind, string]]
    const worker = await stay(...setup)
    const result = outcome(() => apparmor[change[0]](change[1]))
    return { worker, result, ...(await state()) }
  },

  async hat() {
    changeProfile('apparmor-test-hat')
    const wearer = start('hatted', 'one')
    const worker = await said(wearer)
    const refused = outcome(() => changeProfile('apparmor-test-hatless'))
    const before = await state()
    wearer.postMessage('leave')
    await said(wearer)
    return {
      worker,
      refused,
      before,
      result: outcome(() => changeProfile('apparmor-test-hatless')),
      after: await state(),
    }
  },

  /** Each name twice: the second time nothing is new about it. */
  async twice() {
    const changes = JSON.parse(given.argument) as [Kind, string][]
    const results = changes.flatMap(([kind, name]) =>
      [0, 1].map(() => outcome(() => apparmor[kind](name, { onPartial: 'throw' }))),
    )
    return { results, ...(await state()) }
  },

  /** So many descriptors are left. */
  async descriptors() {
    const open: number[] = []
    try {
      while (true) open.push(fs.openSync('/dev/null', 'r'))
    } catch (error) {
      if (codeOf(error) !== 'EMFILE') throw error
    }
    for (const fd of open.splice(-Number(given.argument))) fs.closeSync(fd)
    const result = outcome(() => changeProfile(PROFILE))
    for (const fd of open.splice(-20)) fs.closeSync(fd)
    const again = outcome(() => changeProfile(PROFILE))
    return { result, again, ...(await state()) }
  },

  /** The polling threads of io_uring take the names of workers. */
  async renamed() {
    const names = () =>
      fs.readdirSync('/proc/self/task').map((tid) => [tid, read(`/proc/self/task/${tid}/comm`)])
    const pollers = names().filter(([, name]) => name?.startsWith('iou-sqp'))
    for (const [tid] of pollers) fs.writeFileSync(`/proc/self/task/${tid}/comm`, 'iou-wrk-1')
    return { pollers: pollers.length, ...((await situations['change']!()) as object) }
  },

  /** Two copies of the package, and another one's handler of the signal. */
  async copies() {
    const copy = (await import(pathToFileURL(given.argument).href)) as typeof apparmor
    const labels = [PROFILE, NEXT, PROFILE, NEXT, PROFILE, NEXT].map((profile, i) => {
      const { changeProfile: change } = i % 2 ? copy : apparmor
      return outcome(() => change(profile).label)['ok']
    })
    const uid = seteuid()
    const changers = [import.meta.resolve('apparmor'), pathToFileURL(given.argument).href].map(
      (url) => start('alternates', { copy: url, times: 20 }),
    )
    await Promise.all(changers.map(said))
    for (const changer of changers) changer.postMessage('go')
    const wrong = (await Promise.all(changers.map(said))) as unknown[][]
    return { labels, uid, uidAgain: seteuid(), wrong: wrong.flat() }
  },

  async handlers() {
    const uid: unknown[] = []
    const results: unknown[] = []
    for (let i = 0; i < 12; i++) {
      results.push(outcome(() => changeProfile(i % 2 ? PROFILE : NEXT).label)['ok'])
      act('take signal', Number(given.argument))
      uid.push(seteuid())
    }
    return { results, uid, after: outcome(() => changeProfile(NEXT)), ...(await state()) }
  },

  /** One thread is refused by the kernel, though AppArmor has nothing against it. */
  async partial() {
    const stray = await stay('act', 'refuse length', `changeprofile ${PROFILE}`.length)
    const onPartial = given.argument as 'abort' | 'throw'
    const result = outcome(() => changeProfile(PROFILE, { onPartial }))
    return { pid: process.pid, stray, result, ...(await state()) }
  },

  async filtered() {
    act('answer calls', 1)
    const missing = outcome(() => changeProfile('apparmor-test-missing'))
    return { missing, ...((await situations['change']!()) as object) }
  },

  /** Goes down to where the stack ends, and tries on each step of the way back. */
  async deep() {
    // From now on the way to the kernel takes less of the stack than the way back, which is still new.
    outcome(() => changeProfile('apparmor-test-missing'))
    let tries = 0
    let result: unknown
    const attempt = (): unknown => {
      tries++
      try {
        // Nobody may change from this profile: a second time there is another error.
        return changeProfile(`${PROFILE}-stay`).label
      } catch (error) {
        return error instanceof RangeError ? undefined : codeOf(error)
      }
    }
    const dive = (): void => {
      try {
        dive()
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
      }
      result ??= attempt()
    }
    dive()
    return { tries, result }
  },
}
type Kind = 'changeProfile' | 'stackProfile'

if (isMainThread) {
  report(await situations[situation]?.())
} else {
  const { role, what } = workerData as { role: Role; what: never }
  await roles[role](what)
}
