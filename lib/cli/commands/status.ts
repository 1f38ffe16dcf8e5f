import {
  availability,
  status as look,
  type ConfinedProcess,
  type LoadedProfile,
  type Status,
} from '../../index.ts'
import { command, UsageError, type Call, type Command, type Options } from '../command.ts'
import { MODES, modeSpan } from '../mode.ts'
import { count, groupBy } from '../group.ts'
import {
  documentSchema,
  exactly,
  listOf,
  PROCESS,
  processJson,
  PROFILE,
  profileJson,
} from '../json.ts'
import { bold, dim, red, yellow, type Screen, type Span } from '../screen.ts'

const OPTIONS = {
  json: {
    type: 'boolean',
    choices: ['aa'],
    help: 'print JSON; --json=aa prints the format of aa-status --json, but always valid',
  },
  'pretty-json': { type: 'boolean', help: 'like --json=aa, indented' },
  enabled: { type: 'boolean', help: 'print nothing; the exit status tells whether AppArmor is on' },
  profiled: { type: 'boolean', help: 'print how many profiles are loaded' },
  enforced: { type: 'boolean', help: 'print how many profiles are in enforce mode' },
  complaining: { type: 'boolean', help: 'print how many profiles are in complain mode' },
  kill: { type: 'boolean', help: 'print how many profiles are in kill mode' },
  prompt: { type: 'boolean', help: 'print how many profiles are in prompt mode' },
  'special-unconfined': { type: 'boolean', help: 'print how many profiles are in unconfined mode' },
  'process-mixed': { type: 'boolean', help: 'print how many processes are in a mixed mode' },
  count: { type: 'boolean', help: 'print the counts only' },
  show: {
    type: 'string',
    choices: ['all', 'profiles', 'processes'],
    help: 'only one kind; default: both',
  },
  'filter.mode': { type: 'string', value: 'REGEX', help: 'only what is in a matching mode' },
  'filter.profiles': { type: 'string', value: 'REGEX', help: 'only matching profiles' },
  'filter.pid': {
    type: 'string',
    value: 'REGEX',
    help: 'only processes with a matching process id',
  },
  'filter.exe': { type: 'string', value: 'REGEX', help: 'only processes of a matching program' },
  verbose: { type: 'boolean', short: 'v', help: 'print everything; the default' },
  quiet: { type: 'boolean', help: 'no messages about errors' },
} as const satisfies Options

type StatusCall = Call<typeof OPTIONS>

// aa-status's own.
const DISABLED = 1
const NO_POLICY = 2
const NO_INTERFACE = 3
const NO_PERMISSION = 4

const NUMBERS: Readonly<Record<string, (found: Status) => number>> = {
  profiled: ({ profiles }) => profiles?.length ?? 0,
  enforced: ({ counts }) => counts.profiles.enforce,
  complaining: ({ counts }) => counts.profiles.complain,
  kill: ({ counts }) => counts.profiles.kill,
  prompt: ({ counts }) => counts.profiles.prompt,
  'special-unconfined': ({ counts }) => counts.profiles.unconfined,
  'process-mixed': ({ counts }) => counts.processes.mixed,
}

const NUMBERS_BY_MODE = { type: 'object', additionalProperties: { type: 'integer' } }

const STATUS: Command = command({
  name: 'status',
  summary: 'Show what is loaded and what is confined',
  description: [
    'It lists the profiles by mode, and the processes under each. Problems come last: processes that should be ' +
      'confined and are not, and processes with only some threads confined.',
    'The options and exit statuses of aa-status work.',
  ],
  options: OPTIONS,
  examples: [
    { run: 'apparmor status', what: 'everything, by mode' },
    {
      run: 'apparmor status --filter.profiles=^web',
      what: 'only profiles whose name begins with web',
    },
    { run: 'apparmor status --enabled && echo on', what: 'for a script' },
    { run: 'apparmor status --json | jq .counts', what: 'counts' },
  ],
  exits: {
    0: 'AppArmor is on and policy is loaded',
    [DISABLED]: 'AppArmor is not on',
    [NO_POLICY]: 'no policy is loaded',
    [NO_INTERFACE]: 'the policy interface is not visible',
    [NO_PERMISSION]: 'the policy may not be read',
    42: 'it could not be found out',
  },
  schema: documentSchema('status', {
    counts: exactly({ profiles: NUMBERS_BY_MODE, processes: NUMBERS_BY_MODE }),
    profiles: { type: ['array', 'null'], items: PROFILE },
    processes: listOf(PROCESS),
    consistent: { type: ['boolean', 'null'] },
    hidden: { type: 'boolean' },
    problem: { type: ['string', 'null'] },
  }),
  failed: 42,
  async run(call) {
    const { options, out, err } = call
    const quiet = options.quiet === true
    const found = availability()
    if (!found.enabled) {
      const { code, reason } = found
      if (call.json && !options.enabled) err.record({ error: { code, message: reason } })
      else if (!quiet && !options.enabled) err.line(`AppArmor is not on: ${reason}`)
      return DISABLED
    }
    if (options.enabled) return found.mountpoint === null ? NO_INTERFACE : 0
    const all = await look()
    const exit = exitOf(all)
    const number = Object.keys(NUMBERS).find((name) => options[name as keyof typeof options])
    if (number !== undefined) {
      out.line(String(NUMBERS[number]?.(all)))
      return exit
    }
    const wanted = filtered(all, options)
    if (options['pretty-json'] || options.json === 'aa') out.json(aaJson(wanted, options))
    else if (call.json) out.json(ownJson(wanted))
    else if (options.count) showCounts(wanted, call)
    else show(wanted, call)
    return exit
  },
})

export default STATUS

function exitOf({ profiles, policyError }: Status): number {
  if (policyError) return /^(EACCES|EPERM)$/.test(policyError.code) ? NO_PERMISSION : NO_INTERFACE
  return profiles?.length === 0 ? NO_POLICY : 0
}

function filtered(found: Status, options: StatusCall['options']): Status {
  const test = (name: keyof typeof OPTIONS): RegExp => {
    const source = options[name]
    try {
      return new RegExp(typeof source === 'string' ? source : '', 'u')
    } catch {
      throw new UsageError(`--${name} is no regular expression: '${String(source)}'`)
    }
  }
  const [mode, label, pid, exe] = [
    test('filter.mode'),
    test('filter.profiles'),
    test('filter.pid'),
    test('filter.exe'),
  ]
  const { show: part = 'all' } = options
  const processes = found.processes.filter(
    (one) =>
      one.kind === 'program' &&
      part !== 'profiles' &&
      mode.test(one.mode ?? 'unconfined') &&
      (label.test(one.label ?? '') || (one.expected !== null && label.test(one.expected))) &&
      pid.test(String(one.pid)) &&
      exe.test(one.executable ?? one.command),
  )
  const profiles =
    part === 'processes'
      ? []
      : (found.profiles?.filter((one) => mode.test(one.mode) && label.test(one.label)) ?? null)
  return { ...found, profiles, processes }
}

const ownJson = (found: Status): object => ({
  version: 1,
  counts: found.counts,
  profiles: found.profiles?.map(profileJson) ?? null,
  processes: found.processes.map(processJson),
  consistent: found.consistent,
  hidden: found.hidden,
  problem: found.policyError?.message ?? null,
})

/** As aa-status prints it, but with each program once, and names that are strings of JSON. */
function aaJson(found: Status, { count }: StatusCall['options']): object {
  const profiles = found.profiles ?? []
  const listed = found.processes.filter((one) => isConfined(one) || one.expected !== null)
  if (count) {
    return {
      version: '2',
      profiles: Object.fromEntries(
        AA_PROFILE_MODES.map((mode) => [
          `${mode}_count`,
          profiles.filter((p) => p.mode === mode).length,
        ]),
      ),
      processes: listed.length,
    }
  }
  const processes: Record<string, object[]> = Object.create(null)
  for (const one of listed) {
    ;(processes[one.executable ?? one.command] ??= []).push({
      profile: one.expected ?? one.label,
      pid: String(one.pid),
      status: one.mode ?? 'unconfined',
    })
  }
  return {
    version: '2',
    profiles: Object.fromEntries(profiles.map(({ label, mode }) => [label, mode])),
    processes,
  }
}

const AA_PROFILE_MODES = ['enforce', 'complain', 'kill', 'prompt', 'unconfined']

const isConfined = ({ mode }: ConfinedProcess): boolean => mode !== null

function showCounts({ profiles, processes }: Status, { out }: StatusCall): void {
  const rows = MODES.map((mode) => [
    modeSpan(mode),
    String(profiles?.filter((one) => one.mode === mode).length ?? '?'),
    String(processes.filter((one) => one.mode === mode).length),
  ]).filter(([, a, b]) => a !== '0' || b !== '0')
  out.table(
    [{ title: 'MODE' }, { title: 'PROFILES', right: true }, { title: 'PROCESSES', right: true }],
    rows,
  )
}

function show(found: Status, { out, err, options }: StatusCall): void {
  const { profiles, processes, policyError, hidden, consistent } = found
  const confined = processes.filter(isConfined)
  out.line(
    bold('AppArmor is on'),
    profiles ? `: ${count(profiles.length, 'profile')}, ` : ': ',
    `${confined.length} of ${count(processes.length, 'process', 'processes')} confined`,
  )
  if (policyError && !options.quiet)
    err.line(yellow(`Profiles are not shown. ${policyError.message}`))
  showModes(found, out)
  showExpected(processes, out)
  showPartial(processes, out)
  if (hidden) out.line(dim('/proc hides processes from you: there may be more. Root sees all.'))
  const unreadable = processes.filter(({ label }) => label === null).length
  if (unreadable > 0) out.line(dim(`${count(unreadable, 'label')} may not be read: root may.`))
  if (consistent === false) out.line(dim('Policy was changed during this look.'))
}

function showModes({ profiles, processes }: Status, out: Screen): void {
  const known = new Set(profiles?.map(({ label }) => label))
  const others = processes.filter((one) => isConfined(one) && !known.has(one.label as string))
  for (const mode of MODES) {
    const loaded = profiles?.filter((one) => one.mode === mode) ?? []
    const stacked = groupBy(
      others.filter((one) => one.mode === mode),
      (one) => one.label,
    )
    if (loaded.length + stacked.size === 0) continue
    out.line()
    out.line(bold(heading(mode, loaded)))
    out.table(
      [{ title: '' }, { title: '', shrink: true }],
      [
        ...loaded.map(({ label }) => [label, list(processes, label)]),
        ...Array.from(stacked.keys(), (label) => [label ?? '', list(processes, label)]),
      ],
      '  ',
    )
  }
}

const heading = (mode: string, loaded: readonly LoadedProfile[]): string =>
  `${mode} (${count(loaded.length, 'profile')})`

const SHOWN = 6

function list(processes: readonly ConfinedProcess[], label: string | null): Span {
  const own = processes.filter((one) => one.label === label)
  const shown = own.slice(0, SHOWN).map(({ pid, command }) => `${pid} ${command}`)
  if (own.length > SHOWN) shown.push(`and ${own.length - SHOWN} more`)
  return dim(shown.join(', '))
}

function showExpected(processes: readonly ConfinedProcess[], out: Screen): void {
  const found = processes.filter(({ expected }) => expected !== null)
  if (found.length === 0) return
  out.line()
  out.line(
    red(`not confined, although a profile is meant for them (${found.length}): restart them`),
  )
  out.table(
    [{ title: 'PID', right: true }, { title: 'PROGRAM', shrink: true }, { title: 'PROFILE' }],
    found.map(({ pid, executable, command, expected }) => [
      String(pid),
      executable ?? command,
      expected ?? '',
    ]),
    '  ',
  )
}

function showPartial(processes: readonly ConfinedProcess[], out: Screen): void {
  const found = processes.filter(({ differing }) => differing.length > 0)
  if (found.length === 0) return
  out.line()
  out.line(yellow(`threads under another label than their process (${found.length})`))
  out.table(
    [
      { title: 'PID', right: true },
      { title: 'COMMAND' },
      { title: 'PROCESS' },
      { title: 'THREADS' },
    ],
    found.map(({ pid, command, label, differing }) => [
      String(pid),
      command,
      label ?? '?',
      Array.from(
        groupBy(differing, (one) => one.label),
        ([other, those]) => `${those.length} ${other}`,
      ).join(', '),
    ]),
    '  ',
  )
}
