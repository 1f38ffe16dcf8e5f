import { processes, type ConfinedProcess } from '../../index.ts'
import { fs } from '../../border/node.ts'
import { command, NO, UsageError, type Command } from '../command.ts'
import { groupBy } from '../group.ts'
import { documentSchema, listOf, PROCESS, processJson } from '../json.ts'
import { modeSpan } from '../mode.ts'
import { bold, cyan, dim, red, yellow, type Cell, type Screen, type Span } from '../screen.ts'

const PS: Command = command({
  name: 'ps',
  summary: 'List processes and what confines them',
  description: [
    'Without an option it lists confined processes, processes that should be confined and are not (!), and ' +
      'processes with only some threads confined (~).',
  ],
  operands: [
    {
      name: 'PID',
      help: 'only these processes',
      optional: true,
      multiple: true,
      complete: 'process',
    },
  ],
  options: {
    all: { type: 'boolean', short: 'a', help: 'unconfined processes, too' },
    tree: {
      type: 'boolean',
      short: 't',
      help: 'as a tree, below the processes that started them',
    },
    profile: {
      type: 'string',
      short: 'p',
      value: 'PROFILE',
      complete: 'profile',
      help: 'only processes under it',
    },
  },
  examples: [
    { run: 'apparmor ps', what: 'what is confined' },
    { run: 'apparmor ps --tree', what: 'and by whom it was started' },
    { run: 'apparmor ps -p web', what: 'under one profile, in a stack, too' },
  ],
  exits: { 0: 'listed', [NO]: 'there are none', 2: 'it could not be found out' },
  schema: documentSchema('ps', {
    processes: listOf({
      ...PROCESS,
      properties: { ...(PROCESS.properties as object), container: { type: ['string', 'null'] } },
      required: [...(PROCESS.required as string[]), 'container'],
    }),
  }),
  async run({ operands, options: { all, tree, profile }, json, out }) {
    const pids = operands.map(readPid)
    const list = (await processes(profile === undefined ? {} : { label: profile })).filter(
      ({ kind }) => kind === 'program',
    )
    const wanted = list.filter((one) =>
      pids.length > 0 ? pids.includes(one.pid) : all || profile !== undefined || isOfInterest(one),
    )
    if (json) {
      const full = wanted.map((one) => ({ ...processJson(one), container: containerOf(one.pid) }))
      out.json({ version: 1, processes: full })
    } else if (tree) showTree(wanted, profile === undefined ? list : await processes(), out)
    else showTable(wanted, out)
    return wanted.length > 0 ? 0 : NO
  },
})
export default PS

function readPid(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new UsageError(`'${text}' is no process number`)
  return Number(text)
}

const isOfInterest = ({ mode, label, expected, differing }: ConfinedProcess): boolean =>
  mode !== null || label === null || expected !== null || differing.length > 0

// How the runtimes name the control groups of their containers.
const CONTAINER =
  /\b(docker|libpod|crio|cri-containerd|containerd|nerdctl|lxc\.payload|machine)[-./](?:[^/]*?)([0-9a-f]{12,64}|[^/]+?)(?:\.scope)?(?:\/|$)/m

function containerOf(pid: number): string | null {
  try {
    const [, runtime, id = ''] =
      CONTAINER.exec(fs.readFileSync(`/proc/${pid}/cgroup`, 'utf8')) ?? []
    return runtime === undefined ? null : `${runtime}:${id.slice(0, 12)}`
  } catch {
    return null // it has ended, or /proc hides it
  }
}

/** What stands out: it should be confined, or only a part of it is. */
function sign({ expected, differing }: ConfinedProcess): Span {
  return expected !== null ? red('!') : differing.length > 0 ? yellow('~') : ' '
}

function labelCell({ label, expected, differing }: ConfinedProcess): Cell {
  if (label === null) return dim('may not be read')
  if (expected !== null) return [label, red(` should be ${expected}`)]
  const others = new Set(differing.map((thread) => thread.label))
  return others.size > 0 ? [label, yellow(` threads: ${Array.from(others).join(', ')}`)] : label
}

function showTable(list: readonly ConfinedProcess[], out: Screen): void {
  const containers = new Map(list.map(({ pid }) => [pid, containerOf(pid)]))
  const inContainers = list.some(({ pid }) => containers.get(pid) !== null)
  out.table(
    [
      { title: '' },
      { title: 'PID', right: true },
      { title: 'USER', right: true },
      { title: 'MODE' },
      { title: 'PROGRAM', shrink: true },
      ...(inContainers ? [{ title: 'CONTAINER' }] : []),
      { title: 'LABEL' },
    ],
    list.map((one) => [
      sign(one),
      String(one.pid),
      String(one.uid ?? '?'),
      modeSpan(one.mode),
      one.executable ?? one.command,
      ...(inContainers ? [containers.get(one.pid) ?? ''] : []),
      labelCell(one),
    ]),
  )
}

function showTree(
  wanted: readonly ConfinedProcess[],
  all: readonly ConfinedProcess[],
  out: Screen,
): void {
  const byPid = new Map(all.map((one) => [one.pid, one]))
  const shown = new Set<ConfinedProcess>()
  for (const one of wanted) {
    let at: ConfinedProcess | undefined = byPid.get(one.pid)
    for (; at && !shown.has(at); at = byPid.get(at.parent ?? 0)) shown.add(at)
  }
  const children = groupBy(shown, ({ parent }) => parent ?? 0)
  const draw = (one: ConfinedProcess, indent: string, branch: string): void => {
    const container = containerOf(one.pid)
    const label: Cell =
      one.mode === null && one.expected === null ? dim('unconfined') : labelCell(one)
    out.line(
      dim(indent + branch),
      dim(`${one.pid} `),
      bold(one.command),
      '  ',
      ...((Array.isArray(label) ? label : [label]) as Span[]),
      one.mode === null ? '' : ' ',
      modeSpan(one.mode),
      container === null ? '' : cyan(`  ${container}`),
    )
    const own = children.get(one.pid) ?? []
    const below = branch === '' ? '' : branch.startsWith('└') ? '   ' : '│  '
    for (const [i, child] of own.entries()) {
      draw(child, indent + below, i === own.length - 1 ? '└─ ' : '├─ ')
    }
  }
  for (const one of shown)
    if (!shown.has(byPid.get(one.parent ?? 0) as ConfinedProcess)) draw(one, '', '')
}
