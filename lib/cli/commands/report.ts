import { status, type ConfinedProcess, type LoadedProfile } from '../../index.ts'
import type { AuditRecord } from '../../audit/node.ts'
import { ARROW, arrowsOf, type Arrow } from '../arrows.ts'
import { command, type Call, type Command, type Options } from '../command.ts'
import { count } from '../group.ts'
import {
  documentSchema,
  exactly,
  listOf,
  PROCESS,
  processJson,
  PROFILE,
  profileJson,
} from '../json.ts'
import { filterOf, LOG_OPTIONS } from '../log_options.ts'
import { readLog } from '../log_source.ts'
import { barsOf, chart, said } from '../page/chart.ts'
import { html } from '../page/escape.ts'
import { graphSvg } from '../page/graph.ts'
import { page, stage, table } from '../page/page.ts'
import { Progress } from '../progress.ts'
import { BASE, BASE_OPTION, putText, readDirectory } from '../read_policy.ts'
import { act, fixOf, likeness } from '../record.ts'
import { safe } from '../screen.ts'

const OPTIONS = {
  ...LOG_OPTIONS,
  base: BASE_OPTION,
  output: {
    type: 'string',
    short: 'o',
    value: 'FILE',
    complete: 'file',
    help: 'write the page there; default: stdout',
  },
} as const satisfies Options

type ReportCall = Call<typeof OPTIONS>

/** Records that say the same. */
interface Kind {
  readonly record: AuditRecord
  times: number
  last: Date | null
}

interface Found {
  readonly problems: readonly string[]
  readonly profiles: readonly LoadedProfile[] | null
  readonly processes: readonly ConfinedProcess[]
  readonly kinds: readonly Kind[]
  readonly minutes: ReadonlyMap<number, { denied: number; allowed: number }>
  readonly arrows: readonly Arrow[]
}

const REPORT: Command = command({
  name: 'report',
  summary: 'Write a page about what is confined and what was refused',
  description: [
    'It writes one HTML file for any browser: profiles, processes, refusals over time, and transitions between ' +
      'profiles. The page loads nothing and sends nothing. It contains names of programs, files and processes of ' +
      'this machine, so think before you pass it on. It says what could not be read.',
  ],
  options: OPTIONS,
  examples: [
    { run: 'sudo apparmor report -o report.html', what: 'all of it' },
    { run: 'sudo apparmor report --since 1d -p web -o web.html', what: 'refusals of one profile' },
    { run: 'sudo apparmor report --json', what: 'the same, for a program' },
  ],
  exits: { 0: 'made', 2: 'the file could not be written' },
  schema: documentSchema('report', {
    time: { type: 'string', format: 'date-time' },
    problems: listOf({ type: 'string' }),
    profiles: { type: ['array', 'null'], items: PROFILE },
    processes: listOf(PROCESS),
    refusals: listOf(
      exactly({
        event: { type: 'string' },
        profile: { type: ['string', 'null'] },
        command: { type: ['string', 'null'] },
        what: { type: 'string' },
        times: { type: 'integer' },
        last: { type: ['string', 'null'] },
        rules: listOf({ type: 'string' }),
      }),
    ),
    overTime: listOf(
      exactly({
        time: { type: 'string', format: 'date-time' },
        denied: { type: 'integer' },
        allowed: { type: 'integer' },
      }),
    ),
    edges: listOf(ARROW),
  }),
  async run(call) {
    const { options, json, out, err } = call
    const found = await collect(call)
    if (json) return out.json(reportJson(found))
    const text = pageOf(found)
    if (options.output === undefined) return out.text(text)
    putText(options.output, text)
    err.line(`written: ${options.output}`)
  },
})
export default REPORT

async function collect({ options, err, world }: ReportCall): Promise<Found> {
  const { base = BASE } = options
  const progress = new Progress(err)
  const problems: string[] = []
  const attempt = async <T>(what: string, run: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await run()
    } catch (error) {
      problems.push(`${what}: ${(error as Error).message}`)
      return otherwise
    }
  }
  const state = await attempt('AppArmor', status, null)
  if (state?.policyError) problems.push(`Policy: ${state.policyError.message}`)
  const kinds = new Map<string, Kind>()
  const minutes = new Map<number, { denied: number; allowed: number }>()
  let total = 0
  await attempt(
    'Log',
    async () => {
      const filter = { ...filterOf(options), event: ['denied', 'killed', 'allowed'] as const }
      for await (const record of readLog(options.file, filter, world)) {
        total++
        progress.show(() => `${count(total, 'record')} read`)
        if (record.event === 'lost') continue
        add(record, kinds, minutes)
      }
    },
    undefined,
  )
  progress.show(() => 'reading policy')
  const arrows = await attempt(
    'Policy files',
    async () => {
      const read = readDirectory(base)
      for (const { file } of read.problems) problems.push(`${file} could not be read`)
      return arrowsOf(read.policies.map(({ policy }) => policy)).filter(
        ({ from, to }) => from !== to,
      )
    },
    [],
  )
  progress.clear()
  return {
    problems,
    profiles: state?.profiles ?? null,
    processes: (state?.processes ?? []).filter(({ kind }) => kind === 'program'),
    kinds: Array.from(kinds.values()).sort((a, b) => b.times - a.times),
    minutes,
    arrows,
  }
}

function add(
  record: AuditRecord,
  kinds: Map<string, Kind>,
  minutes: Map<number, { denied: number; allowed: number }>,
): void {
  const time = record.audit?.time ?? null
  const key = likeness(record)
  const kind = kinds.get(key) ?? { record, times: 0, last: null }
  kinds.set(key, kind)
  kind.times++
  kind.last = time ?? kind.last
  if (time === null || Number.isNaN(time.getTime())) return
  const minute = Math.floor(time.getTime() / 60_000)
  const bar = minutes.get(minute) ?? { denied: 0, allowed: 0 }
  minutes.set(minute, bar)
  bar[record.event === 'allowed' ? 'allowed' : 'denied']++
}

const labelOf = ({ namespace, profile }: AuditRecord): string =>
  [namespace, profile].filter(Boolean).join(':')

const reportJson = ({ problems, profiles, processes, kinds, minutes, arrows }: Found): object => ({
  version: 1,
  time: new Date(),
  problems,
  profiles: profiles && profiles.map(profileJson),
  processes: processes.map(processJson),
  refusals: kinds.map(({ record, times, last }) => ({
    event: record.event,
    profile: labelOf(record) || null,
    command: record.comm ?? null,
    what: act(record),
    times,
    last,
    rules: fixOf(record),
  })),
  overTime: barsOf(minutes),
  edges: arrows,
})

// More rows than that are for a program: --json has them all.
const MOST = 2000

const code = (text: string): string => `<code>${html(text)}</code>`

function pageOf(found: Found): string {
  const { problems, profiles, processes, kinds, minutes, arrows } = found
  const confined = processes.filter(({ mode }) => mode !== null)
  const astray = processes.filter(
    ({ expected, differing }) => expected !== null || differing.length > 0,
  )
  const refused = kinds.reduce((sum, { times }) => sum + times, 0)
  const card = (number: string, what: string, kind = ''): string =>
    `<div class="card"><b class="${kind}">${html(number)}</b>${html(what)}</div>`
  const body = [
    ...problems.map((text) => `<p class="bad">${html(text)}</p>`),
    '<div class="cards">',
    card(profiles === null ? '?' : String(profiles.length), 'profiles'),
    card(String(confined.length), 'processes confined', 'good'),
    card(String(astray.length), 'not as they should be', astray.length > 0 ? 'bad' : ''),
    card(String(refused), 'refusals', refused > 0 ? 'warn' : ''),
    '</div>',
    ...section('What was refused', kinds, refusals(kinds, minutes), 'The log has no refusals.'),
    ...section('Processes', processes, processTable(processes), 'No process could be seen.'),
    ...section(
      'Profiles',
      profiles ?? [],
      profileTable(profiles ?? []),
      'No profile could be seen.',
    ),
    ...section(
      'Who may become whom',
      arrows,
      stageOf(arrows),
      'No policy file says anything about it.',
    ),
  ]
  return page({ title: 'AppArmor', summary: `${said(new Date())} UTC`, body: body.join('\n') })
}

const section = (
  title: string,
  rows: readonly unknown[],
  markup: string,
  none: string,
): readonly string[] => [
  `<h2>${html(title)}</h2>`,
  rows.length === 0 ? `<p class="soft">${html(none)}</p>` : markup,
  rows.length > MOST ? `<p class="soft">and ${rows.length - MOST} more</p>` : '',
]

const stageOf = (arrows: readonly Arrow[]): string =>
  arrows.length === 0 ? '' : stage(graphSvg(arrows.slice(0, MOST)))

function refusals(kinds: readonly Kind[], minutes: Found['minutes']): string {
  const rows = kinds.slice(0, MOST).map(({ record, times, last }) => {
    const what = act(record)
    const rules = fixOf(record)
    const kind = record.event === 'allowed' ? 'warn' : 'bad'
    return {
      cells: [
        String(times),
        `<span class="${kind}">${html(record.event)}</span>`,
        code(labelOf(record)),
        `${code(what)}${record.comm === undefined ? '' : ` <span class="soft">by ${html(record.comm)}</span>`}`,
        rules.map(code).join('<br>'),
        last === null ? '' : `<span class="when">${html(said(last))}</span>`,
      ],
      text: safe([record.event, labelOf(record), what, record.comm].join(' ')),
    }
  })
  const headings = ['Event', 'Profile', 'What', 'A rule would be', 'Last'].map((title) => ({
    title,
  }))
  return `${minutes.size > 0 ? chart(barsOf(minutes)) : ''}\n${table([{ title: 'Times', number: true }, ...headings], rows)}`
}

function processTable(processes: readonly ConfinedProcess[]): string {
  const weight = ({ expected, differing, mode }: ConfinedProcess): number =>
    expected !== null ? 0 : differing.length > 0 ? 1 : mode !== null ? 2 : 3
  const sorted = processes.toSorted((a, b) => weight(a) - weight(b) || a.pid - b.pid)
  const rows = sorted
    .slice(0, MOST)
    .map(({ pid, command: name, executable, label, mode, expected, differing }) => {
      const trouble =
        expected !== null
          ? `should run under ${expected}: restart it`
          : differing.length > 0
            ? `${count(differing.length, 'thread')} under another label`
            : ''
      return {
        cells: [
          String(pid),
          code(name),
          code(executable ?? ''),
          code(label ?? '?'),
          html(mode ?? ''),
          `<span class="bad">${html(trouble)}</span>`,
        ],
        text: safe([pid, name, executable, label, mode, trouble].join(' ')),
      }
    })
  const headings = ['Command', 'Program', 'Label', 'Mode', ''].map((title) => ({ title }))
  return table([{ title: 'PID', number: true }, ...headings], rows)
}

function profileTable(profiles: readonly LoadedProfile[]): string {
  const rows = profiles.slice(0, MOST).map(({ label, mode, attachment }) => ({
    cells: [code(label), html(mode), code(attachment ?? '')],
    text: safe([label, mode, attachment].join(' ')),
  }))
  return table([{ title: 'Profile' }, { title: 'Mode' }, { title: 'Attached to' }], rows)
}
