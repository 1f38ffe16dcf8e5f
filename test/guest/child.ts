// A program for the tests to confine. It does the steps that its argument lists, and reports each by a
// line of JSON: { "ok": value } or { "error": … }. test/support/child.ts starts it.
import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { callExample } from '../support/calls.ts'

export type Step =
  /** a function of the package */
  | readonly ['call', name: string, ...args: readonly unknown[]]
  /** the same with the arguments of test/support/calls.ts */
  | readonly ['example', name: string]
  /** on this thread, and on one of libuv's */
  | readonly ['read' | 'readAsync', path: string]
  | readonly ['write', path: string, text: string]
  | readonly ['spawn', file: string, ...args: readonly string[]]
  /** in a Worker, which lives on; gives the outcome of each of its steps */
  | readonly ['worker', steps: readonly Step[]]
  /** a file that is then open, and what is in it from where the last reading ended */
  | readonly ['open', path: string]
  | readonly ['readOpened', length: number]
  /** opens files until there is no descriptor left */
  | readonly ['exhaust']
  | readonly ['setuid', uid: number]
  /** before the first call: what process.platform says, and the package's main file */
  | readonly ['platform', name: string]
  | readonly ['package', url: string]

export type Outcome =
  | { readonly ok: unknown; readonly error?: undefined }
  | { readonly error: Failure; readonly ok?: undefined }

export interface Failure {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly errno?: number
  readonly syscall?: string
  readonly profile?: string
  readonly path?: string
  readonly pid?: number
}

let packageUrl = 'apparmor'
let opened = -1

async function perform(step: Step): Promise<unknown> {
  switch (step[0]) {
    case 'call': {
      const [, name, ...args] = step
      const functions = (await import(packageUrl)) as Record<string, Function>
      return functions[name]?.(...args)
    }
    case 'example':
      return callExample(await import(packageUrl), step[1])
    case 'read':
      return fs.readFileSync(step[1], 'utf8')
    case 'readAsync':
      return fs.promises.readFile(step[1], 'utf8')
    case 'write':
      return fs.writeFileSync(step[1], step[2])
    case 'spawn': {
      const [, file, ...args] = step
      const { error, status, signal, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' })
      if (error) throw error
      return { status, signal, stdout, stderr }
    }
    case 'worker': {
      const worker = new Worker(new URL(import.meta.url), { workerData: step[1] })
      const [outcomes] = await once(worker, 'message')
      return outcomes
    }
    case 'open':
      return void (opened = fs.openSync(step[1], 'r'))
    case 'readOpened': {
      const buffer = Buffer.alloc(step[1])
      return buffer.toString('utf8', 0, fs.readSync(opened, buffer))
    }
    case 'exhaust':
      while (true) fs.openSync('/dev/null', 'r')
    case 'setuid':
      return process.setuid?.(step[1])
    case 'platform':
      return void Object.defineProperty(process, 'platform', { value: step[1] })
    case 'package':
      return void (packageUrl = step[1])
  }
}

async function attempt(step: Step): Promise<Outcome> {
  try {
    return { ok: (await perform(step)) ?? null }
  } catch (error) {
    const { name, message, ...rest } = error as Error
    return { error: { ...rest, name, message } }
  }
}

if (isMainThread) {
  for (const step of JSON.parse(process.argv[2] ?? '') as readonly Step[]) {
    fs.writeSync(1, `${JSON.stringify(await attempt(step))}\n`)
  }
  process.exit() // ends the Workers too
} else {
  const outcomes: Outcome[] = []
  for (const step of workerData as readonly Step[]) outcomes.push(await attempt(step))
  parentPort?.on('message', () => {}) // keeps this thread
  parentPort?.postMessage(outcomes)
}
