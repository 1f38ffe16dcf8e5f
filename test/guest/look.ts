// What the programs of this directory see of themselves.
import * as fs from 'node:fs'
import { getThreadCons } from 'apparmor'

/** A file's text, or the code of the error. */
export function read(path: string): string {
  try {
    return fs.readFileSync(path, 'utf8')
  } catch (error) {
    return codeOf(error)
  }
}

/** The same on a thread of the pool. */
export function readAsync(path: string): Promise<string> {
  return fs.promises.readFile(path, 'utf8').catch(codeOf)
}

export const codeOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code ?? String(error)

/** What a call threw, as an object of its own, or what it returned. */
export function outcome(call: () => unknown): Record<string, unknown> {
  try {
    return { ok: call() ?? null }
  } catch (error) {
    const { name, message, ...rest } = error as Error
    return { ...rest, name, message }
  }
}

/** Every label that a thread has, once. */
export const labels = (): string[] => [...new Set(getThreadCons().map(({ label }) => label))]

/** A field of status, of every thread. */
export function statuses(field: string): { tid: number; value: string }[] {
  const pattern = new RegExp(`^${field}:\\s*(.*)$`, 'm')
  return fs.readdirSync('/proc/self/task').flatMap((tid) => {
    const value = pattern.exec(read(`/proc/self/task/${tid}/status`))?.[1]
    return value === undefined ? [] : [{ tid: Number(tid), value }] // it may have ended
  })
}

export function report(value: unknown): never {
  fs.writeSync(1, `${JSON.stringify(value)}\n`)
  process.exit() // ends the Workers too
}
