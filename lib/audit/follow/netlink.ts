/**
 * The kernel's audit multicast group: every record, whether an audit daemon runs or not, and none of the limits of the
 * kernel's ring. It has no past, and exists in the initial network namespace only.
 */
import { errnoName } from '../../border/errno.ts'
import { AppArmorError } from '../../border/errors.ts'
import { native } from '../../border/native.ts'
import { fs } from '../../border/node.ts'
import { lost } from '../loss.ts'
import type { LostRecord } from '../record.ts'
import { BATCH, codeOf, unreadable, type Source } from './source.ts'

const NAME = 'the audit netlink group'

export class NetlinkSource implements Source {
  readonly name = 'netlink'
  readonly way = 'kernel'
  readonly #fd: number
  #overrun = false

  constructor() {
    try {
      this.#fd = native().openAuditGroup()
    } catch (error) {
      throw failure(error)
    }
  }

  read(): readonly (string | LostRecord)[] {
    const items: (string | LostRecord)[] = []
    while (items.length < BATCH) {
      try {
        const line = native().readAuditGroup(this.#fd)
        if (line === null) {
          // What was lost would have stood behind all that waits.
          if (this.#overrun) items.push(lost('overrun', null))
          this.#overrun = false
          break
        }
        items.push(line)
      } catch (error) {
        if (nameOf(error) !== 'ENOBUFS') throw failure(error)
        this.#overrun = true
      }
    }
    return items
  }

  close(): void {
    fs.closeSync(this.#fd)
  }
}

const nameOf = (error: unknown): string | undefined => {
  const { errno } = error as NodeJS.ErrnoException
  return errno === undefined ? codeOf(error) : errnoName(errno)
}

// What the addon is missing for is said as everywhere.
const failure = (error: unknown): unknown =>
  error instanceof AppArmorError ? error : unreadable(NAME, error)
