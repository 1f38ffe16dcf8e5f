/**
 * The kernel's ring. Rests on Documentation/ABI/testing/dev-kmsg: each read gives one record, EPIPE tells once that
 * some were overwritten, EAGAIN that there is no more.
 */
import { fs } from '../../border/node.ts'
import { lost } from '../loss.ts'
import type { LostRecord } from '../record.ts'
import { BATCH, codeOf, unreadable, type Source } from './source.ts'

const PATH = '/dev/kmsg'
const { O_RDONLY, O_NONBLOCK } = fs.constants

export class KmsgSource implements Source {
  readonly name = 'kmsg'
  readonly way = 'kernel'
  readonly #fd: number
  readonly #buffer = Buffer.allocUnsafe(16384)
  more = false
  #sequence: number | undefined
  #overrun = false
  #past: Past | null = null

  /** @param since from when on, of what is in the ring already; otherwise nothing of that */
  constructor(since: Date | undefined) {
    try {
      this.#fd = fs.openSync(PATH, O_RDONLY | O_NONBLOCK)
    } catch (error) {
      throw unreadable(PATH, error)
    }
    if (since === undefined) this.#skipAll()
    else this.#past = new Past(since.getTime())
  }

  read(): readonly (string | LostRecord)[] {
    const items: (string | LostRecord)[] = []
    this.more = true
    for (let i = 0; i < BATCH; i++) {
      const record = this.#next()
      if (record === null) {
        this.more = false
        break
      }
      const loss = this.#note(record)
      if (loss) items.push(loss)
      // Facility 0 is the kernel: what programs write into the ring is no record.
      if (Number.parseInt(record, 10) < 8) items.push(record)
    }
    return this.#past === null ? items : this.#withoutPast(this.#past, items)
  }

  #withoutPast(
    past: Past,
    items: readonly (string | LostRecord)[],
  ): readonly (string | LostRecord)[] {
    const left = items.flatMap((item) => past.take(item))
    if (this.more) return left
    this.#past = null
    return [...left, ...past.rest()]
  }

  close(): void {
    fs.closeSync(this.#fd)
  }

  // The device is not one to seek in by Node's means: what is there is read and forgotten.
  #skipAll(): void {
    for (let record = this.#next(); record !== null; record = this.#next()) this.#note(record)
    this.#overrun = false
  }

  #next(): string | null {
    for (;;) {
      try {
        const text = this.#buffer.toString('latin1', 0, fs.readSync(this.#fd, this.#buffer))
        return text.slice(0, text.indexOf('\n')) // behind it are properties of a device
      } catch (error) {
        const code = codeOf(error)
        if (code === 'EAGAIN') return null
        if (code === 'EPIPE') this.#overrun = true
        else if (code !== 'EINTR') throw unreadable(PATH, error)
      }
    }
  }

  #note(record: string): LostRecord | null {
    const sequence = Number(record.slice(record.indexOf(',') + 1).split(',', 1)[0])
    const before = this.#sequence
    this.#sequence = sequence
    if (!this.#overrun) return null
    this.#overrun = false
    return lost('overrun', before === undefined ? null : sequence - before - 1)
  }
}

const AUDIT_TIME = /;audit: type=\d+ audit\((\d{1,12})\.(\d{3}):/

/**
 * What of the ring's content is too old. A record has its own time, but a loss has not: it is of the time of the records
 * around it. The ring's own clock goes astray on machines that run for long.
 */
class Past {
  readonly #since: number
  #undecided: (string | LostRecord)[] = []
  #over = false

  constructor(since: number) {
    this.#since = since
  }

  /** What of this, and of what came before, is recent enough. */
  take(item: string | LostRecord): readonly (string | LostRecord)[] {
    if (this.#over) return [item]
    const [, seconds, fraction] = (typeof item === 'string' && AUDIT_TIME.exec(item)) || []
    if (seconds === undefined) {
      this.#undecided.push(item)
      return []
    }
    this.#over = Number(seconds) * 1000 + Number(fraction) >= this.#since
    if (this.#over) return [...this.rest(), item]
    // It is kept for its serial number: a gap behind it may be a recent one.
    this.#undecided = [item]
    return []
  }

  rest(): readonly (string | LostRecord)[] {
    return this.#undecided.splice(0)
  }
}
