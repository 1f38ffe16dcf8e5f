import { execFileSync } from 'node:child_process'
import {
  createReadStream,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import * as zlib from 'node:zlib'
import { parseRecord, records, type LogRecord } from 'apparmor/audit'
import t from 'tap'

const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
t.teardown(() => rmSync(dir, { recursive: true }))
const at = (name: string) => join(dir, name)

const line = (serial: number, name = '/x', rest = '') =>
  `type=AVC msg=audit(1795690704.769:${serial}): apparmor="DENIED" operation="open" class="file" profile="web" name="${name}" pid=${serial} comm="c" requested_mask="r" denied_mask="r" fsuid=0 ouid=0${rest}`
const log = (...serials: number[]) => serials.map((serial) => `${line(serial)}\n`).join('')

async function all(source: AsyncIterable<LogRecord>): Promise<LogRecord[]> {
  const found: LogRecord[] = []
  for await (const record of source) found.push(record)
  return found
}

const pids = async (source: AsyncIterable<LogRecord>) =>
  (await all(source)).map((record) => (record.event === 'lost' ? record.reason : record.pid))

t.test('lines, streams of bytes, streams of text', async (t) => {
  const lines = [
    line(1),
    'type=SYSCALL msg=audit(1.000:1): arch=1',
    `${line(2)}\n`,
    `${line(3)}\n${line(4)}`,
  ]
  t.strictSame(await pids(records(lines)), [1, 2, 3, 4])
  t.strictSame(await pids(records(Readable.from(lines))), [1, 2, 3, 4])
  const bytes = Buffer.from(`${line(1, 'é')}\n${line(2, '\u{1f680}')}\n\n${line(3)}`)
  for (const size of [1, 2, 3, 7, 100, 1000]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    )
    const found = await all(records(chunks))
    t.strictSame(
      found.map(({ raw }) => raw),
      bytes.toString().split('\n').filter(Boolean),
    )
  }
  writeFileSync(at('plain'), log(1, 2))
  t.strictSame(
    await pids(records(createReadStream(at('plain'), { encoding: 'utf8', highWaterMark: 10 }))),
    [1, 2],
  )
  t.strictSame(
    await pids(
      records(Readable.toWeb(createReadStream(at('plain'))) as ReadableStream<Uint8Array>),
    ),
    [1, 2],
  )
})

t.test('an iterator like that of any generator', async (t) => {
  let closed = 0
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      yield Buffer.from(log(1, 2))
      yield Buffer.from(log(3))
      yield Buffer.from(log(4, 5))
    } finally {
      closed++
    }
  }
  const pid = ({ value }: IteratorResult<LogRecord, void>) =>
    value && value.event !== 'lost' ? value.pid : value
  const many = records(chunks())
  t.equal(many[Symbol.asyncIterator](), many)
  const calls = await Promise.all(Array.from({ length: 7 }, () => many.next()))
  t.strictSame(calls.map(pid), [1, 2, 3, 4, 5, undefined, undefined])
  t.equal(closed, 1)

  for await (const record of records(chunks())) {
    if (record.event !== 'lost' && record.pid === 1) break
  }
  t.equal(closed, 2, 'break ends the source, with a record still to be given')

  const left = records(chunks())
  const [first, end, after] = await Promise.all([left.next(), left.return(), left.next()])
  t.strictSame(
    [pid(first), end, after],
    [1, { done: true, value: undefined }, { done: true, value: undefined }],
  )
  t.equal(closed, 3)

  const thrown = records(chunks())
  await thrown.next()
  await t.rejects(thrown.throw(new Error('enough')), { message: 'enough' })
  t.strictSame(await thrown.next(), { done: true, value: undefined })
  t.equal(closed, 4)

  const broken = records(
    (async function* () {
      yield Buffer.from(log(1))
      throw new Error('the disk is broken')
    })(),
  )
  t.equal(pid(await broken.next()), 1)
  await t.rejects(broken.next(), { message: 'the disk is broken' })
  t.strictSame(await broken.next(), { done: true, value: undefined })
})

t.test('bytes yield the records that their lines yield one by one', async (t) => {
  const harvest = readFileSync('test/audit/fixtures/6.1.log')
  const own = harvest
    .toString('latin1')
    .split('\n')
    .filter((line) => line.includes('apparmor='))
  const lines = [
    ...own.slice(0, 100),
    'type=SYSCALL msg=audit(1.000:1): arch=c000003e apparmor="DENIED" operation="open" pid=1',
    'type=SYSCALL apparmor="DENIED" operation="open" profile="not of a daemon" pid=1',
    'type=SYSCALL',
    'type=',
    'type=PATH msg=audit',
    `type=PATH msg=audit(1.000:1): ${'x'.repeat(100_000)}`,
    'type=1501 msg=audit(1.000:1): operation="open" profile="old" pid=1',
    'type=UNKNOWN[1503] msg=audit(1.000:1): operation="open" profile="old" pid=1',
    'type=UNKNOWN[1333] msg=audit(1.000:1): operation="open" profile="not ours" pid=1',
    `node=host ${line(1)}`,
    `${line(2, 'é')} odd=\ufffd`,
    `{"MESSAGE":${JSON.stringify(line(3).slice(5))}}`,
    'AppArmor: AppArmor initialized',
  ]
  const expected = lines.map(parseRecord).filter((record) => record !== null)
  t.equal(expected.length, 107)
  const bytes = Buffer.from(lines.join('\n'))
  for (const size of [13, 4096, bytes.length]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      Uint8Array.from(bytes.subarray(i * size, (i + 1) * size)),
    )
    t.strictSame(await all(records(chunks)), expected, `${size} bytes at a time`)
  }
})

t.test('bytes that are not UTF-8 are kept, in their line alone', async (t) => {
  const bytes = Buffer.concat([
    Buffer.from(`${line(1)} odd=`),
    Buffer.of(0xff),
    Buffer.from(`\n${line(2, 'ä')}\n`),
  ])
  const [first, second] = await all(records([bytes]))
  t.match(first, { extra: { odd: '\udcff' } })
  t.match(second, { name: 'ä' })
})

t.test(
  'files, by path and URL, compressed, and what they were before they were rotated',
  async (t) => {
    writeFileSync(at('audit.log'), log(9))
    writeFileSync(at('audit.log.1'), log(8).trimEnd())
    writeFileSync(at('audit.log.2.gz'), zlib.gzipSync(log(6, 7)))
    writeFileSync(at('audit.log.10'), log(5))
    writeFileSync(at('audit.log-20260102'), log(2))
    writeFileSync(at('audit.log-20251230'), log(1))
    writeFileSync(at('audit.log.bak'), log(99))
    writeFileSync(at('audit.logger'), log(99))
    t.strictSame(await pids(records(at('audit.log'))), [9])
    t.strictSame(await pids(records(pathToFileURL(at('audit.log.2.gz')))), [6, 7])
    t.strictSame(await pids(records(at('audit.log'), { rotated: true })), [1, 2, 5, 6, 7, 8, 9])
    execFileSync('zstd', ['-q', at('audit.log'), '-o', at('a.zst')])
    if ('createZstdDecompress' in zlib) t.strictSame(await pids(records(at('a.zst'))), [9])
    else t.throws(() => records(at('a.zst')), { code: 'ERR_INVALID_ARG_VALUE', message: /22\.15/ })
  },
)

t.test(
  'what was rotated and is no file, or no whole one, is an error and never waited for',
  async (t) => {
    writeFileSync(at('kern.log'), log(2))
    const refuses = (name: string, message: RegExp) =>
      t.rejects(all(records(at('kern.log'), { rotated: true })), {
        code: 'ERR_APPARMOR_LOG',
        path: at(name),
        message,
      })
    execFileSync('mkfifo', [at('kern.log.1')])
    await refuses('kern.log.1', /not a file/)
    rmSync(at('kern.log.1'))
    symlinkSync('/dev/zero', at('kern.log.1'))
    await refuses('kern.log.1', /not a file/)
    rmSync(at('kern.log.1'))
    writeFileSync(at('kern.log.1.gz'), 'not compressed')
    await refuses('kern.log.1.gz', /incorrect header check/)
    writeFileSync(at('kern.log.1.gz'), zlib.gzipSync(log(1)).subarray(0, 20))
    await refuses('kern.log.1.gz', /unexpected end of file/)
    rmSync(at('kern.log.1.gz'))
    if (!('createZstdDecompress' in zlib)) {
      writeFileSync(at('kern.log.1.zst'), '')
      await refuses('kern.log.1.zst', /22\.15/)
    }
    await t.rejects(all(records(at('missing/log'), { rotated: true })), {
      code: 'ERR_APPARMOR_LOG',
      path: at('missing'),
      message: /ENOENT/,
    })
  },
)

t.test('a file that cannot be read', async (t) => {
  writeFileSync(at('broken.gz'), zlib.gzipSync(log(1, 2)).subarray(0, 40))
  for (const [file, code] of [
    [at('none'), 'ENOENT'],
    [dir, 'EISDIR'],
    [at('broken.gz'), 'Z_BUF_ERROR'],
  ]) {
    await t.rejects(all(records(file as string)), {
      name: 'AppArmorError',
      code: 'ERR_APPARMOR_LOG',
      path: file,
      cause: { code },
    })
  }
})

t.test('filters', async (t) => {
  const lines = [
    line(1),
    line(2).replace('DENIED', 'ALLOWED'),
    line(3).replace('"web"', '"db"'),
    line(4).replace('1795690704', '1795690705'),
    'audit: type=1400 audit(1795690704.769:5): apparmor="DENIED" operation="capable" profile="web" pid=5 capability=1',
    'apparmor="DENIED" operation="open" class="file" profile="web" name="/x" pid=6 requested_mask="r"',
  ]
  const found = (options: Parameters<typeof records>[1]) => pids(records(lines, options))
  t.strictSame(await found({ event: 'allowed' }), [2])
  t.strictSame(await found({ event: ['allowed', 'denied'] }), [1, 2, 3, 4, 5, 6])
  t.strictSame(await found({ profile: 'db' }), [3])
  t.strictSame(await found({ class: 'cap' }), [5])
  t.strictSame(await found({ pid: [1, 5], class: ['file', 'cap'] }), [1, 5])
  t.strictSame(await found({ since: new Date(1795690705000) }), [4])
})

t.test('what the log says is lost', async (t) => {
  const found = await all(
    records(
      [
        line(1),
        'kauditd_printk_skb: 6 callbacks suppressed',
        '[   10.9] audit: audit_lost=3 audit_rate_limit=2 audit_backlog_limit=64',
        '[   10.9] audit: rate limit exceeded',
        '[   11.9] audit: audit_lost=10 audit_rate_limit=2 audit_backlog_limit=64',
        '[   11.9] audit: backlog limit exceeded',
        'audit: audit_lost=11 audit_rate_limit=2 audit_backlog_limit=64',
        'audit: kauditd hold queue overflow',
        'audit: out of memory in audit_log_start',
        'net_ratelimit: 5 callbacks suppressed',
      ],
      { pid: 77 },
    ),
  )
  t.strictSame(
    found.map((record) => record.event === 'lost' && [record.reason, record.count]),
    [
      ['printk', 6],
      ['rate limit', null],
      ['backlog', 7],
      ['memory', 1],
    ],
  )
})

t.test('a line of any length, in bounded memory', async (t) => {
  const long = Buffer.alloc(1 << 16, 'x')
  function* endless(): Generator<Uint8Array> {
    yield Buffer.from(log(1))
    for (let i = 0; i < 1000; i++) yield long
    yield Buffer.from(` ${line(2)}\n${line(3)}\n`)
  }
  const before = process.memoryUsage().arrayBuffers
  t.strictSame(await pids(records(endless())), [1, 3])
  t.ok(process.memoryUsage().arrayBuffers - before < 1 << 26)
  const one = Buffer.from(`${line(1)} ${'x'.repeat(1 << 23)}`)
  for (const chunks of [[one], [one, Buffer.from('\n')], [Buffer.concat([one, Buffer.of(10)])]]) {
    const found = await all(records([...chunks, Buffer.from(log(2))]))
    t.ok((found[0]?.raw?.length ?? Infinity) <= 1 << 20)
  }
})

t.test('bad arguments', async (t) => {
  for (const source of [undefined, null, 7, {}, () => {}]) {
    t.throws(() => records(source as never), { code: 'ERR_INVALID_ARG_TYPE' })
  }
  const bad: readonly (readonly [object, string])[] = [
    [{ profile: 7 }, 'ERR_INVALID_ARG_TYPE'],
    [{ profile: ['a', 7] }, 'ERR_INVALID_ARG_TYPE'],
    [{ pid: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ event: 'lost' }, 'ERR_INVALID_ARG_VALUE'],
    [{ class: 'files' }, 'ERR_INVALID_ARG_VALUE'],
    [{ since: 5 }, 'ERR_INVALID_ARG_TYPE'],
    [{ since: new Date(Number.NaN) }, 'ERR_INVALID_ARG_VALUE'],
    [{ rotated: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [Object.create({ pid: 1 }), 'ERR_INVALID_ARG_VALUE'],
  ]
  for (const [options, code] of bad) t.throws(() => records([], options as never), { code })
  await t.rejects(all(records([7] as never)), { code: 'ERR_INVALID_ARG_TYPE' })
})

t.test('the buffer of a reader may be used again', async (t) => {
  function* reused(): Generator<Uint8Array> {
    const buffer = Buffer.alloc(64)
    const bytes = Buffer.from(log(1, 2))
    for (let at = 0; at < bytes.length; at += 64) {
      yield buffer.subarray(0, bytes.copy(buffer, 0, at, at + 64))
    }
  }
  t.strictSame(await pids(records(reused())), [1, 2])
})
