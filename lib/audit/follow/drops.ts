/**
 * What the kernel drops before it gives it a number, by the kernel's own count (AUDIT_GET): no gap in the numbers tells
 * of it, and the ring says so now and then only.
 *
 * The count also holds numbered records: those that an audit daemon does not take in time, those of a limited rate, and
 * those that wait for a daemon in vain. Where they cannot be told apart, the count tells nothing.
 */
import { native } from '../../border/native.ts'
import { fs } from '../../border/node.ts'
import { lost } from '../loss.ts'
import type { LostRecord } from '../record.ts'

/**
 * How records reach a source: from the kernel alone, or by the audit daemon. What a daemon is not sent is missing in its
 * log by number, too.
 */
export type Way = 'kernel' | 'daemon'

interface Status {
  readonly lost: number
  /** whether all that was counted had no number */
  readonly clear: boolean
}

// In milliseconds: the kernel starts a thread for each answer.
const AFTER_RECORDS = 100
const AT_REST = 1000

export class Drops {
  /** of the source that is followed */
  way: Way = 'kernel'
  readonly #start: number
  #last: Status
  #total = 0
  #told = 0
  #waiting: { readonly total: number; readonly at: number } | null = null
  #next = 0

  /** `null` where the kernel's count may not be read: it takes CAP_AUDIT_CONTROL. */
  static open(): Drops | null {
    try {
      return new Drops(statusNow())
    } catch {
      return null
    }
  }

  private constructor(status: Status) {
    this.#last = status
    this.#start = status.lost
  }

  /** Whether this tells of a loss that the kernel's messages tell of. @param total what they say the count is */
  tells(total: number | undefined): boolean {
    if (total !== undefined && total <= this.#start) return false // before this began
    return this.way === 'daemon' || this.#last.clear
  }

  /**
   * Call it when all is read that is there.
   *
   * @param busy whether there were records since the last call
   * @param missing how many numbers never came since the beginning
   * @param newest the time of the newest record
   */
  take(busy: boolean, missing: number, newest: number): LostRecord | null {
    if (busy) this.#next = Math.min(this.#next, performance.now() + AFTER_RECORDS)
    if (performance.now() >= this.#next) this.#look()
    return this.way === 'kernel' ? this.#tell(this.#total) : this.#settle(missing, newest)
  }

  #look(): void {
    this.#next = performance.now() + AT_REST
    let now: Status
    try {
      now = statusNow()
    } catch {
      return // no answer in time, or no right to it any more
    }
    // Somebody may set the count back to 0.
    const more = now.lost < this.#last.lost ? now.lost : now.lost - this.#last.lost
    if (this.way === 'daemon' || (now.clear && this.#last.clear)) this.#total += more
    this.#last = now
    this.#waiting ??= { total: this.#total, at: Date.now() }
  }

  // The numbers that are missing are known up to the newest record, so the count has to be older than that.
  #settle(missing: number, newest: number): LostRecord | null {
    if (this.#waiting === null || newest <= this.#waiting.at) return null
    const { total } = this.#waiting
    this.#waiting = null
    return this.#tell(total - missing)
  }

  #tell(total: number): LostRecord | null {
    const more = total - this.#told
    if (more <= 0) return null
    this.#told = total
    return lost('backlog', more)
  }
}

function statusNow(): Status {
  const [count, rateLimit, daemon] = native().auditStatus()
  return { lost: count, clear: rateLimit === 0 && !daemon && !keepsForDaemon() }
}

// With audit=1 the kernel keeps records for a daemon to come, and counts as lost what does not fit, though it prints it.
let kept: boolean | undefined
function keepsForDaemon(): boolean {
  return (kept ??= /(?:^|\s)audit=(?!(?:0|off)(?:\s|$))/i.test(
    fs.readFileSync('/proc/cmdline', 'latin1'),
  ))
}
