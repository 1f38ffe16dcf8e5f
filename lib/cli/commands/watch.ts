import { status, watch, type Mode, type Status } from '../../index.ts'
import { command, UsageError, type Command } from '../command.ts'
import { count } from '../group.ts'
import { DRAFT, exactly } from '../json.ts'
import { MODES, modeSpan } from '../mode.ts'
import { bold, dim, red, yellow, type Screen } from '../screen.ts'

const NUMBERS = { type: 'object', additionalProperties: { type: 'integer' } }

const WATCH: Command = command({
  name: 'watch',
  summary: 'Show what is loaded and what is confined, as it changes',
  description: [
    'It shows a change of policy at once, and processes every few seconds. On a terminal it redraws the screen; ' +
      'otherwise it prints each change as a line. Ctrl-C ends it.',
  ],
  options: {
    interval: {
      type: 'string',
      short: 'i',
      value: 'SECONDS',
      help: 'how many seconds between looks at the processes; default 2',
    },
  },
  examples: [
    { run: 'apparmor watch', what: 'on a terminal' },
    { run: 'apparmor watch --json', what: 'one object a line, one for each change' },
  ],
  exits: { 2: 'it could not be found out', 130: 'ended by Ctrl-C' },
  stream: true,
  schema: {
    $schema: DRAFT,
    title: 'apparmor watch --json, each line',
    ...exactly({
      version: { const: 1 },
      time: { type: 'string', format: 'date-time' },
      revision: { type: ['integer', 'null'] },
      counts: exactly({ profiles: NUMBERS, processes: NUMBERS }),
    }),
  },
  async run({ options: { interval = '2' }, json, out }) {
    const seconds = Number(interval)
    if (!(seconds >= 0.1 && seconds <= 86_400)) {
      throw new UsageError(`--interval is a number of seconds, not '${interval}'`)
    }
    let last = ''
    for await (const found of looks(seconds * 1000)) {
      const { counts, revision } = found
      const now = JSON.stringify([counts, revision?.after])
      if (now === last) continue
      last = now
      if (json) {
        out.record({ version: 1, time: new Date(), revision: revision?.after ?? null, counts })
      } else if (out.isTerminal) draw(found, out)
      else out.line(sentence(found))
    }
  },
})
export default WATCH

/** A look at each change of policy, and after each pause. */
async function* looks(pause: number): AsyncGenerator<Status> {
  const policy = watch({ ref: true })
  let next = policy.next()
  for (;;) {
    let timer: NodeJS.Timeout | undefined
    const rest = new Promise<null>((resolve) => (timer = setTimeout(resolve, pause, null)))
    const change = await Promise.race([next, rest])
    clearTimeout(timer)
    if (change?.done) return
    if (change) next = policy.next()
    yield await status()
  }
}

function sentence({ counts, revision }: Status): string {
  const numbers = (of: { readonly [Name in Mode]?: number }): string =>
    MODES.flatMap((mode) => (of[mode] ? [`${of[mode]} ${mode}`] : [])).join(', ') || 'none'
  const { expected, partial } = counts.processes
  return [
    new Date().toISOString(),
    `revision ${revision?.after ?? '?'}`,
    `profiles: ${numbers(counts.profiles)}`,
    `processes: ${numbers(counts.processes)}`,
    ...(expected > 0 ? [`${expected} should be confined`] : []),
    ...(partial > 0 ? [`${partial} half confined`] : []),
  ].join('  ')
}

function draw({ counts, processes, profiles, revision }: Status, out: Screen): void {
  out.clear()
  out.line(
    bold('AppArmor'),
    dim(`  revision ${revision?.after ?? '?'}  ${new Date().toLocaleTimeString()}`),
  )
  out.line()
  out.table(
    [{ title: 'MODE' }, { title: 'PROFILES', right: true }, { title: 'PROCESSES', right: true }],
    MODES.map((mode) => [
      modeSpan(mode),
      String(
        profiles === null
          ? '?'
          : ((counts.profiles as { readonly [Name in Mode]?: number })[mode] ?? 0),
      ),
      String(counts.processes[mode]),
    ]),
  )
  const { expected, partial } = counts.processes
  if (expected > 0)
    out.line(red(`${count(expected, 'process', 'processes')} should be confined: restart them`))
  if (partial > 0) out.line(yellow(`${count(partial, 'process', 'processes')} half confined`))
  out.line()
  const busy = processes.filter(({ mode }) => mode !== null)
  out.table(
    [{ title: 'PID', right: true }, { title: 'COMMAND' }, { title: 'LABEL' }],
    busy.slice(0, ROWS).map(({ pid, command: name, label }) => [String(pid), name, label ?? '?']),
  )
  if (busy.length > ROWS) out.line(dim(`and ${busy.length - ROWS} more`))
}

const ROWS = 10
