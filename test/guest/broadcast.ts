// The process-wide change in small, for versions of Node.js that the tests themselves do not run on: says
// "ok" and its version, or what is wrong.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { pbkdf2 } from 'node:crypto'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { changeProfile, getThreadCons } from 'apparmor'
import { labels, outcome, read, readAsync, statuses } from './look.ts'

const PROFILE = 'apparmor-test-process'

async function main(): Promise<void> {
  const dir = fs.mkdtempSync(join(tmpdir(), 'apparmor-test-'))
  const file = (name: string) => join(dir, name)
  for (const name of ['denied', 'allowed', 'next']) fs.writeFileSync(file(name), name)

  const phase = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(new URL(import.meta.url), { workerData: { dir, phase } })
  assert.deepEqual((await once(worker, 'message'))[0], ['denied', 'denied'])
  assert.deepEqual([read(file('denied')), await readAsync(file('denied'))], ['denied', 'denied'])
  const key = promisify(pbkdf2)('password', 'salt', 10_000, 32, 'sha256')

  const missing = outcome(() => changeProfile('apparmor-test-missing'))
  assert.deepEqual([missing['code'], labels()], ['ENOENT', ['unconfined']])

  const { label, threads } = changeProfile(PROFILE)
  assert.equal(label, PROFILE)
  assert.deepEqual(labels(), [PROFILE])
  assert.equal(threads, getThreadCons().length)
  assert.deepEqual([read(file('denied')), await readAsync(file('denied'))], ['EACCES', 'EACCES'])
  assert.deepEqual(
    [read(file('allowed')), await readAsync(file('allowed'))],
    ['allowed', 'allowed'],
  )
  Atomics.store(phase, 0, 1)
  Atomics.notify(phase, 0)
  assert.deepEqual((await once(worker, 'message'))[0], ['EACCES', 'EACCES', 'allowed'])
  assert.equal((await key).length, 32)
  assert.equal(execFileSync('cat', [file('allowed')], { encoding: 'utf8' }), 'allowed')
  assert.throws(() => execFileSync('cat', [file('denied')], { stdio: 'ignore' }))

  process.seteuid?.(65534)
  const uids = new Set(statuses('Uid').map(({ value }) => value.split('\t')[1]))
  process.seteuid?.(0)
  assert.deepEqual([...uids], ['65534'])
  assert.equal(changeProfile(`${PROFILE}-next`).label, `${PROFILE}-next`)
  assert.equal(read(file('next')), 'EACCES')
  fs.writeSync(1, `ok: Node ${process.version}, ${threads} threads\n`)
  process.exit()
}

async function run({ dir, phase }: { dir: string; phase: Int32Array }): Promise<void> {
  const [denied, allowed] = [join(dir, 'denied'), join(dir, 'allowed')]
  parentPort?.postMessage([read(denied), await readAsync(denied)])
  Atomics.wait(phase, 0, 0)
  parentPort?.postMessage([read(denied), await readAsync(denied), read(allowed)])
}

if (isMainThread) await main()
else await run(workerData as { dir: string; phase: Int32Array })
