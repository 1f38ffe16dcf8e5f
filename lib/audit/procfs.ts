/** What /proc tells of processes, which the log names by their numbers. */
import { AppArmorError } from '../border/errors.ts'
import { fs } from '../border/node.ts'

export interface Stat {
  readonly parent: number
  /** in hundredths of a second since the machine was started: with the pid it names the process for good */
  readonly start: number
  /** it does nothing any more */
  readonly dead: boolean
}

export function statOf(pid: number): Stat | null {
  const text = read(`/proc/${pid}/stat`)
  if (text === null) return null
  // The name before it may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return {
    dead: fields[0] === 'Z' || fields[0] === 'X',
    parent: Number(fields[1]),
    start: Number(fields[19]),
  }
}

export function childrenOf(pid: number): readonly number[] {
  try {
    return fs.readdirSync(`/proc/${pid}/task`).flatMap((task) => {
      const text = read(`/proc/${pid}/task/${task}/children`) ?? ''
      return text.split(' ').filter(Boolean).map(Number)
    })
  } catch {
    return []
  }
}

export function read(path: string): string | null {
  try {
    return fs.readFileSync(path, 'latin1')
  } catch {
    return null
  }
}

/** When that was, in milliseconds since 1970. */
export const timeOf = (ticks: number): number => bootTime() + ticks * 10

function bootTime(): number {
  const uptime = Number.parseFloat(read('/proc/uptime') ?? '')
  return Date.now() - uptime * 1000
}

// The kernel's number for the initial one (PROC_PID_INIT_INO).
const INITIAL = 'pid:[4026531836]'

/**
 * The log has the numbers of the initial PID namespace.
 *
 * @throws `AppArmorError` `ERR_APPARMOR_NO_LOG` in another one
 */
export function checkPidNamespace(): void {
  if (fs.readlinkSync('/proc/self/ns/pid') === INITIAL) return
  const detail =
    'this process is in a pid namespace, and the log has the numbers of the initial one'
  throw new AppArmorError({ code: 'ERR_APPARMOR_NO_LOG', detail })
}
