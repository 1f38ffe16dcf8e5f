/**
 * A process and all that descend from it, as far as /proc lets it be seen: a process that is gone before it was looked
 * at has left nothing but its label in the records.
 */
import { fs } from '../border/node.ts'
import { getcon, getTaskCon } from '../inspect/identity.ts'
import { childrenOf, read, statOf, timeOf } from './procfs.ts'
import type { AuditRecord } from './record.ts'

interface Member {
  readonly pid: number
  readonly start: number
  /** when it was seen to be gone, in milliseconds since 1970 */
  end: number | null
}

// The kernel dates records by a clock that is late by its tick, in a guest under load by many; and processes are looked at
// now and then only.
export const LATE = 1000
const SEEN = 100
const DEEPEST = 256

export class Family {
  readonly #root: Member
  readonly #members: Member[] = []
  readonly #labels = new Set<string>()
  readonly #own = labelOf(process.pid)
  readonly #reapers = ancestors()
  /** when the first of them was started, in milliseconds since 1970 */
  readonly since: number

  /**
   * @param labels under which it is known to run
   * @throws when there is no such process
   */
  constructor(pid: number, labels: readonly string[]) {
    const stat = statOf(pid)
    if (stat === null) throw new Error('it has ended')
    this.#root = { pid, start: stat.start, end: null }
    this.#members.push(this.#root)
    for (const label of labels) this.#labels.add(label)
    this.since = timeOf(stat.start)
    this.scan()
  }

  /** Looks who is there; `false` when nobody is left. */
  scan(): boolean {
    let left = false
    // Those that are found now are looked at, too.
    for (const member of this.#members) {
      if (member.end !== null) continue
      const stat = statOf(member.pid)
      if (stat === null || stat.start !== member.start || stat.dead) {
        member.end = Date.now()
        continue
      }
      left = true
      this.#learn(labelOf(member.pid))
      for (const pid of childrenOf(member.pid)) this.#admit(pid)
    }
    return left || this.#adopt()
  }

  /** Takes in those that have lost their parents before anybody looked; `false` when there are none. */
  #adopt(): boolean {
    let found = false
    for (const entry of fs.readdirSync('/proc')) {
      const pid = Number(entry)
      const stat = Number.isInteger(pid) && pid !== process.pid ? statOf(pid) : null
      if (stat === null || stat.dead || stat.start < this.#root.start) continue
      if (!this.#reapers.has(stat.parent) || stat.parent === process.pid) continue
      if (!this.#knows(labelOf(pid) ?? undefined)) continue
      this.#admit(pid)
      found = true
    }
    return found
  }

  // Numbers are given in their order, and then from the beginning again.
  #isYounger(pid: number): boolean {
    const most = Number(read('/proc/sys/kernel/pid_max') ?? 32768)
    return (pid - this.#root.pid + most) % most < most / 2
  }

  /** Whether a record is about one of them. */
  has(record: AuditRecord): boolean {
    const { pid, profile } = record
    if (pid === undefined) return false
    const time = record.audit?.time.getTime() ?? Date.now()
    if (time < this.since - LATE) return false
    const own = this.#members.some((member) => member.pid === pid && wasThere(member, time))
    const found = own ? true : this.#descends(pid, time)
    if (found === true && profile !== undefined) this.#learn(profile)
    return found ?? (this.#knows(profile) && this.#isYounger(pid))
  }

  #admit(pid: number): void {
    const stat = statOf(pid)
    if (stat === null) return
    if (this.#members.some((one) => one.pid === pid && one.start === stat.start)) return
    this.#members.push({ pid, start: stat.start, end: null })
  }

  /** By its parents; `undefined` when they are not known any more. */
  #descends(pid: number, time: number): boolean | undefined {
    const line: number[] = []
    for (let at = pid; line.length < DEEPEST;) {
      const stat = statOf(at)
      if (stat === null) return undefined
      // The number has gone to another process since.
      if (at === pid && timeOf(stat.start) > time + LATE) return undefined
      const isMember = this.#members.some((one) => one.pid === at && one.start === stat.start)
      if (isMember) {
        for (const one of line) this.#admit(one)
        return true
      }
      if (at === process.pid || stat.start < this.#root.start) return false
      // One whose parent has ended is its reaper's child.
      if (this.#reapers.has(stat.parent)) return stat.parent === process.pid ? false : undefined
      line.push(at)
      at = stat.parent
    }
    return undefined
  }

  #learn(label: string | null): void {
    if (label !== null && label !== 'unconfined' && label !== this.#own) this.#labels.add(label)
  }

  #knows(profile: string | undefined): boolean {
    if (profile === undefined) return false
    if (this.#labels.has(profile)) return true
    return Array.from(this.#labels).some((label) => profile.startsWith(`${label}//`))
  }
}

const wasThere = ({ start, end }: Member, time: number): boolean =>
  time >= timeOf(start) - LATE && (end === null || time <= end + SEEN)

function labelOf(pid: number): string | null {
  try {
    return pid === process.pid ? getcon().label : getTaskCon(pid).label
  } catch {
    return null // it has ended, or may not be read
  }
}

function ancestors(): ReadonlySet<number> {
  const found = new Set([1])
  for (let pid = process.pid; pid > 0 && found.size < DEEPEST;) {
    found.add(pid)
    pid = statOf(pid)?.parent ?? 0
  }
  return found
}
