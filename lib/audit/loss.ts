/**
 * Finds out what is missing in a log: from what the kernel says (audit.c, printk.c) and from its serial numbers,
 * which count the events of one start of the machine without a gap.
 */
import { unwrap } from './parse/json.ts'
import type { LossReason, LostRecord } from './record.ts'

const SUPPRESSED =
  /(?:^|[\s;])(?:kauditd_printk_skb|audit_printk_skb|__ratelimit): (\d{1,10}) callbacks suppressed$/
const TOTAL = /(?:^|[\s;])audit: audit_lost=(\d{1,10}) audit_rate_limit=/
const REASON =
  /(?:^|[\s;])audit: (rate limit exceeded|backlog limit exceeded|out of memory in audit_log_\w+)$/

// What an audit daemon did not take has a number, and its text was printed just before.
const NUMBERED = /(?:^|[\s;])audit: kauditd \w+ queue overflow$/

/** What one log says about loss, line by line. */
export class LossReader {
  #total: number | undefined
  #told: number | undefined
  #overflow = false
  #mixed = false

  /** The kernel's count of all losses, as it was last told. */
  get total(): number | undefined {
    return this.#total
  }

  /** `null` for a line that says nothing of the kind. */
  read(line: string): LostRecord | null {
    if (line.startsWith('type=')) return null // an audit daemon has records only
    if (!line.includes('audit: ') && !line.includes(' suppressed')) return null
    if (!line.startsWith('{')) return this.#hear(line, line)
    return line.includes(OF_KERNEL) ? this.#hear(unwrap(line)?.text ?? '', line) : null
  }

  #hear(text: string, line: string): LostRecord | null {
    const suppressed = SUPPRESSED.exec(text)?.[1]
    if (suppressed !== undefined) return lost('printk', Number(suppressed), line)
    const total = TOTAL.exec(text)?.[1]
    if (total !== undefined) {
      this.#total = Number(total)
      this.#mixed ||= this.#overflow
      return null
    }
    if (NUMBERED.test(text)) this.#overflow = true
    const reason = REASON.exec(text)?.[1]
    if (reason === undefined) return null
    return lost(reasonOf(reason), this.#since(), line)
  }

  // The kernel counts all losses since its start. Not each of its messages gets through.
  #since(): number | null {
    const [now, before, mixed] = [this.#total, this.#told, this.#mixed]
    this.#told = now
    this.#overflow = false
    this.#mixed = false
    if (mixed || now === undefined || before === undefined || now <= before) return null
    return now - before
  }
}

const reasonOf = (text: string): LossReason =>
  text.startsWith('rate') ? 'rate limit' : text.startsWith('backlog') ? 'backlog' : 'memory'

export function lost(reason: LossReason, count: number | null, raw?: string): LostRecord {
  return { event: 'lost', reason, count, ...(raw === undefined ? {} : { raw }) }
}

/** When the kernel wrote a line of a log, in milliseconds since 1970, and its number. */
export interface Stamp {
  readonly time: number
  readonly serial: number
}

// A program's text stands behind the kernel's own, and in the journal in fields of other names.
const STAMP = /(?:^|[ ;"])(?:type=\d+ |msg=)audit\((\d{1,12})\.(\d{3}):(\d{1,10})\):/
const OF_KERNEL = '"_TRANSPORT":"kernel"'

/** Of AppArmor's records and of others; `undefined` for a line that has no number of the kernel's. */
export function stampOf(line: string): Stamp | undefined {
  // auditd counts its own events from a number of its choice.
  if (line.startsWith('type=DAEMON_')) return undefined
  const match = line.startsWith('{') ? journalStamp(line) : STAMP.exec(line)
  const [, seconds, fraction, serial] = match ?? []
  if (serial === undefined) return undefined
  return { time: Number(seconds) * 1000 + Number(fraction), serial: Number(serial) }
}

// The journal's copy of what came by the audit group has the number in a field of its own.
function journalStamp(line: string): readonly string[] | null {
  if (line.includes(OF_KERNEL)) return STAMP.exec(unwrap(line)?.text ?? '')
  const serial = /"_AUDIT_ID":"(\d{1,10})"/.exec(line)?.[1]
  const time = /"_SOURCE_REALTIME_TIMESTAMP":"(\d{1,12})(\d{3})\d{3}"/.exec(line)
  return serial === undefined || time === null ? null : ['', time[1] ?? '', time[2] ?? '', serial]
}

interface Gap {
  from: number
  to: number
  /** how many events had been seen when it was found */
  readonly at: number
  /** why, where the place of the gap tells */
  readonly reason: LossReason | undefined
}

// Two processors may put their records into the log in another order than they took their numbers.
const DISORDER = 256
const MOST_GAPS = 1024
const OTHER_BOOT = 100_000

/** Follows the serial numbers of a log, and tells how many never came. */
export class Serials {
  #highest: number | undefined
  #seen = 0
  #gaps: Gap[] = []
  #break: LossReason | undefined
  #notes: { readonly record: LostRecord; readonly at: number }[] = []

  /** How many numbers never came, and nothing but the kernel tells why. */
  missing = 0

  /** Whether there is a number yet from which a gap can be told. */
  get started(): boolean {
    return this.#highest !== undefined
  }

  see(serial: number): void {
    const highest = this.#highest ?? serial - 1
    if (serial > highest || highest - serial > OTHER_BOOT) {
      this.#seen++
      if (serial > highest + 1)
        this.#gaps.push({ from: highest + 1, to: serial - 1, at: this.#seen, reason: this.#break })
      this.#break = undefined
      this.#highest = serial
    } else if (this.#gaps.length > 0) this.#arrive(serial)
  }

  /** The log breaks off here: this is why, if the next number is not the next one. */
  breakOff(reason: LossReason): void {
    this.#break = reason
  }

  /** A loss of which the cause is known, and whose extent the numbers will tell. */
  note(record: LostRecord): void {
    this.#notes.push({ record, at: this.#seen })
  }

  /** What is lost for certain: gaps that are old enough, or all. */
  settle(all: boolean): readonly LostRecord[] {
    const old = (gap: Gap, i: number): boolean =>
      all || this.#seen - gap.at > DISORDER || i < this.#gaps.length - MOST_GAPS
    const settled = this.#gaps.filter(old)
    if (settled.length > 0) {
      this.#gaps = this.#gaps.filter((gap, i) => !old(gap, i))
      const first = this.#notes.splice(0)[0]?.record
      const losses: LostRecord[] = []
      for (const reason of new Set(settled.map((gap) => gap.reason))) {
        const count = sum(settled.filter((gap) => gap.reason === reason))
        if (reason === undefined) this.missing += count
        losses.push(lost(reason ?? first?.reason ?? 'gap', count, reason ? undefined : first?.raw))
      }
      return losses
    }
    if (!all || this.#gaps.length > 0) return []
    // Said to be lost, but the next number is there. What was overwritten was not of the audit log then.
    const told = this.#notes.filter(({ at }) => at < this.#seen)
    this.#notes = this.#notes.filter(({ at }) => at >= this.#seen)
    return told.map(({ record }) => record).filter(({ reason }) => reason !== 'overrun')
  }

  #arrive(serial: number): void {
    const i = this.#gaps.findIndex(({ from, to }) => from <= serial && serial <= to)
    const gap = this.#gaps[i]
    if (gap === undefined) return
    const parts = [
      { ...gap, to: serial - 1 },
      { ...gap, from: serial + 1 },
    ]
    this.#gaps.splice(i, 1, ...parts.filter((part) => part.from <= part.to))
  }
}

const sum = (gaps: readonly Gap[]): number =>
  gaps.reduce((count, { from, to }) => count + to - from + 1, 0)
