/**
 * The kernel's ring beside another source: it tells what the kernel dropped before it gave it a number, where this process
 * may read it.
 */
import type { LostRecord } from '../record.ts'
import { KmsgSource } from './kmsg.ts'
import type { Way } from './drops.ts'
import type { Source, SourceName } from './source.ts'

const BACKLOG = /;audit: (?:audit_lost=|backlog limit exceeded$|kauditd \w+ queue overflow$)/

export class BesideRing implements Source {
  readonly name: SourceName
  readonly way: Way | undefined
  readonly #source: Source
  #ring: KmsgSource | null
  #ringHasMore = false

  constructor(source: Source) {
    this.name = source.name
    this.way = source.way
    this.#source = source
    try {
      this.#ring = new KmsgSource(undefined)
    } catch {
      this.#ring = null
    }
  }

  get more(): boolean {
    return this.#source.more === true || this.#ringHasMore
  }

  get ended(): Error | undefined {
    return this.#source.ended
  }

  read(): readonly (string | LostRecord)[] {
    const items = this.#source.read()
    return items.length > 0 ? items : this.#readRing()
  }

  close(): void {
    this.#source.close()
    this.#leaveRing()
  }

  #readRing(): readonly (string | LostRecord)[] {
    try {
      const items = this.#ring?.read() ?? []
      this.#ringHasMore = this.#ring?.more === true
      return items.filter((item) => typeof item === 'string' && BACKLOG.test(item))
    } catch {
      this.#leaveRing()
      return []
    }
  }

  #leaveRing(): void {
    this.#ringHasMore = false
    this.#ring?.close()
    this.#ring = null
  }
}
