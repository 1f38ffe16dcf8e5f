// A program that changes its profile as a whole, in one of several situations, and reports what came of it.
//
//   process.js SITUATION DIRECTORY
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type * as apparmor from 'apparmor'
import { codeOf, outcome, read, readAsync, report, statuses } from './look.ts'

const PROFILE = 'apparmor-test-process'
const NEXT = `${PROFILE}-next`

const directory = isMainThread ? (process.argv[3] ?? '') : (workerData.directory as string)
const file = (name: string): string => join(directory, name)
const load = (): Promise<typeof apparmor> => import('apparmor')

// ---- Workers --------------------------------------------------------------------------------------

const roles = {
  /** changes the profile and ends */
  async changes(profile: string) {
    const { changeProfile } = await load()
    parentPort?.postMessage(outcome(() => changeProfile(profile)))
  },
  /** changes it to and fro */
  async alternates(times: number) {
    const { changeProfile } = await load()
    parentPort?.postMessage('ready')
    await once(parentPort!, 'message')
    const failures: unknown[] = []
    for (let i = 0; i < times; i++) {
      const profile = i % 2 ? PROFILE : NEXT
      const { ok, ...failure } = outcome(() => {
        return changeProfile(profile, { onPartial: 'throw', timeout: 20_000 })
      })
      if ((ok as { label?: string } | undefined)?.label !== profile) failures.push(ok ?? failure)
    }
    parentPort?.postMessage(failures)
  },
  /** waits for a word, and then reads */
  async reads() {
    parentPort?.postMessage('ready')
    await once(parentPort!, 'message')
    parentPort?.postMessage([read(file('denied')), read(file('allowed'))])
  },
  async ends() {
    fs.readFileSync(file('allowed'))
  },
}

type Role = keyof typeof roles

const start = (role: Role, argument?: unknown): Worker =>
  new Worker(new URL(import.meta.url), { workerData: { role, argument, directory } })

async function said(worker: Worker): Promise<unknown> {
  return (await once(worker, 'message'))[0]
}

// ---- the main thread ------------------------------------------------------------------------------

/** The effective uid of every thread, each once. */
const uids = (): string[] => [
  ...new Set(statuses('Uid').map(({ value }) => value.split('\t')[1] ?? '')),
]

function seteuid(uid: number): string[] {
  process.seteuid?.(uid)
  const seen = uids()
  process.seteuid?.(0)
  return seen
}

/** Does something meanwhile, again and again, and counts it. */
function meanwhile(act: () => Promise<void>): { stop: () => Promise<unknown> } {
  let go = true
  let times = 0
  const failures: string[] = []
  const done = (async () => {
    while (go) {
      await act().catch((error) => failures.push(`${error} ${codeOf(error.cause ?? error)}`))
      times++
      await sleep(2)
    }
  })()
  return {
    async stop() {
      go = false
      await done
      return { times, failures }
    },
  }
}

async function startServer(): Promise<number> {
  const server = createServer((_, response) => {
    fs.readFile(file('allowed'), (error, text) => response.end(error ? codeOf(error) : text))
  })
  server.keepAliveTimeout = 60_000 // or it closes what a slow client is about to use again
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const situations = {
  /** The main thread waits without its event loop, and does not even load the addon. */
  async worker() {
    const first = start('changes', PROFILE)
    const changed = said(first)
    const exited = once(first, 'exit')
    const result = await changed
    await exited
    await sleep(50) // until the kernel, too, has forgotten the thread
    const reads = [read(file('denied')), await readAsync(file('denied')), read(file('allowed'))]
    const mapped = /\/apparmor\.(\w+\.)?node/.test(read('/proc/self/maps'))
    const uid = seteuid(65534)
    const second = start('changes', NEXT)
    const again = await said(second)
    await once(second, 'exit')
    await sleep(50)
    const uidAgain = seteuid(65534)
    const { changeProfile, getThreadCons } = await load()
    const own = outcome(() => changeProfile(PROFILE))
    return { result, reads, mapped, uid, again, uidAgain, own, threads: getThreadCons() }
  },

  async many(count: string) {
    const { changeProfile, getThreadCons } = await load()
    const workers = Array.from({ length: Number(count) }, () => start('reads'))
    await Promise.all(workers.map(said))
    const result = changeProfile(PROFILE)
    const threads = getThreadCons()
    const answers = workers.map(said)
    for (const worker of workers) worker.postMessage('read')
    return { result, threads, answers: await Promise.all(answers) }
  },

  /** The pool is as large as UV_THREADPOOL_SIZE says. */
  async crowd(size: string) {
    const { changeProfile, getThreadCons } = await load()
    const all = (name: string): Promise<string[]> =>
      Promise.all(Array.from({ length: Number(size) * 2 }, () => readAsync(file(name))))
    const before = await all('denied')
    const result = changeProfile(PROFILE, { timeout: 60_000 })
    const [after, neighbour] = [await all('denied'), await all('allowed')]
    const once = (texts: readonly string[]): string[] => [...new Set(texts)]
    const reads = [before, after, neighbour].map(once)
    return { result, reads, threads: getThreadCons() }
  },

  /** Two Workers change it at once, over and over; others come and go, and uids are set. */
  async churn() {
    const { changeProfile, getThreadCons } = await load()
    const port = await startServer()
    const changers = [start('alternates', 5), start('alternates', 5)]
    await Promise.all(changers.map(said))
    const loads = {
      workers: meanwhile(async () => {
        const [ended, terminated] = [start('ends'), start('reads')]
        await Promise.all([once(ended, 'exit'), once(terminated, 'online')])
        await terminated.terminate()
      }),
      http: meanwhile(async () => {
        const text = await (await fetch(`http://127.0.0.1:${port}`)).text()
        if (text !== 'allowed') throw new Error(text)
      }),
      files: meanwhile(async () => {
        if ((await readAsync(file('allowed'))) !== 'allowed') throw new Error('not read')
      }),
      uids: meanwhile(async () => {
        const seen = seteuid(65534)
        if (seen.join() !== '65534') throw new Error(seen.join())
      }),
      timers: meanwhile(() => sleep(1)),
    }
    changeProfile(PROFILE)
    const changes = changers.map(said)
    for (const changer of changers) changer.postMessage('go')
    const failures = (await Promise.all(changes)) as unknown[]
    const counts: Record<string, unknown> = {}
    for (const [name, load] of Object.entries(loads)) counts[name] = await load.stop()
    changeProfile(PROFILE)
    return { failures: failures.flat(), counts, threads: getThreadCons() }
  },

  async uids() {
    const { changeProfile, getThreadCons } = await load()
    const warnings: unknown[] = []
    process.on('warning', ({ name, code }: Error & { code?: string }) =>
      warnings.push([name, code]),
    )
    const before = seteuid(65534)
    changeProfile(PROFILE)
    const after = seteuid(65534)
    await sleep(1)
    const warned = warnings.length
    changeProfile(`${PROFILE}-mute`)
    await sleep(1)
    const mute = seteuid(65534)
    const refused = outcome(() => changeProfile(PROFILE))
    return { before, after, warned, mute, warnings, refused, threads: getThreadCons() }
  },

  async dropped() {
    const { changeProfile, getThreadCons } = await load()
    process.setgroups?.([])
    process.setgid?.(65534)
    process.setuid?.(65534)
    const result = outcome(() => changeProfile(PROFILE))
    const reads = [read(file('denied')), await readAsync(file('denied')), read(file('allowed'))]
    return { result, reads, uids: uids(), threads: getThreadCons() }
  },

  /** A tracer holds one of the threads. */
  async stuck() {
    const { changeProfile, getThreadCons } = await load()
    const { tid } = getThreadCons().at(-1)!
    const ptrace = { x64: 101, arm64: 117 }[process.arch as 'x64' | 'arm64']
    const script = `
      syscall(${ptrace}, 0x4206, ${tid}, 0, 0) == 0 && syscall(${ptrace}, 0x4207, ${tid}, 0, 0) == 0 or die $!;
      syswrite STDOUT, "held"; sysread STDIN, $_, 1`
    const tracer = spawn('perl', ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
    await once(tracer.stdout, 'data')
    while (!/ t /.test(read(`/proc/self/task/${tid}/stat`))) await sleep(1)
    const started = performance.now()
    const refused = outcome(() => changeProfile(PROFILE, { timeout: 200 }))
    const took = performance.now() - started
    const held = getThreadCons()
    tracer.kill('SIGKILL')
    await once(tracer, 'close')
    await sleep(20)
    const released = getThreadCons()
    const result = changeProfile(PROFILE)
    return { refused, took, held, released, result, threads: getThreadCons() }
  },

  async ring() {
    const { changeProfile, getThreadCons } = await load()
    const refused = outcome(() => changeProfile(PROFILE))
    const names = fs
      .readdirSync('/proc/self/task')
      .map((tid) => read(`/proc/self/task/${tid}/comm`))
    return { refused, names, threads: getThreadCons(), reads: await readAsync(file('denied')) }
  },

  async descriptors() {
    const { changeProfile, getThreadCons } = await load()
    const open: number[] = []
    try {
      while (true) open.push(fs.openSync('/dev/null', 'r'))
    } catch (error) {
      if (codeOf(error) !== 'EMFILE') throw error
    }
    const result = outcome(() => changeProfile(PROFILE))
    const some = open.splice(-10)
    for (const fd of some) fs.closeSync(fd)
    const threads = getThreadCons()
    return { result, threads, reads: [read(file('denied')), read(file('allowed'))] }
  },
}

if (isMainThread) {
  const [situation, , argument] = process.argv.slice(2) as [keyof typeof situations, string, never]
  report(await situations[situation](argument))
} else {
  const { role, argument } = workerData as { role: Role; argument: never }
  await roles[role](argument)
}
