import { explain, follow, type LogRecord, type RecordFilter } from '../../audit/node.ts'
import { command, UsageError, type Call, type Command, type Options } from '../command.ts'
import { count } from '../group.ts'
import { DRAFT } from '../json.ts'
import { filterOf, LOG_OPTIONS } from '../log_options.ts'
import { readLog } from '../log_source.ts'
import { Progress } from '../progress.ts'
import { fixOf, likeness, lineOf } from '../record.ts'
import { cyan, dim, yellow, type Screen, type Span } from '../screen.ts'

const EVENTS = ['denied', 'allowed', 'audit', 'killed', 'status', 'error', 'unknown']
const CLASSES =
  'file exec net unix cap signal ptrace mount dbus mqueue io_uring userns rlimit change_profile change_hat attr policy unknown'.split(
    ' ',
  )

const OPTIONS = {
  follow: { type: 'boolean', short: 'f', help: 'print new records as they come' },
  ...LOG_OPTIONS,
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
  all: { type: 'boolean', short: 'a', help: 'every record: do not fold equal ones' },
  explain: {
    type: 'boolean',
    help: 'explain each record in sentences, and what a rule would permit',
  },
} as const satisfies Options

type LogCall = Call<typeof OPTIONS>

const LOG: Command = command({
  name: 'log',
  summary: 'Show what AppArmor has refused or reported',
  description: [
    'It prints one line for each record. Equal records are one line with a count. With --follow it prints each ' +
      'record as it is written, and counts repeats afterwards. Below a refusal it prints the rule that would permit ' +
      'it. The refused program chose the names in that rule, so read it before you add it to a profile. On most ' +
      'machines, reading the log needs root.',
  ],
  options: OPTIONS,
  examples: [
    { run: 'sudo apparmor log', what: 'all that is in the log' },
    { run: 'sudo apparmor log -f -e denied', what: 'refusals, as they happen' },
    { run: 'sudo apparmor log -p web --since 1h', what: 'of one profile, in the last hour' },
    { run: 'sudo apparmor log --explain -e denied', what: 'in sentences' },
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
      explanation: {
        type: 'object',
        properties: {
          what: { type: 'string' },
          who: { type: 'string' },
          why: { type: 'string' },
          rules: { type: 'array', items: { type: 'string' } },
          meaning: { type: 'string' },
          text: { type: 'string' },
        },
        required: ['what', 'who', 'why', 'rules', 'meaning', 'text'],
      },
    },
    required: ['version', 'event'],
    additionalProperties: true,
  },
  async run(call) {
    const { options, json, out, world } = call
    const filter = readFilter(options)
    const source = options.follow ? live(options, filter) : readLog(options.file, filter, world)
    if (json) {
      for await (const record of source) {
        const explanation = options.explain ? { explanation: explain(record) } : {}
        out.record({ version: 1, ...record, ...explanation })
      }
      return
    }
    const comment = options.explain ? showExplanation : showFix
    if (options.all) {
      for await (const record of source) {
        out.line(...lineOf(record))
        if (options.explain) comment(record, out)
      }
    } else if (options.follow) await showAsItComes(source, out, comment)
    else await showFolded(source, call, comment)
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
  process: pids,
  event,
  class: kind,
  ...common
}: LogCall['options']): RecordFilter {
  return {
    ...filterOf(common),
    ...(pids && { pid: pids.map(readPid) }),
    ...(event && { event: event as NonNullable<RecordFilter['event']> }),
    ...(kind && { class: kind as NonNullable<RecordFilter['class']> }),
  }
}

function readPid(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new UsageError(`'${text}' is no process number`)
  return Number(text)
}

type Comment = (record: LogRecord, out: Screen) => void

/** The rules that would permit it. */
function showFix(record: LogRecord, out: Screen): void {
  for (const rule of fixOf(record)) out.line(dim('    fix: '), cyan(rule))
}

function showExplanation(record: LogRecord, out: Screen): void {
  for (const text of explain(record).text.split('\n')) out.paragraph(text, '    ')
}

/** Each kind of record once, in the order of the newest of each, with how often it was there. */
async function showFolded(
  source: AsyncIterable<LogRecord>,
  { out, err }: LogCall,
  comment: Comment,
): Promise<void> {
  const progress = new Progress(err)
  const kinds = new Map<string, { record: LogRecord; times: number }>()
  let total = 0
  for await (const record of source) {
    const key = likeness(record)
    const times = (kinds.get(key)?.times ?? 0) + 1
    kinds.delete(key)
    kinds.set(key, { record, times })
    total++
    progress.show(() => `${count(total, 'record')} read`)
  }
  progress.clear()
  for (const { record, times } of kinds.values()) {
    out.line(...lineOf(record), repeated(times))
    comment(record, out)
  }
  err.line(dim(`${count(total, 'record')}, ${kinds.size} different`))
}

const repeated = (times: number): Span => (times > 1 ? yellow(`  ×${times}`) : '')

/** Each line when it comes, and of what says the same as the line before only how often. */
async function showAsItComes(
  source: AsyncIterable<LogRecord>,
  out: Screen,
  comment: Comment,
): Promise<void> {
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
      comment(record, out)
      last = key
    }
  }
  tell()
}
