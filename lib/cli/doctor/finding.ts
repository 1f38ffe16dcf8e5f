import { fs } from '../../border/node.ts'

/** What a check has to say. */
export interface Finding {
  readonly check: string
  /** `note`: no fault, but it explains what one may wonder at */
  readonly state: 'ok' | 'note' | 'problem'
  readonly seen: string
  readonly means: string | null
  readonly remedy: string | null
}

export const ok = (check: string, seen: string): Finding => ({
  check,
  state: 'ok',
  seen,
  means: null,
  remedy: null,
})

export const note = (
  check: string,
  seen: string,
  means: string,
  remedy: string | null = null,
): Finding => ({
  check,
  state: 'note',
  seen,
  means,
  remedy,
})

export const problem = (
  check: string,
  seen: string,
  means: string,
  remedy: string | null,
): Finding => ({
  check,
  state: 'problem',
  seen,
  means,
  remedy,
})

/** A file of the kernel's, `null` when it is not there or may not be read. */
export function readFile(path: string): string | null {
  try {
    return fs.readFileSync(path, 'utf8').trim()
  } catch {
    return null
  }
}

/** A field of /proc/PID/status. */
export const statusField = (pid: number | 'self', name: string): string | undefined =>
  new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(readFile(`/proc/${pid}/status`) ?? '')?.[1]
