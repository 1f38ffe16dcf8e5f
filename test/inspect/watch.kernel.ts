import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { watch } from 'apparmor'
import t from 'tap'
import { PACKAGE } from '../support/package.ts'

const input = 'profile apparmor-test-watched { }\n'
const load = () => execFileSync('apparmor_parser', ['-r', '-K'], { input })
const remove = () => execFileSync('apparmor_parser', ['-R', '-K'], { input })
t.teardown(() => spawnSync('apparmor_parser', ['-R', '-K'], { input }))

t.test('the revision at once, and again after each change', async (t) => {
  const revisions: number[] = []
  for await (const revision of watch({ ref: true })) {
    revisions.push(revision)
    if (revisions.length === 1) load()
    if (revisions.length === 2) remove()
    if (revisions.length === 3) break
  }
  const [first = 0] = revisions
  t.strictSame(revisions, [first, first + 1, first + 2])
})

t.test('another namespace has its own', async (t) => {
  const watching = watch({ namespace: 'apparmor-test-ns', ref: true })
  t.match(await watching.next(), { done: false, value: Number })
  await watching.return?.()
  t.match(await watching.next(), { done: true })
  await t.rejects(watch({ namespace: 'apparmor-test-none' }).next(), {
    name: 'AppArmorError',
    code: 'ENOENT',
    message: /no such policy namespace/,
  })
})

t.test('a signal ends it, also before it has begun', async (t) => {
  const stop = new AbortController()
  const watching = watch({ signal: stop.signal, ref: true })
  await watching.next()
  const next = watching.next()
  const last = watching.next()
  stop.abort(new Error('why'))
  await t.rejects(next, { name: 'AbortError', code: 'ABORT_ERR', cause: { message: 'why' } })
  t.match(await last, { done: true })
  await t.rejects(watch({ signal: AbortSignal.abort() }).next(), { name: 'AbortError' })
})

t.test('leaving ends a next() that waits', async (t) => {
  const watching = watch({ ref: true })
  await watching.next()
  const next = watching.next()
  await watching.return?.()
  t.match(await next, { done: true })
})

t.test(
  'what has ended holds no descriptor, and does not wait for the garbage collector',
  async (t) => {
    const open = (): number => readdirSync('/proc/self/fd').length
    const before = open()
    const ended: AsyncIterableIterator<number>[] = []
    for (let i = 0; i < 100; i++) {
      const watching = watch({ ref: true })
      await watching.next()
      if (i % 2) await watching.return?.()
      else await Promise.all([watching.next(), watching.return?.()])
      ended.push(watching)
    }
    for (let i = 0; i < 100 && open() > before; i++) await sleep(20)
    // Fewer is no fault: what the tests before ended may close meanwhile.
    t.ok(open() <= before, `${open()} descriptors, ${before} before`)
    t.equal(ended.length, 100)
  },
)

t.test('it does not keep the program alive, nor a Worker that is ended', async (t) => {
  const run = (source: string) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', source], { timeout: 60_000 }).status
  const start = `import { watch } from ${PACKAGE}; const w = watch(); setTimeout(() => w.next(), 100); w.next();`
  t.equal(run(start), 0)
  const kept = `import { watch } from ${PACKAGE}; const start = performance.now()
    const w = watch({ ref: true }); w.next(); setTimeout(() => w.return(), 1000).unref()
    process.on('exit', () => { process.exitCode = performance.now() - start >= 1000 ? 7 : 1 })`
  t.equal(run(kept), 7, 'when asked it does, until it is ended')
  const worker = `import { Worker } from 'node:worker_threads'
    const source = ${JSON.stringify(`${start} setInterval(() => {}, 1e6); process.stdout.write('on')`)}
    const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(source)), { stdout: true })
    await new Promise((resolve) => worker.stdout.once('data', resolve))
    await worker.terminate()`
  t.equal(run(worker), 0)
})
