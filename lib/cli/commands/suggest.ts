import { createTwoFilesPatch } from 'diff'
import { apply, suggest, type AuditRecord, type Suggestion } from '../../audit/node.ts'
import { format, type Policy } from '../../policy/node.ts'
import { fs } from '../../border/node.ts'
import { asker } from '../ask.ts'
import {
  command,
  NO,
  Refusal,
  UsageError,
  type Call,
  type Command,
  type Options,
} from '../command.ts'
import { discuss } from '../dialogue.ts'
import { defines } from '../find_profile.ts'
import { count } from '../group.ts'
import { documentSchema, listOf } from '../json.ts'
import { filterOf, LOG_OPTIONS } from '../log_options.ts'
import { readLog } from '../log_source.ts'
import { showPatch } from '../patch.ts'
import { Progress } from '../progress.ts'
import { parse, policyFiles, readText, BASE, BASE_OPTION, writeText } from '../read_policy.ts'
import { likeness } from '../record.ts'
import { bold, dim, green, yellow } from '../screen.ts'
import {
  patternsOf,
  showSuggestions,
  SUGGEST_OPTIONS,
  SUGGESTION,
  suggestOptions,
} from '../suggestion.ts'

const OPTIONS = {
  ...LOG_OPTIONS,
  ...SUGGEST_OPTIONS,
  base: BASE_OPTION,
  print: { type: 'boolean', help: 'only print: ask nothing, write nothing' },
  diff: { type: 'boolean', short: 'd', help: 'only print what would change in the files' },
} as const satisfies Options

type SuggestCall = Call<typeof OPTIONS>

/** A file of policy, and what the records would add to it. */
interface Work {
  /** `null`: no file defines these profiles */
  readonly file: string | null
  readonly before: string
  readonly policy: Policy | null
  readonly suggestions: readonly Suggestion[]
}

const SUGGEST: Command = command({
  name: 'suggest',
  summary: 'Turn refusals into rules',
  description: [
    'It reads the log, and prints the rules that would permit what was refused, or what complain mode let ' +
      'through. It leaves out what the files permit already, and what they deny on purpose.',
    'On a terminal it asks about each rule: allow, ignore, edit in $EDITOR, exact paths, undo. Then it shows the ' +
      'difference, and writes the files if you agree. Elsewhere it only prints. The refused program chose the names ' +
      'in the log, so read them before you agree.',
  ],
  operands: [
    {
      name: 'FILE',
      help: `files of policy; default: all of ${BASE}`,
      optional: true,
      multiple: true,
      complete: 'file',
    },
  ],
  options: OPTIONS,
  examples: [
    { run: 'sudo apparmor suggest', what: 'go through the whole log' },
    { run: 'sudo apparmor suggest -p web --since 1h', what: 'of one profile, in the last hour' },
    {
      run: 'apparmor suggest --file audit.log --diff web.profile',
      what: 'a patch, on any machine',
    },
    { run: 'apparmor suggest --file audit.log --json', what: 'for a program' },
  ],
  exits: {
    0: 'nothing is missing, or the files were written',
    [NO]: 'there are suggestions, and nothing was written',
    2: 'the log or a file could not be read',
  },
  schema: documentSchema('suggest', {
    suggestions: listOf(SUGGESTION),
    unread: listOf({ type: 'string' }),
  }),
  async run(call) {
    const { options, json, out, err, world } = call
    const { works, unread } = await prepare(call)
    const found = works.flatMap(({ suggestions }) => suggestions)
    if (json) {
      out.json({ version: 1, suggestions: works.flatMap(workJson), unread })
      return found.length > 0 ? NO : 0
    }
    for (const file of unread)
      err.line(yellow(`${file} could not be read: apparmor check says why`))
    if (found.length === 0) {
      err.line(dim('Nothing is missing.'))
      return 0
    }
    if (options.diff) {
      for (const work of works) if (work.policy) showPatch(patchOf(work, work.suggestions), out)
      return NO
    }
    const isAsked = out.isTerminal && world.stdin.isTTY === true && !options.print
    return isAsked ? interactive(works, call) : printed(works, call)
  },
})
export default SUGGEST

function workJson({ file, suggestions }: Work): readonly object[] {
  return suggestions.map((one) => ({
    profile: one.profile,
    file,
    kind: one.kind,
    text: one.text,
    records: one.records.length,
    dangers: one.dangers.map(({ name, text }) => ({ name, text })),
    patterns: patternsOf(one).map(({ name, from, to }) => ({ name, from, to })),
    exact:
      one.kind === 'rule' ? one.exact.map((rule) => format(rule, { anew: true }).trimEnd()) : [],
  }))
}

function printed(works: readonly Work[], { out, err }: SuggestCall): number {
  for (const { file, suggestions } of works) {
    if (suggestions.length === 0) continue
    if (file !== null) out.line(dim(`# ${file}`))
    showSuggestions(suggestions, out)
  }
  const orphans = works.filter(({ file }) => file === null)
  for (const { suggestions } of orphans) {
    for (const name of new Set(suggestions.map(({ profile }) => profile))) {
      err.line(yellow(`No file that was read defines the profile ${name}.`))
    }
  }
  return NO
}

async function interactive(works: readonly Work[], call: SuggestCall): Promise<number> {
  const { out, err, world } = call
  const ask = asker(out, world)
  const agreed: (Work & { readonly chosen: readonly Suggestion[] })[] = []
  for (const work of works) {
    if (work.suggestions.length === 0) continue
    if (work.file === null) {
      printed([work], call)
      continue
    }
    const chosen = await discuss(work.suggestions, { ask, out, world })
    if (chosen === null) return nothing(call)
    if (chosen.length > 0) agreed.push({ ...work, chosen })
  }
  if (agreed.length === 0) return nothing(call)
  out.line()
  for (const work of agreed) showPatch(patchOf(work, work.chosen), out)
  if (!/^y(es)?$/i.test((await ask('Write this? (y/n)')) ?? '')) return nothing(call)
  for (const { file, before, policy, chosen } of agreed) {
    if (file === null || policy === null) continue
    if ((await readText(file, world)) !== before)
      throw new Refusal(`${file} has changed meanwhile. It was not written.`)
    writeText(file, format(apply(policy, chosen)))
    out.line(green('written'), ` ${file}`)
  }
  err.line(dim('It counts when it is loaded: '), bold('apparmor replace FILE'))
  return 0
}

function nothing({ err }: SuggestCall): number {
  err.line('Nothing was written.')
  return NO
}

function patchOf({ file, before, policy }: Work, chosen: readonly Suggestion[]): string {
  const after = policy ? format(apply(policy, chosen)) : before
  return createTwoFilesPatch(file ?? '', file ?? '', before, after)
}

async function prepare(
  call: SuggestCall,
): Promise<{ readonly works: readonly Work[]; readonly unread: readonly string[] }> {
  const { operands, options, world } = call
  const { base = BASE, file: log } = options
  if (log === '-' && operands.includes('-')) throw new UsageError('only one of them can be stdin')
  for (const file of operands) if (file !== '-') fs.accessSync(file, fs.constants.R_OK)
  const how = suggestOptions(options, base)
  const unread: string[] = []
  let left = await collect(call)
  const works: Work[] = []
  if (left.length === 0) return { works, unread }
  for (const file of operands.length > 0 ? operands : policyFiles(base)) {
    try {
      const before = await readText(file, world)
      const policy = parse(before, file, base)
      const known = new Map<string, boolean>()
      const isDefined = (name: string): boolean => {
        const found = known.get(name) ?? defines(policy, name)
        known.set(name, found)
        return found
      }
      const own = left.filter((record) => rootsOf(record).some(isDefined))
      if (own.length === 0) continue
      left = left.filter((record) => !own.includes(record))
      works.push({ file, before, policy, suggestions: suggest(own, { ...how, policy }) })
    } catch (error) {
      // One broken file of a directory is no reason not to read the others.
      if (operands.length > 0) throw error
      unread.push(file)
    }
  }
  if (left.length > 0) {
    works.push({ file: null, before: '', policy: null, suggestions: suggest(left, how) })
  }
  return { works, unread }
}

function rootsOf({ profile = '', namespace }: AuditRecord): readonly string[] {
  const prefix = namespace === undefined ? '' : `:${namespace.replace(/^root\/\//, '')}://`
  return profile.split('//&').map((part) => prefix + part.split('//', 1)[0])
}

// So many of those that ask for the same: a log can have millions.
const MOST = 20

async function collect({ options, err, world }: SuggestCall): Promise<AuditRecord[]> {
  const progress = new Progress(err)
  const found: AuditRecord[] = []
  const times = new Map<string, number>()
  let total = 0
  const filter = { ...filterOf(options), event: ['denied', 'allowed', 'killed'] as const }
  for await (const record of readLog(options.file, filter, world)) {
    total++
    progress.show(() => `${count(total, 'record')} read`)
    if (record.event === 'lost') continue
    const { fsuid, ouid } = record as { fsuid?: number; ouid?: number }
    const key = `${likeness(record)} ${fsuid} ${fsuid === ouid}`
    const seen = (times.get(key) ?? 0) + 1
    times.set(key, seen)
    if (seen <= MOST) found.push(record)
  }
  progress.clear()
  return found
}
