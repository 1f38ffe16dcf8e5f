// Confines itself while its threads do what threads of a Node program do, and reports what each could
// read before and after.
import { spawnSync } from 'node:child_process'
import { pbkdf2, pbkdf2Sync } from 'node:crypto'
import { createSocket, type RemoteInfo } from 'node:dgram'
import * as dns from 'node:dns/promises'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { createServer, get, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { gunzipSync, gzip } from 'node:zlib'
import { changeProfile, getThreadCons } from 'apparmor'
import { codeOf, read, readAsync, report, statuses } from './look.ts'

const ACTIVITIES = ['computes', 'waits', 'sync', 'async', 'spawns'] as const
type Activity = (typeof ACTIVITIES)[number]

interface Task {
  readonly activity: Activity
  /** 0 before the activity begins, 1 while it goes on, 2 after the change */
  readonly phase: Int32Array
  readonly dir: string
}

const look = async (dir: string) => ({
  sync: read(join(dir, 'denied')),
  async: await readAsync(join(dir, 'denied')),
  neighbour: [read(join(dir, 'allowed')), await readAsync(join(dir, 'allowed'))],
})

const cat = (file: string): string => {
  const { status, stdout } = spawnSync('cat', [file], { encoding: 'utf8' })
  return status === 0 ? stdout : `status ${status}`
}

// ---- a Worker -------------------------------------------------------------------------------------

async function act({ activity, phase, dir }: Task): Promise<readonly string[]> {
  const isOver = () => Atomics.load(phase, 0) === 2
  const errors: string[] = []
  const check = (text: string) => text === 'allowed' || errors.push(text)
  switch (activity) {
    case 'computes':
      while (!isOver());
      break
    case 'waits':
      while (!isOver()) Atomics.wait(phase, 0, 1)
      break
    case 'sync':
      while (!isOver()) check(read(join(dir, 'allowed')))
      break
    case 'async':
      for (; !isOver(); await sleep(1)) check(await readAsync(join(dir, 'allowed')))
      break
    case 'spawns':
      while (!isOver()) check(cat(join(dir, 'allowed')))
  }
  return errors
}

async function runWorker(task: Task): Promise<void> {
  const { activity, phase, dir } = task
  const before = await look(dir)
  const child = activity === 'spawns' ? [cat(join(dir, 'denied'))] : []
  parentPort?.postMessage('ready')
  Atomics.wait(phase, 0, 0)
  const errors = await act(task)
  const after = await look(dir)
  if (activity === 'spawns') child.push(cat(join(dir, 'denied')), cat(join(dir, 'allowed')))
  parentPort?.postMessage({ activity, before, after, errors, child })
}

// ---- the main thread ------------------------------------------------------------------------------

/** The name server of this program's resolv.conf. It answers only when told to: 192.0.2.1, to anything. */
async function startNameServer() {
  const socket = createSocket('udp4')
  const questions: [Buffer, RemoteInfo][] = []
  socket.on('message', (message, from) => questions.push([message, from]))
  socket.bind(53, '127.0.0.1')
  await once(socket, 'listening')
  const answer = (question: Buffer, { port, address }: RemoteInfo) => {
    const record = Buffer.from('c00c000100010000003c0004c0000201', 'hex')
    const message = Buffer.concat([question, record])
    message.writeUInt16BE(0x8180, 2)
    message.writeUInt16BE(1, 6)
    socket.send(message, port, address)
  }
  return {
    asked: async () => {
      while (questions.length === 0) await sleep(5)
    },
    answer: () => {
      for (const [question, from] of questions) answer(question, from)
      socket.removeAllListeners('message').on('message', answer)
    },
  }
}

const lookup = (name: string) =>
  dns.lookup(name, { family: 4 }).then(({ address }) => address, codeOf)

async function startHttp() {
  const held: ServerResponse[] = []
  const server = createServer((_, response) => void held.push(response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const request = new Promise<string>((resolve) => {
    get({ port, host: '127.0.0.1' }, (response) => {
      response.setEncoding('utf8').once('data', resolve)
    }).once('error', (error) => resolve(codeOf(error)))
  })
  while (held.length === 0) await sleep(5)
  return { request, answer: () => held[0]?.end('served') }
}

async function main(dir: string) {
  const file = (name: string) => join(dir, name)
  const phase = new Int32Array(new SharedArrayBuffer(4))
  const enter = (number: number) => {
    Atomics.store(phase, 0, number)
    Atomics.notify(phase, 0)
  }
  const workers = ACTIVITIES.map((activity) => {
    return new Worker(new URL(import.meta.url), { workerData: { activity, phase, dir } })
  })
  const names = await startNameServer()
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  const reports = workers.map(async (worker) => (await once(worker, 'message'))[0] as unknown)
  const before = { ...(await look(dir)), hosts: await lookup('in-hosts.test') }

  // Two that block, in read and in open, and one in getaddrinfo.
  const fifo = await fs.promises.open(file('fifo'), 'r+')
  const pipe = fifo.read(Buffer.alloc(100), 0, 100)
  const opened = fs.promises.readFile(file('fifo2'), 'utf8')
  const looked = lookup('by-server.test')
  await names.asked()
  const http = await startHttp()
  const text = Buffer.alloc(1 << 20, 'text')
  const zipped = promisify(gzip)(text)
  const key = promisify(pbkdf2)('password', 'salt', 20_000, 32, 'sha256')
  let fired = 0
  const timers = Array.from({ length: 20 }, (_, ms) => sleep(ms).then(() => fired++))
  const interval = setInterval(() => fired++, 2)
  enter(1)
  await sleep(50)

  const result = changeProfile('apparmor-test-process')
  const threads = getThreadCons()

  enter(2)
  names.answer()
  const after = { ...(await look(dir)), hosts: await lookup('in-hosts.test') }
  fs.writeSync(fifo.fd, 'read')
  fs.writeFileSync(file('fifo2'), 'opened')
  http.answer()
  await Promise.all(timers)
  const ticks = fired - timers.length
  while (fired - timers.length < ticks + 3) await sleep(1)
  clearInterval(interval)
  const derived = (await key).equals(pbkdf2Sync('password', 'salt', 20_000, 32, 'sha256'))
  const blocked = [
    (await pipe).buffer.toString('utf8', 0, (await pipe).bytesRead),
    await opened,
    await looked,
  ]
  // The inspector's thread is told by its mask: it blocks all that libc lets it block.
  const blocking = statuses('SigBlk').filter(({ value }) => value.startsWith('fffffffe'))
  report({
    result,
    threads,
    before,
    after,
    blocked,
    timers: fired >= timers.length + 3,
    served: await http.request,
    zipped: gunzipSync(await zipped).equals(text),
    derived,
    inspectors: blocking.map(({ tid }) => threads.find((thread) => thread.tid === tid)?.label),
    workers: await Promise.all(reports),
  })
}

if (isMainThread) {
  await main(process.argv[2] ?? '').catch((error: unknown) => {
    fs.writeSync(2, `${String(error)}\n`)
    process.kill(process.pid, 'SIGKILL') // an exit would wait for the threads that block
  })
} else await runWorker(workerData as Task)
