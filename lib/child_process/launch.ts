import { callNative } from '../border/call.ts'
import { AppArmorError } from '../border/errors.ts'
import type { Report } from '../launch/launcher.ts'

/** A launcher's end: what it has reported last; `null` when a signal has ended it before it could. */
export type Outcome = Report | null

/** What a launcher is to report on. */
export interface Channel {
  readonly fd: number
  /** by which the launcher knows it */
  readonly inode: number
  /** whether a number is one of the pipe's */
  owns(fd: unknown): boolean
}

/**
 * Starts a launcher on a report pipe, and waits until it has failed or has executed its target.
 *
 * @param start returns the launcher's process id, or 0 where others wait for it
 * @returns a negative errno when there was no descriptor left for a pipe
 */
export function launch(start: (channel: Channel) => number): Outcome | number {
  try {
    return callNative((native) =>
      native.launch((write, read, inode) => {
        const owns = (fd: unknown): boolean => fd === write || fd === read
        return start({ fd: write, inode, owns })
      }),
    )
  } catch (error) {
    if (error instanceof AppArmorError && error.syscall === 'pipe2') return error.errno ?? 0
    throw error
  }
}
