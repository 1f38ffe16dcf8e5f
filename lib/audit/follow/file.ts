/**
 * A file that grows and is rotated, as auditd and logrotate do it: renamed and made anew, or cut and written again.
 */
import type { Stats } from 'node:fs'
import { AppArmorError } from '../../border/errors.ts'
import { fs } from '../../border/node.ts'
import { LineCutter } from '../lines.ts'
import { lost } from '../loss.ts'
import type { LostRecord } from '../record.ts'
import type { Way } from './drops.ts'
import { codeOf, unreadable, type Source } from './source.ts'

const { O_RDONLY, O_NONBLOCK } = fs.constants
const CHUNK = 1 << 16

interface Open {
  readonly fd: number
  readonly dev: number
  readonly ino: number
  position: number
  readonly cutter: LineCutter
}

export class FileSource implements Source {
  readonly name = 'audit'
  readonly way: Way | undefined
  more = false
  readonly #path: string
  readonly #buffer = Buffer.allocUnsafe(CHUNK)
  #open: Open | null

  /** @param history whether to begin with what is in the file already */
  constructor(path: string, history: boolean) {
    this.#path = path
    this.way = path === daemonLog() ? 'daemon' : undefined
    this.#open = open(path, !history)
    if (this.#open === null) throw unreadable(path, missing(path), 'ENOENT')
  }

  read(): readonly (string | LostRecord)[] {
    const file = this.#open
    this.more = false
    if (file === null) {
      // Between a rotation's two steps there is no file.
      this.#open = open(this.#path, false)
      return this.#open === null ? [] : this.read()
    }
    const items: (string | LostRecord)[] = []
    if (fs.fstatSync(file.fd).size < file.position) {
      file.position = 0
      items.push(...file.cutter.end(), lost('truncation', null))
    }
    const length = fs.readSync(file.fd, this.#buffer, 0, CHUNK, file.position)
    file.position += length
    items.push(...file.cutter.push(this.#buffer.subarray(0, length)))
    this.more = length > 0 // perhaps only a part of a line
    // Nothing more comes into a file that has another name, once it is read to its end, and the next has been begun.
    if (length === 0 && this.#isReplaced(file)) {
      const { file: next, isNext } = successor(this.#path, file)
      items.push(...file.cutter.end())
      if (!isNext) items.push(lost('rotation', null))
      this.close()
      this.#open = next
    }
    return items
  }

  close(): void {
    if (this.#open !== null) fs.closeSync(this.#open.fd)
    this.#open = null
  }

  #isReplaced({ dev, ino }: Open): boolean {
    const now = stat(this.#path)
    const isOther = now !== null && (now.dev !== dev || now.ino !== ino)
    return isOther && (now.size > 0 || !now.isFile())
  }
}

/**
 * The file that was written after this one: between two looks there may have been several. `isNext` is false when this one is
 * not found any more.
 */
function successor(path: string, { dev, ino }: Open): { file: Open | null; isNext: boolean } {
  const isIt = (now: Stats | null): boolean => now !== null && now.dev === dev && now.ino === ino
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const number = numberOf(path, isIt)
    if (number === null) break
    const file = open(number === 1 ? path : `${path}.${number - 1}`, false)
    // Meanwhile the numbers may have moved on.
    if (file !== null && isIt(stat(`${path}.${number}`))) return { file, isNext: true }
    if (file !== null) fs.closeSync(file.fd)
  }
  return { file: open(path, false), isNext: false }
}

function numberOf(path: string, isIt: (now: Stats | null) => boolean): number | null {
  for (let number = 1; number <= MOST_FILES; number++) {
    const now = stat(`${path}.${number}`)
    if (now === null) return null
    if (isIt(now)) return number
  }
  return null
}

const MOST_ATTEMPTS = 10
// num_logs of auditd.conf
const MOST_FILES = 999

const CONFIGURATION = '/etc/audit/auditd.conf'
const LOG_FILE = /^[ \t]*log_file[ \t]*=[ \t]*(\/\S+)/im

/** Where this machine's audit daemon writes. */
export function daemonLog(): string {
  let text = ''
  try {
    text = fs.readFileSync(CONFIGURATION, 'latin1')
  } catch {
    // There is none, or it is root's alone.
  }
  return LOG_FILE.exec(text)?.[1] ?? '/var/log/audit/audit.log'
}

/** `null` when there is no such file. */
function open(path: string, atEnd: boolean): Open | null {
  let fd: number
  try {
    // A FIFO in its place would block.
    fd = fs.openSync(path, O_RDONLY | O_NONBLOCK)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw unreadable(path, error)
  }
  const stats = fs.fstatSync(fd)
  if (!stats.isFile()) {
    fs.closeSync(fd)
    throw new AppArmorError({ code: 'ERR_APPARMOR_LOG', path, detail: 'it is not a file' })
  }
  const { dev, ino, size } = stats
  return { fd, dev, ino, position: atEnd ? size : 0, cutter: new LineCutter() }
}

function stat(path: string): Stats | null {
  try {
    return fs.statSync(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw unreadable(path, error)
  }
}

function missing(path: string): unknown {
  try {
    return fs.statSync(path)
  } catch (error) {
    return error
  }
}
