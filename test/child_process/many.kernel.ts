// Runs as root under a kernel that enforces AppArmor. APPARMOR_CHILDREN is the number of children in
// sequence; a tenth of it, and eight at least, run at once.
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { startMany, type Amount } from '../guest/starter.ts'

const count = Number(process.env['APPARMOR_CHILDREN'] ?? 32)
t.setTimeout(60_000 + count * 3000)

const WORKERS = 4
const atOnce = Math.max(8, count / 10)
const amount: Amount = { inSequence: count, atOnce }
const share: Amount = { inSequence: count / WORKERS, atOnce: atOnce / WORKERS }

const descriptors = () => readdirSync('/proc/self/fd').length

/** Processes of which this one is the parent, zombies too. */
function children(): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      const stat = /^\d+$/.test(name) ? readFileSync(`/proc/${name}/stat`, 'utf8') : ''
      return stat.slice(stat.lastIndexOf(')')).split(' ')[2] === String(process.pid)
    } catch {
      return false
    }
  })
}

async function isFlat(t: Test, before: number): Promise<void> {
  for (let i = 0; i < 100 && (descriptors() > before || children().length > 0); i++) await sleep(20)
  t.ok(descriptors() <= before, 'descriptors')
  t.strictSame(children(), [], 'processes')
}

t.test('many children from the main thread', async (t) => {
  await startMany({ inSequence: 8, atOnce: 4 }) // what is loaded once is loaded now
  const before = descriptors()
  const { rss } = process.memoryUsage()
  t.strictSame(await startMany(amount), [])
  await isFlat(t, before)
  const grown = (process.memoryUsage().rss - rss) / (1 << 20)
  t.ok(grown < 24, `memory grew by ${grown.toFixed(1)} MiB`)
})

t.test('many children from four Workers and the main thread at once', async (t) => {
  const program = new URL('../guest/starter.js', import.meta.url)
  const before = descriptors()
  const workers = Array.from({ length: WORKERS }, () => new Worker(program, { workerData: share }))
  const warnings: unknown[] = []
  process.on('warning', (warning) => warnings.push(warning))
  const answers = workers.map((worker) => once(worker, 'message'))
  const exits = workers.map((worker) => once(worker, 'exit'))
  t.strictSame(await startMany(share), [])
  for (const [wrong] of await Promise.all(answers)) t.strictSame(wrong, [])
  await Promise.all(exits)
  await isFlat(t, before)
  t.strictSame(warnings, [])
})
