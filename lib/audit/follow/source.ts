/** What every source of records does for the one who follows it. */
import { errnoName } from '../../border/errno.ts'
import { AppArmorError } from '../../border/errors.ts'
import type { LostRecord } from '../record.ts'
import type { Way } from './drops.ts'

export type SourceName = 'kmsg' | 'audit' | 'journal' | 'netlink'

export interface Source {
  readonly name: SourceName
  /** how this kernel's records reach it; `undefined` for a file that may be of another machine */
  readonly way?: Way | undefined
  /** Lines that are there, in their order, and what is known to be lost between them. Does not wait. */
  read(): readonly (string | LostRecord)[]
  /** whether the last `read` ended early, though there is more: it gives at most so much at a time, and may drop all of it */
  readonly more?: boolean
  /** why it gives no more; it is closed then */
  readonly ended?: Error | undefined
  close(): void
}

/** How many lines one `read` gives at most, so that the caller's other work is not held up. */
export const BATCH = 512

/** The error for a source that cannot be read, from what `fs` has thrown. */
export function unreadable(path: string, cause: unknown, detail?: string): AppArmorError {
  const { errno: number, syscall, message } = cause as NodeJS.ErrnoException
  // zlib has numbers of its own.
  const errno = syscall === undefined ? undefined : number
  const name = errno === undefined ? message : errnoName(errno)
  return new AppArmorError({
    code: 'ERR_APPARMOR_LOG',
    path,
    detail: detail ?? name,
    ...(errno === undefined ? {} : { errno }),
    ...(syscall === undefined ? {} : { syscall }),
    cause,
  })
}

export const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code
