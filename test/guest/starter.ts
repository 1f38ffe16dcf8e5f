// Starts many children, confined and not, one after the other and at once, and tells which of them did
// not run as asked. As a Worker it does so for its workerData.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { spawn, spawnSync } from 'apparmor/child_process'

export interface Amount {
  readonly inSequence: number
  readonly atOnce: number
}

const CHILD = 'apparmor-test-child'
const OTHER = 'apparmor-test-target'
const KINDS = [
  { options: { profile: CHILD }, label: `${CHILD} (enforce)` },
  { options: {}, label: 'unconfined' },
  { options: { profile: OTHER }, label: `${OTHER} (enforce)` },
  { options: { profile: 'apparmor-test-missing' }, label: 'ENOENT' },
] as const

// A shell's own command: one process for each child.
const COMMAND = ['-c', 'read -r label < /proc/self/attr/current; echo "$label"']

async function inSequence(index: number): Promise<string> {
  const { options } = KINDS[index % KINDS.length]!
  try {
    if (index % 3 === 0) return await said(spawn('sh', COMMAND, options))
    return spawnSync('sh', COMMAND, { ...options, encoding: 'utf8' }).stdout.trim()
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
}

async function atOnce(index: number): Promise<string> {
  try {
    return await said(spawn('sh', COMMAND, KINDS[index % KINDS.length]!.options))
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
}

async function said(child: ChildProcess): Promise<string> {
  let text = ''
  child.stdout?.on('data', (chunk) => (text += String(chunk)))
  await once(child, 'close')
  return text.trim()
}

/** The labels that were wrong, with the number of the child. */
export async function startMany(amount: Amount): Promise<string[]> {
  const labels: string[] = []
  for (let i = 0; i < amount.inSequence; i++) labels.push(await inSequence(i))
  const others = Array.from({ length: amount.atOnce }, (_, i) => atOnce(amount.inSequence + i))
  labels.push(...(await Promise.all(others)))
  return labels.flatMap((label, i) =>
    label === KINDS[i % KINDS.length]!.label ? [] : [`${i}: ${label}`],
  )
}

if (!isMainThread) parentPort?.postMessage(await startMany(workerData as Amount))
