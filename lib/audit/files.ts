import type { Readable } from 'node:stream'
import { checkText } from '../border/args.ts'
import { AppArmorError } from '../border/errors.ts'
import { invalidArgType, invalidArgValue } from '../border/invalid.ts'
import { builtin, fs, path, url } from '../border/node.ts'
import { readOptions } from '../border/options.ts'
import { FILTERS, readFilter, type RecordFilter } from './filter.ts'
import { unreadable } from './follow/source.ts'
import { checkSource, type LineSource } from './lines.ts'
import { iterate } from './records.ts'
import type { LogRecord } from './record.ts'

/** Options of {@link records}. */
export interface RecordsOptions extends RecordFilter {
  /** `true`: for a file, first read its rotated predecessors (`audit.log.2.gz`, `audit.log.1`), the oldest first */
  readonly rotated?: boolean
}

/**
 * Reads the records of an existing log: a file, which may be compressed with gzip (`.gz`) or zstd (`.zst`, if
 * Node.js supports it), a stream, or lines. Lines without a record are skipped. Lines that report a loss (`audit:
 * rate limit exceeded`, `N callbacks suppressed`) become a record with the event `lost`.
 *
 * It needs neither AppArmor nor Linux. Its use of memory does not grow with the log.
 *
 * @param source the path of a file or its URL; or an iterable, sync or async, of strings or `Uint8Array`s. Strings
 *   are lines, except those from a stream with an encoding. Bytes may be split anywhere.
 * @throws `AppArmorError` from the iteration: `ERR_APPARMOR_LOG` when the file cannot be read
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { records } from 'apparmor/audit'
 * for await (const record of records('/var/log/audit/audit.log', { event: 'denied', rotated: true })) {
 *   if (record.event !== 'lost') console.log(record.profile, record.operation, record.name)
 * }
 * ```
 */
export function records(
  source: string | URL | LineSource,
  options?: RecordsOptions,
): AsyncGenerator<LogRecord, void, undefined> {
  const { rotated = false } = readOptions<RecordsOptions>(options, ['rotated', ...FILTERS])
  if (typeof rotated !== 'boolean') {
    throw invalidArgType('options.rotated', 'of type boolean', rotated)
  }
  const wanted = readFilter(options)
  if (typeof source !== 'string' && !(source instanceof URL)) {
    checkSource(source)
    return iterate(source, wanted)
  }
  const file = typeof source === 'string' ? source : url.fileURLToPath(source)
  checkText(file, 'source')
  if (file.endsWith('.zst') && zstd() === undefined) {
    throw invalidArgValue('source', 'is zstd, which this Node.js cannot read (22.15 can)', file)
  }
  return iterate(bytesOf(file, rotated), wanted)
}

const zstd = (): (() => NodeJS.ReadWriteStream) | undefined =>
  (builtin('node:zlib') as { createZstdDecompress?: () => NodeJS.ReadWriteStream })
    .createZstdDecompress

async function* bytesOf(file: string, rotated: boolean): AsyncGenerator<Uint8Array> {
  for (const one of rotated ? [...older(file), file] : [file]) {
    try {
      yield* open(one, one === file) as AsyncIterable<Uint8Array>
    } catch (error) {
      throw error instanceof AppArmorError ? error : unreadable(one, error)
    }
    yield NEWLINE // a file that was cut does not run into the next
  }
}

const NEWLINE = Uint8Array.of(10)

/** @param asked whether the caller has named it: then it may be a pipe */
function open(file: string, asked: boolean): Readable {
  const { createGunzip } = builtin('node:zlib')
  const isZstd = file.endsWith('.zst')
  const decompress = file.endsWith('.gz') ? createGunzip : isZstd ? zstd() : undefined
  if (isZstd && decompress === undefined) throw notRead(file, ZSTD)
  const opened = asked ? {} : { fd: openFile(file) }
  const bytes = fs.createReadStream(file, { highWaterMark: 1 << 18, ...opened })
  if (decompress === undefined) return bytes
  const plain = decompress() as NodeJS.ReadWriteStream & Readable
  return builtin('node:stream').pipeline(bytes, plain, () => {}) as unknown as Readable
}

const ZSTD = 'it is zstd, which this Node.js cannot read (22.15 can)'

function openFile(file: string): number {
  const { O_RDONLY, O_NONBLOCK } = fs.constants
  // A FIFO among them would block.
  const fd = fs.openSync(file, O_RDONLY | O_NONBLOCK)
  if (fs.fstatSync(fd).isFile()) return fd
  fs.closeSync(fd)
  throw notRead(file, 'it is not a file')
}

const notRead = (file: string, detail: string): AppArmorError =>
  new AppArmorError({ code: 'ERR_APPARMOR_LOG', path: file, detail })

/** What a file was called after it was rotated, the oldest first: by number, or by date. */
function older(file: string): readonly string[] {
  const directory = path.dirname(file)
  const name = path.basename(file)
  const ages = entriesOf(directory).flatMap((entry) => {
    if (!entry.startsWith(name)) return []
    const match = /^[.-](\d{1,14})(?:\.gz|\.zst)?$/.exec(entry.slice(name.length))
    if (match?.[1] === undefined) return []
    const number = Number(match[1])
    // A number counts from the newest, a date from the oldest.
    return [{ entry, age: match[1].length < 6 ? number : 1e15 - number }]
  })
  return ages.sort((a, b) => b.age - a.age).map(({ entry }) => path.join(directory, entry))
}

function entriesOf(directory: string): readonly string[] {
  try {
    return fs.readdirSync(directory)
  } catch (error) {
    throw unreadable(directory, error)
  }
}
