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
  readonly #fd: number
  readonly #buffer = Buffer.allocUnsafe(16384)
  more = false
  #sequence: number | undefined
  #overrun = false

  /** @param history whether to begin with what is in the ring already */
  constructor(history: boolean) {
    try {
      this.#fd = fs.openSync(PATH, O_RDONLY | O_NONBLOCK)
    } catch (error) {
      throw unreadable(PATH, error)
    }
    if (!history) this.#skipAll()
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
    return items
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
