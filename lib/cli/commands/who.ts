import { isEnabled, profiles, queryFile } from '../../index.ts'
import {
  decide,
  file,
  glob,
  policy,
  profile,
  transitions,
  type Pattern,
  type Policy,
  type Statement,
} from '../../policy/node.ts'
import { fs, path } from '../../border/node.ts'
import { command, NO, Refusal, UsageError, type Command, type World } from '../command.ts'
import { documentSchema, exactly, listOf } from '../json.ts'
import { findProgram } from '../program.ts'
import { BASE, BASE_OPTION, readDirectory } from '../read_policy.ts'
import { bold, dim, yellow, type Screen } from '../screen.ts'

interface Found {
  readonly profile: string | null
  readonly how: 'attached' | 'may execute'
  /** how the program is executed, and under which profile, where the rule names it */
  readonly becomes: string | null
  readonly file: string | null
  readonly line: number | null
}

const WHO: Command = command({
  name: 'who',
  summary: 'Tell which profiles are attached to a program, and which may execute it',
  description: [
    'It looks at the loaded policy, if that is visible, and at the files of policy, which also say which profile ' +
      'the program then runs under.',
  ],
  operands: [
    {
      name: 'PATH',
      help: 'a program: a path, or a name that is found in PATH',
      complete: 'program',
    },
  ],
  options: { base: BASE_OPTION },
  examples: [
    {
      run: 'apparmor who /usr/bin/man',
      what: 'under which profile does it run, and who starts it?',
    },
  ],
  exits: { 0: 'there are such profiles', [NO]: 'there are none', 2: 'it could not be found out' },
  schema: documentSchema('who', {
    path: { type: 'string' },
    loaded: {
      type: ['array', 'null'],
      items: exactly({ profile: { type: 'string' }, how: { enum: ['attached', 'may execute'] } }),
    },
    files: listOf(
      exactly({
        profile: { type: ['string', 'null'] },
        how: { enum: ['attached', 'may execute'] },
        becomes: { type: ['string', 'null'] },
        file: { type: ['string', 'null'] },
        line: { type: ['integer', 'null'] },
      }),
    ),
    unread: listOf({ type: 'string' }),
  }),
  async run({ operands: [given = ''], options: { base = BASE }, json, out, world }) {
    const program = pathOf(given, world)
    const loaded = isEnabled() ? await inKernel(program) : null
    const { policies, problems } = fs.existsSync(base)
      ? readDirectory(base)
      : { policies: [], problems: [] }
    const files = policies.flatMap((one) => inFile(one.file, one.policy, program))
    const unread = problems.map((problem) => problem.file)
    if (json) out.json({ version: 1, path: program, loaded, files, unread })
    else {
      if (loaded) showLoaded(program, loaded, out)
      showFiles(files, unread, base, out)
    }
    return (loaded?.length ?? 0) + files.length > 0 ? 0 : NO
  },
})
export default WHO

/** A path, or a name that is found in PATH. */
function pathOf(given: string, { env }: World): string {
  if (given === '') throw new UsageError('PATH is empty')
  if (given.includes('/') || fs.existsSync(given)) return path.resolve(given)
  try {
    return findProgram(given, env.PATH)
  } catch {
    throw new Refusal(`'${given}' is neither here nor in PATH`)
  }
}

type Loaded = readonly { readonly profile: string; readonly how: Found['how'] }[]

async function inKernel(program: string): Promise<Loaded | null> {
  const all = await profiles().catch(() => null)
  if (all === null) return null
  return all.flatMap(({ label, parent, attachment, mode }): Loaded => {
    if (parent === null && attachment !== null && matches(attachment, program)) {
      return [{ profile: label, how: 'attached' }]
    }
    return mode !== 'unconfined' && queryFile(label, program, 'x').allowed
      ? [{ profile: label, how: 'may execute' }]
      : []
  })
}

/** Whether a pattern of paths matches: a rule with it would allow the path. */
function matches(pattern: Pattern, program: string, preamble: readonly Statement[] = []): boolean {
  const text = String(pattern)
  if (!/[*?[{@\\]/.test(text)) return text === program
  const rules = [file(typeof pattern === 'string' ? glob(pattern) : pattern, 'r')]
  const question = { profile: 'p', file: program, permissions: 'r' }
  return decide(policy(...preamble, profile('p', { rules })), question).allowed
}

function inFile(source: string, read: Policy, program: string): readonly Found[] {
  const preamble = read.rules.filter(({ kind }) => kind !== 'profile')
  const edges = transitions(read)
  const attached = edges.flatMap(({ via, to, path: pattern }): readonly Found[] =>
    via === 'attachment' && pattern !== undefined && matches(pattern, program, preamble)
      ? [{ profile: String(to), how: 'attached', becomes: String(to), file: source, line: null }]
      : [],
  )
  const from = new Set(
    edges.flatMap((edge) => (edge.via === 'exec' && edge.from !== null ? [edge.from] : [])),
  )
  const executing = Array.from(from).flatMap((name): readonly Found[] => {
    const question = { profile: name, file: program, permissions: 'x' }
    const { allowed, rules, transition } = decide(read, question)
    if (!allowed) return []
    const { file: place = null, line = null } = rules[0]?.location ?? {}
    const how = [transition?.exec, transition?.target].filter(Boolean).join(' → ')
    return [{ profile: name, how: 'may execute', becomes: how || null, file: place, line }]
  })
  return [...attached, ...executing]
}

function showLoaded(program: string, loaded: Loaded, out: Screen): void {
  out.line(bold('loaded'))
  if (loaded.length === 0) out.line(`  no profile mentions ${program}`)
  out.table(
    [{ title: '' }, { title: '' }],
    loaded.map(({ profile, how }) => [how, profile]),
    '  ',
  )
}

function showFiles(
  found: readonly Found[],
  unread: readonly string[],
  base: string,
  out: Screen,
): void {
  out.line(bold(`in files of ${base}`))
  if (found.length === 0) out.line('  no profile mentions it')
  out.table(
    [{ title: '' }, { title: '' }, { title: '' }, { title: '', shrink: true }],
    found.map(({ how, profile, becomes, file, line }) => [
      how,
      profile ?? 'unconfined',
      how === 'attached' ? '' : (becomes ?? ''),
      dim([file, line].filter((part) => part !== null).join(':')),
    ]),
    '  ',
  )
  for (const file of unread)
    out.line(yellow(`  ${file} could not be read: apparmor check says why`))
}
