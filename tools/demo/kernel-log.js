import { constants, openSync, readSync } from 'node:fs'

/** AppArmor's records in the kernel's log. */
export class KernelLog {
  #fd = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK)
  #buffer = Buffer.alloc(8192)

  /** Forgets what is there now. */
  skip() {
    while (this.#next() !== null);
  }

  /** @returns {string[]} what came since the last call */
  records() {
    const records = []
    for (let line = this.#next(); line !== null; line = this.#next()) {
      const [, record] = /^[^;]*;(.*apparmor=.*)/.exec(line) ?? []
      if (record) records.push(record)
    }
    return records
  }

  // One read gives one record, which begins with "priority,number,time,flags;".
  #next() {
    while (true) {
      try {
        const size = readSync(this.#fd, this.#buffer)
        return this.#buffer.toString('utf8', 0, size)
      } catch (error) {
        if (error.code === 'EAGAIN') return null
        if (error.code !== 'EPIPE') throw error // EPIPE: older records were overwritten
      }
    }
  }
}
