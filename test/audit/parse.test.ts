import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { parseRecord, type AuditRecord } from 'apparmor/audit'
import t from 'tap'
import { isOfProgram } from '#lib/audit/parse/parse.js'
import { BODIES, CONTAINERS } from '../support/audit_corpus.ts'
import '../support/seed.ts'

const DIRECTORY = fileURLToPath(new URL('../../../test/audit/fixtures/', import.meta.url))

/** Lines of /dev/kmsg from Linux 6.1, 6.12 and 7.2. */
const harvest: readonly string[] = readdirSync(DIRECTORY).flatMap((file) =>
  readFileSync(`${DIRECTORY}${file}`, 'latin1').split('\n').slice(0, -1),
)

/** What a record says of the event, without where it was found. */
function facts(record: AuditRecord | null): object {
  if (record === null) return {}
  const { raw: _raw, audit: _audit, host: _host, extra, ...rest } = record
  return { ...rest, ...(extra && { extra: { ...extra } }) }
}

const EVENTS = {
  DENIED: 'denied',
  ALLOWED: 'allowed',
  AUDIT: 'audit',
  KILLED: 'killed',
  STATUS: 'status',
  HINT: 'hint',
  ERROR: 'error',
}

t.test('every class of record, in every event', async (t) => {
  for (const [word, event] of Object.entries(EVENTS)) {
    const records = BODIES.map(([body]) =>
      parseRecord(`type=AVC msg=audit(1795690704.769:34): apparmor="${word}" ${body}`),
    )
    t.strictSame(
      records.map(facts),
      BODIES.map(([, expected]) => ({ event, ...expected })),
      word,
    )
    const audit = { time: new Date(1795690704769), serial: 34, id: '1795690704.769:34' }
    t.strictSame(
      records.map((record) => record?.audit),
      BODIES.map(() => audit),
    )
  }
})

t.test('every class of record, in every container', async (t) => {
  for (const [name, wrap, { host, noId = false }] of CONTAINERS) {
    const lines = BODIES.map(([body]) => wrap(`apparmor="DENIED" ${body}`))
    const records = lines.map((line) => parseRecord(line))
    const found = { host, id: noId ? undefined : '1795690704.769:34' }
    t.strictSame(
      records.map((record) => ({
        ...facts(record),
        host: record?.host,
        id: record?.audit?.id,
        raw: record?.raw,
      })),
      BODIES.map(([, expected], i) => ({ event: 'denied', ...expected, ...found, raw: lines[i] })),
      name,
    )
  }
})

// A second reading of a body, by the kernel's rules alone: no string of it holds a space or a quote.
function pairs(body: string): readonly (readonly [string, string])[] {
  return Array.from(
    body.matchAll(/([a-z_]+)=("[^"]*"|[^ ]+)/g),
    ([, key = '', value = '']) => [key, value] as const,
  )
}

const INFINITE = '18446744073709551615'

/** What of a line of a kernel's is not in its record. */
function lost(line: string, body: string): readonly string[] {
  const record = parseRecord(line)
  if (record === null) return ['everything']
  const { raw: _raw, audit: _audit, problems = [], extra = {}, ...fields } = record
  const cut = line.length > 900 ? ['name is cut short', 'the end is missing'] : []
  if (problems.join() !== cut.join()) return ['problems']
  if (cut.length > 0) return []
  const values = new Set(Object.values(fields).flat().map(String))
  const missing = pairs(body).filter(([key, value]) => {
    const text = value.startsWith('"') ? value.slice(1, -1) : value
    const decoded = Buffer.from(value, 'hex').toString()
    const known = values.has(text) || values.has(decoded) || decoded.includes('\ufffd')
    return !known && !['apparmor', 'flags'].includes(key) && text !== INFINITE
  })
  const unknown = record.class === 'unknown' && record.event !== 'unknown' ? ['class'] : []
  return [...missing.map(([key]) => key), ...Object.keys(extra), ...unknown]
}

t.test('of what real kernels wrote nothing is lost', async (t) => {
  const records = harvest.flatMap((line) => {
    const body = /audit: type=1400 audit\([^)]*\): (.*)$/.exec(line)?.[1]
    return body === undefined ? [] : [{ line, lost: lost(line, body) }]
  })
  t.ok(records.length > 900, `${records.length} records`)
  t.strictSame(
    records.filter(({ lost }) => lost.length > 0),
    [],
  )
})

t.test('the classes of what real kernels wrote', async (t) => {
  const classes = new Set(harvest.map((line) => parseRecord(line)?.class))
  t.strictSame(
    [...classes].filter((kind) => kind !== undefined).sort(),
    (
      'attr boot cap change_hat change_profile dbus exec file io_uring mount net policy ptrace rlimit ' +
      'signal unix unknown userns'
    ).split(' '),
  )
})

t.test('lines that are not of AppArmor are none', async (t) => {
  for (const line of [
    '',
    'audit(',
    'apparmor=',
    'Kernel command line: apparmor=1 security=apparmor',
    'type=SYSCALL msg=audit(1.000:1): arch=c000003e syscall=2 comm="apparmor=x" exe="/x"',
    'type=AVC msg=audit(1.000:1): avc:  denied  { read } for pid=1 comm="x" scontext=a tcontext=b',
    'type=1400 audit(1.000:1): lsm=SMACK fn=smack_inode_getattr action=denied',
    'type=USER_AVC msg=audit(1.000:1): pid=1 uid=0 msg=\'avc:  denied  { send } exe="/x"\'',
    'type=1326 audit(1.000:1): auid=1 pid=2 comm="apparmor" sig=31 code=0x0',
    'type=1423 audit(1.000:1): domain=1 blockers=fs.read path="/x"',
    'type=PROCTITLE msg=audit(1.000:1): proctitle="apparmor="',
    '{"MESSAGE":"hello"}',
    '{"MESSAGE":',
    '----',
    'time->Thu Nov 26 10:58:19 2026',
  ]) {
    t.equal(parseRecord(line), null, line)
  }
})

t.test('a broken record gives what can be read, and says what cannot', async (t) => {
  const id = 'type=1400 audit(1795690704.769:34): '
  const cases: readonly (readonly [string, object])[] = [
    [
      `${id}apparmor="DENIED" operation="open" profile="a" name="/x/y`,
      { class: 'file', name: '/x/y', problems: ['name is cut short', 'the end is missing'] },
    ],
    [
      `${id}apparmor="DENIED" operation="open" profile="a" name=2F78C`,
      { class: 'file', name: '/x', problems: ['name is cut short', 'the end is missing'] },
    ],
    [`${id}apparmor="DENI`, { event: 'unknown', problems: ['apparmor is cut short'] }],
    [
      `${id}apparmor="WONDERED" operation="open" class="file" profile="a" pid=1 comm="x"`,
      { event: 'unknown', class: 'file', extra: { apparmor: 'WONDERED' } },
    ],
    [
      `${id}apparmor="DENIED" operation="fly" class="air" profile="a" pid=1 height="9" wing=left`,
      { class: 'unknown', kernelClass: 'air', profile: 'a', extra: { height: '9', wing: 'left' } },
    ],
    [
      `type=1400 audit(17:x): apparmor="DENIED" operation="capable" profile="a" pid=1 capability=1`,
      { class: 'cap', problems: ['the audit id cannot be read'] },
    ],
    [
      `${id}apparmor="DENIED" operation="capable" pid=seven comm="x" capability=99999999999999999999`,
      { class: 'cap', extra: { pid: 'seven', capability: '99999999999999999999' } },
    ],
    [
      `${id}apparmor="DENIED" operation="open" name="/a" pid=1 requested_mask="r" audit: type=1400 audit(2.000:2): apparmor="DENIED" name="/b"`,
      { name: '/a', problems: ['another record begins on the same line'] },
    ],
    [
      `${id}apparmor="DENIED" operation="open" name="/a" pid=1 ?? requested_mask="r" name="/b"`,
      { name: '/a', problems: ['no key: ??'], extra: { name: '/b' } },
    ],
    [
      `${id}operation="open" class="file" profile="a" name="/x" pid=1 comm="x" requested_mask="r"`,
      { event: 'unknown', class: 'file' },
    ],
    [
      `${id}apparmor="DENIED" operation="open" pid=1 requested_mask="r" __proto__="x" constructor=y`,
      { class: 'file' },
    ],
  ]
  for (const [line, expected] of cases) {
    const record = parseRecord(line)
    t.match(record, expected, line)
    if (!('problems' in expected)) t.notOk(record?.problems, line)
  }
  const { extra } = parseRecord(`${id}apparmor="AUDIT" __proto__="x" constructor=y`) ?? {}
  t.strictSame(Object.entries(extra ?? {}), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ])
})

t.test('what a daemon writes between quotes cannot end them early', async (t) => {
  const text =
    'apparmor="DENIED" operation="dbus_method_call"  bus="system" path="/" mask="send" pid=7 label="it\'s "here" "" peer_label="b"'
  const line = `type=USER_AVC msg=audit(1.000:1): pid=1 uid=102 subj=unconfined msg='${text}\n exe="/usr/bin/dbus-daemon" addr=?'\x1dUID="messagebus"`
  t.match(parseRecord(line), {
    class: 'dbus',
    pid: 7,
    profile: 'it\'s "here" "',
    peerProfile: 'b',
    extra: { pid: '1', uid: '102', subj: 'unconfined', UID: 'messagebus' },
  })
})

t.test('bytes that are not UTF-8 stay apart', async (t) => {
  const name = (hex: string) =>
    parseRecord(`audit(1.000:1): apparmor="DENIED" operation="open" name=${hex} pid=1`)?.name
  t.equal(name('2FFF'), '/\udcff')
  t.equal(name('2FFE'), '/\udcfe')
  t.equal(name('C3A4'), 'ä')
  t.equal(name('C3'), '\udcc3')
  t.equal(name('EDA080'), '\udced\udca0\udc80')
  t.equal(name('F09F9A80FF61'), '🚀\udcffa')
  t.equal(name('EFBBBF61'), '\ufeffa')
})

t.test('bad arguments', async (t) => {
  for (const line of [undefined, null, 7, {}, Buffer.from('x')]) {
    t.throws(() => parseRecord(line as never), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
  }
})

const lines = fc.constantFrom(
  ...harvest,
  ...BODIES.flatMap(([body]) => CONTAINERS.map(([, wrap]) => wrap(`apparmor="DENIED" ${body}`))),
)

const piece = fc.oneof(
  fc.string({ maxLength: 4, unit: 'binary' }),
  fc.constantFrom(
    '"',
    "'",
    '=',
    ' ',
    'audit(',
    '): ',
    'apparmor=',
    "msg='",
    '\x1d',
    '\\x',
    '{',
    '}',
  ),
)

t.test('no line makes it throw, whatever becomes of it', async () => {
  fc.assert(
    fc.property(
      lines,
      fc.array(fc.tuple(fc.nat(2000), fc.nat(20), piece), { maxLength: 5 }),
      (line, edits) => {
        let text = line
        for (const [at, remove, insert] of edits) {
          const start = text.length === 0 ? 0 : at % text.length
          text = text.slice(0, start) + insert + text.slice(start + remove)
        }
        const record = parseRecord(text)
        return record === null || (record.raw === text && typeof record.class === 'string')
      },
    ),
    { numRuns: 5000 },
  )
})

t.test('JSON of any depth is no way to make it throw', async (t) => {
  const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  for (const name of ['MESSAGE', '_HOSTNAME', '_AUDIT_FIELD_APPARMOR', '_AUDIT_ID']) {
    t.equal(parseRecord(`{"${name}":${nested}}`), null, name)
  }
  const body = 'apparmor="DENIED" operation="open" pid=1'
  const bytes = JSON.stringify(Array.from(Buffer.from(body)))
  for (const message of [
    JSON.stringify(body),
    bytes,
    `[${bytes}]`,
    `["${body.replaceAll('"', '\\"')}"]`,
  ]) {
    t.match(parseRecord(`{"MESSAGE":${message}}`), { event: 'denied', pid: 1 })
  }
})

t.test('a line of nonsense has a few problems, not one for each word', async (t) => {
  const record = parseRecord(`apparmor="DENIED" operation="open" pid=1 ${'x '.repeat(10_000)}`)
  t.equal(record?.problems?.length, 20)
})

t.test('no line takes more than linear time', async (t) => {
  const start = 'type=1400 audit(1.000:1): apparmor="DENIED" operation="open" '
  const user =
    'type=USER_AVC msg=audit(1.000:1): pid=1 msg=\'apparmor="DENIED" operation="dbus_signal" '
  for (const make of [
    (n: number) => 'audit('.repeat(n),
    (n: number) => 'apparmor='.repeat(n),
    (n: number) => 'type='.repeat(n) + start,
    (n: number) => ' '.repeat(n) + start,
    (n: number) => `USER_AVC ${'x '.repeat(n)}apparmor="DENIED"`,
    (n: number) => `Jan  1 00:00:00 ${'h'.repeat(n)} kernel: ${start}`,
    (n: number) => start + 'a'.repeat(n),
    (n: number) => start + 'a='.repeat(n),
    (n: number) => start + 'a=1 '.repeat(n),
    (n: number) => start + 'name="x" '.repeat(n),
    (n: number) => start + '"'.repeat(n),
    (n: number) => start + 'execpath="x" '.repeat(n),
    (n: number) => `${start}name=${'C3'.repeat(n)}`,
    (n: number) => `${start}name=${'FF'.repeat(n)}`,
    (n: number) => `${start}flags="${'a,'.repeat(n)}"`,
    (n: number) => `${user}${'label="x"y '.repeat(n)}'`,
    (n: number) => user + "'".repeat(n),
    (n: number) => user + '"'.repeat(n),
    (n: number) => `${"msg='".repeat(n)}apparmor="X"`,
    (n: number) =>
      `type=AVC msg=audit(11/26/26 10:58:24.769:34) : apparmor=DENIED ${'name=a b '.repeat(n)}`,
    (n: number) => `5,1,1,-;${start}name="${'\\x5c'.repeat(n)}"`,
    (n: number) => `{"MESSAGE":"${'\\u0000'.repeat(n)}apparmor=\\"DENIED\\""}`,
    (n: number) => '['.repeat(n) + '{',
    (n: number) => `{"MESSAGE":${'['.repeat(n)}`,
  ]) {
    const time = (n: number) => {
      const line = make(n)
      const begin = process.cpuUsage()
      parseRecord(line)
      const { user, system } = process.cpuUsage(begin)
      return (user + system) / 1000
    }
    time(1000)
    const [small, large] = [10_000, 100_000].map((n) => Math.min(...[1, 2, 3].map(() => time(n))))
    t.ok(
      (large as number) < 40 * (small as number) + 20,
      `${make(3).slice(0, 80)}: ${small} ms, ${large} ms`,
    )
  }
})

t.test('a program is told from the kernel, whatever it writes', async (t) => {
  const text = 'apparmor="DENIED" operation="open" class="file" profile="web" name="/x" pid=9'
  const ofPrograms = [
    `type=USER_AVC msg=audit(1.000:1): pid=1 uid=0 msg='${text}'`,
    `node=a type=USER_AVC msg=audit(1.000:1): pid=1 uid=0 msg='${text}'`,
    `audit: type=1107 audit(1.000:1): pid=1 uid=0 msg='${text}'`,
    JSON.stringify({ _TRANSPORT: 'audit', MESSAGE: `USER_AVC pid=1 uid=0 msg='${text}'` }),
    JSON.stringify({ X: 'apparmor=', MESSAGE: `USER_AVC pid=1 uid=0 msg='${text}'` }),
  ]
  for (const line of ofPrograms) {
    t.match(parseRecord(line), { class: 'file', profile: 'web' }, line)
    t.ok(isOfProgram(line), line)
  }
  const kernel = text.replace('/x', "/msg='x").replace('pid=9', `pid=9 comm="msg='"`)
  for (const line of [
    text,
    `type=AVC msg=audit(1.000:1): ${kernel}`,
    `audit: type=1400 audit(1.000:1): ${kernel}`,
    JSON.stringify({ _TRANSPORT: 'kernel', MESSAGE: `audit: type=1400 audit(1.000:1): ${kernel}` }),
    JSON.stringify({ _CMDLINE: "msg='", MESSAGE: `audit: type=1400 audit(1.000:1): ${kernel}` }),
  ]) {
    t.match(parseRecord(line), { class: 'file', profile: 'web' }, line)
    t.notOk(isOfProgram(line), line)
  }
})
