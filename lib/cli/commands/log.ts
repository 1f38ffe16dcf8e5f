import { follow, type LogRecord, type RecordFilter } from '../../audit/node.ts'
import { command, UsageError, type Call, type Command, type Options } from '../command.ts'
import { count } from '../group.ts'
import { DRAFT } from '../json.ts'
import { readLog } from '../log_source.ts'
import { likeness, lineOf } from '../record.ts'
import { dim, yellow, type Screen, type Span } from '../screen.ts'

const EVENTS = ['denied', 'allowed', 'audit', 'killed', 'status', 'error', 'unknown']
const CLASSES =
  'file exec net unix cap signal ptrace mount dbus mqueue io_uring userns rlimit change_profile change_hat attr policy unknown'.split(
    ' ',
  )

const OPTIONS = {
  follow: { type: 'boolean', short: 'f', help: 'wait for what comes from now on' },
  file: {
    type: 'string',
    value: 'FILE',
    complete: 'file',
    help: 'a log in any usual form, also .gz; - for stdin; default: where the records are',
  },
  profile: {
    type: 'string',
    short: 'p',
    value: 'PROFILE',
    multiple: true,
    complete: 'profile',
    help: 'only of this profile; may be repeated',
  },
  process: {
    type: 'string',
    value: 'PID',
    multiple: true,
    complete: 'process',
    help: 'only of this process; may be repeated',
  },
  event: {
    type: 'string',
    short: 'e',
    value: 'EVENT',
    multiple: true,
    choices: EVENTS,
    help: EVENTS.join(', '),
  },
  class: {
    type: 'string',
    short: 'c',
    value: 'CLASS',
    multiple: true,
    choices: CLASSES,
    help: CLASSES.join(', '),
  },
  since: {
    type: 'string',
    short: 's',
    value: 'TIME',
    help: 'only since then: 10m, 2h, 3d, or a date such as 2026-11-27T08:00',
  },
  all: { type: 'boolean', short: 'a', help: 'every record: do not fold those that say the same' },
} as const satisfies Options

type LogCall = Call<typeof OPTIONS>

const LOG: Command = command({
  name: 'log',
  summary: 'Show what AppArmor has refused or told of',
  description: [
    'One line for each record, and what says the same once, with a count. With --follow each line is shown as the ' +
      'record is made, and repeats follow as a count. Reading the log needs root on most machines.',
  ],
  options: OPTIONS,
  examples: [
    { run: 'sudo apparmor log', what: 'all that is in the log' },
    { run: 'sudo apparmor log -f -e denied', what: 'refusals, as they happen' },
    { run: 'sudo apparmor log -p web --since 1h', what: 'of one profile, in the last hour' },
    { run: 'apparmor log --file audit.log --json | jq .name', what: 'from a file, on any machine' },
  ],
  exits: { 0: 'shown', 2: 'the log could not be read' },
  stream: true,
  schema: {
    $schema: DRAFT,
    title: 'apparmor log --json, each line',
    type: 'object',
    properties: {
      version: { const: 1 },
      event: { enum: [...EVENTS, 'hint', 'lost'] },
      profile: { type: 'string' },
      class: { type: 'string' },
      operation: { type: 'string' },
      name: { type: 'string' },
      pid: { type: 'integer' },
      comm: { type: 'string' },
      audit: {
        type: 'object',
        properties: {
          time: { type: 'string', format: 'date-time' },
          serial: { type: 'integer' },
          id: { type: 'string' },
        },
        required: ['time', 'serial', 'id'],
      },
      raw: { type: 'string' },
    },
    required: ['version', 'event'],
    additionalProperties: true,
  },
  async run(call) {
    const { options, json, out, world } = call
    const filter = readFilter(options)
    const source = options.follow ? live(options, filter) : readLog(options.file, filter, world)
    if (json) for await (const record of source) out.record({ version: 1, ...record })
    else if (options.all) for await (const record of source) out.line(...lineOf(record))
    else if (options.follow) await showAsItComes(source, out)
    else await showFolded(source, call)
  },
})
export default LOG

function live({ file }: LogCall['options'], filter: RecordFilter): AsyncIterable<LogRecord> {
  if (file === '-')
    throw new UsageError('--follow needs a file: what comes on stdin is followed anyway')
  // A path has a slash in it: a word names a kind of source.
  return follow({
    ...filter,
    ...(file !== undefined && { source: file.includes('/') ? file : `./${file}` }),
  })
}

function readFilter({
  profile,
  process: pids,
  event,
  class: kind,
  since,
}: LogCall['options']): RecordFilter {
  return {
    ...(profile && { profile }),
    ...(pids && { pid: pids.map(readPid) }),
    ...(event && { event: event as NonNullable<RecordFilter['event']> }),
    ...(kind && { class: kind as NonNullable<RecordFilter['class']> }),
    ...(since !== undefined && { since: readTime(since) }),
  }
}

function readPid(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new UsageError(`'${text}' is no process number`)
  return Number(text)
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function readTime(text: string): Date {
  const [, number, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? []
  const time =
    number === undefined
      ? new Date(text)
      : new Date(Date.now() - Number(number) * (UNITS[unit] as number))
  if (Number.isNaN(time.getTime()))
    throw new UsageError(`'${text}' is no time: 10m, 2h, 3d, or 2026-11-27T08:00`)
  return time
}

/** Each kind of record once, in the order of the newest of each, with how often it was there. */
async function showFolded(source: AsyncIterable<LogRecord>, { out, err }: LogCall): Promise<void> {
  const kinds = new Map<string, { record: LogRecord; times: number }>()
  let total = 0
  for await (const record of source) {
    const key = likeness(record)
    const times = (kinds.get(key)?.times ?? 0) + 1
    kinds.delete(key)
    kinds.set(key, { record, times })
    total++
  }
  for (const { record, times } of kinds.values()) out.line(...lineOf(record), repeated(times))
  err.line(dim(`${count(total, 'record')}, ${kinds.size} different`))
}

const repeated = (times: number): Span => (times > 1 ? yellow(`  ×${times}`) : '')

/** Each line when it comes, and of what says the same as the line before only how often. */
async function showAsItComes(source: AsyncIterable<LogRecord>, out: Screen): Promise<void> {
  let last = ''
  let again = 0
  const tell = (): void => {
    if (again > 0) out.line(dim(`  and ${count(again, 'time')} more`))
    again = 0
  }
  for await (const record of source) {
    const key = likeness(record)
    if (key === last) again++
    else {
      tell()
      out.line(...lineOf(record))
      last = key
    }
  }
  tell()
}
