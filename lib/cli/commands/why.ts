import { queryFile, queryLink } from '../../index.ts'
import { decide, format, type Decision, type Question, type Reason } from '../../policy/node.ts'
import { command, NO, UsageError, type Command } from '../command.ts'
import { findProfile } from '../find_profile.ts'
import { documentSchema, exactly, listOf } from '../json.ts'
import { BASE, BASE_OPTION } from '../read_policy.ts'
import { bold, dim, green, red, yellow, type Screen } from '../screen.ts'

const KERNEL_DIFFERS = 3

interface Asked {
  /** in words: `read /etc/shadow` */
  readonly act: string
  readonly question: Question
}

type Ask = (profile: string, words: readonly string[]) => Asked

// The words of the policy language; the types of what decide takes are checked by decide.
const ASKS: Readonly<
  Record<string, { readonly words: readonly [number, number]; readonly ask: Ask }>
> = {
  capability: {
    words: [1, 1],
    ask: (profile, [capability]) => asked(`use capability ${capability}`, { profile, capability }),
  },
  network: {
    words: [2, 3],
    ask: (profile, [family, type, permission]) =>
      asked(`use the network, ${[permission, family, type].filter(Boolean).join(' ')}`, {
        profile,
        network: { family, type, ...(permission !== undefined && { permission }) },
      }),
  },
  signal: {
    words: [3, 3],
    ask: (profile, [permission, signal, peer]) =>
      asked(`${permission} signal ${signal}, peer ${peer}`, { profile, signal, permission, peer }),
  },
  ptrace: {
    words: [2, 2],
    ask: (profile, [ptrace, peer]) =>
      asked(`ptrace ${ptrace}, peer ${peer}`, { profile, ptrace, peer }),
  },
  change_profile: {
    words: [1, 1],
    ask: (profile, [target]) => asked(`change to ${target}`, { profile, changeProfile: target }),
  },
  link: {
    words: [2, 2],
    ask: (profile, [link, target]) => asked(`link ${link} to ${target}`, { profile, link, target }),
  },
  userns: {
    words: [0, 0],
    ask: (profile) => asked('create a user namespace', { profile, userns: 'create' }),
  },
  umount: {
    words: [1, 1],
    ask: (profile, [place]) => asked(`unmount ${place}`, { profile, umount: place }),
  },
}

const asked = (act: string, question: Record<string, unknown>): Asked => ({
  act,
  question: question as unknown as Question,
})

const WORDS: Readonly<Record<string, string>> = {
  r: 'read',
  w: 'write',
  a: 'append to',
  x: 'execute',
  m: 'map',
  k: 'lock',
  l: 'link',
}

const REASON = exactly({
  rule: { type: 'string' },
  file: { type: ['string', 'null'] },
  line: { type: ['integer', 'null'] },
  includes: listOf({ type: 'string' }),
})

const WHY: Command = command({
  name: 'why',
  summary: 'Tell whether a profile permits an act, and by which rule',
  description: [
    'It reads the policy from files, and needs neither root nor a kernel with AppArmor. --kernel also asks the ' +
      'kernel, which answers for files and links. If the two answers differ, the file is not what is loaded.',
  ],
  operands: [
    { name: 'PROFILE', help: 'a profile that is defined in a file', complete: 'profile' },
    { name: 'ACCESS', help: 'permission letters, or a keyword of the policy language' },
    {
      name: 'WHAT',
      help: 'a path, or the argument of the keyword',
      optional: true,
      multiple: true,
      complete: 'file',
    },
  ],
  options: {
    file: {
      type: 'string',
      short: 'f',
      value: 'FILE',
      complete: 'file',
      multiple: true,
      help: `the file that defines the profile; default: search ${BASE}`,
    },
    base: BASE_OPTION,
    owner: { type: 'boolean', help: 'the file belongs to the user of the process' },
    kernel: { type: 'boolean', short: 'k', help: 'ask the kernel, too' },
  },
  examples: [
    { run: 'apparmor why web r /etc/shadow', what: 'may it read this?' },
    { run: 'apparmor why web rw /srv/data --kernel', what: 'and does the kernel say the same?' },
    { run: 'apparmor why web capability net_admin', what: 'a capability' },
    { run: 'apparmor why web network inet stream', what: 'the network' },
    { run: 'apparmor why web signal send term nginx', what: 'a signal to a peer' },
    {
      run: 'apparmor why web x /usr/bin/convert',
      what: 'execution, and what becomes of the profile',
    },
  ],
  exits: {
    0: 'it is allowed',
    [NO]: 'it is denied',
    2: 'it could not be found out',
    [KERNEL_DIFFERS]: 'the kernel answers otherwise than the file',
  },
  schema: documentSchema('why', {
    profile: { type: 'string' },
    act: { type: 'string' },
    allowed: { type: 'boolean' },
    denied: { type: 'boolean' },
    audited: { type: 'boolean' },
    rules: listOf(REASON),
    transition: {
      type: ['object', 'null'],
      properties: { exec: { type: 'string' }, target: { type: 'string' } },
    },
    unreadIncludes: listOf({ type: 'string' }),
    file: { type: 'string' },
    kernel: { type: ['boolean', 'null'] },
  }),
  async run({ operands: [profile = '', access = '', ...words], options, json, out, world }) {
    const { file: files = [], base = BASE, owner, kernel: askKernel } = options
    const { act, question } = read(profile, access, words, owner)
    const { file, policy } = await findProfile(profile, { files, base, world })
    const decision = decide(policy, question)
    const kernel = askKernel ? ask(question) : null
    const differs = kernel !== null && kernel !== decision.allowed
    if (json) {
      out.json({
        version: 1,
        profile,
        act,
        allowed: decision.allowed,
        denied: decision.denied,
        audited: decision.audited,
        rules: decision.rules.map((reason) => ({
          rule: textOf(reason),
          file: reason.location?.file ?? null,
          line: reason.location?.line ?? null,
          includes: reason.includes.map(({ path }) => path),
        })),
        transition: decision.transition ?? null,
        unreadIncludes: decision.closed.map(({ path }) => path),
        file,
        kernel,
      })
    } else show(profile, act, decision, out)
    if (!json && kernel !== null) {
      out.line('the kernel: ', kernel ? green('allowed') : red('denied'))
      if (differs)
        out.paragraph(`They differ. What is loaded is not what ${file} says: replace it.`)
    }
    return differs ? KERNEL_DIFFERS : decision.allowed ? 0 : NO
  },
})
export default WHY

function read(profile: string, access: string, words: readonly string[], owner = false): Asked {
  const known = Object.hasOwn(ASKS, access) ? ASKS[access] : undefined
  if (known) {
    const [least, most] = known.words
    if (words.length < least || words.length > most) {
      throw new UsageError(
        `${access} needs ${least === most ? least : `${least} to ${most}`} words behind it`,
      )
    }
    return known.ask(profile, words)
  }
  if (!/^[rwamkx]+$/.test(access)) {
    throw new UsageError(
      `ACCESS is letters of rwamkx, or one of ${Object.keys(ASKS).join(', ')}: not '${access}'`,
    )
  }
  const [path, ...more] = words
  if (path === undefined) throw new UsageError('WHAT is missing: a path')
  if (more.length > 0) throw new UsageError(`'${more[0]}' is one argument too many`)
  if (!path.startsWith('/')) throw new UsageError(`'${path}' is not an absolute path`)
  const act = `${Array.from(access, (letter) => WORDS[letter]).join(', ')} ${path}`
  return asked(act, { profile, file: path, permissions: access, owner })
}

function ask(question: Question): boolean {
  const { profile } = question
  if ('file' in question) return queryFile(profile, question.file, question.permissions).allowed
  if ('link' in question) return queryLink(profile, question.target, question.link).allowed
  throw new UsageError(
    'The kernel answers such questions for files and links only: leave out --kernel',
  )
}

const textOf = ({ rule }: Reason): string => format(rule, { anew: true }).trim()

function show(profile: string, act: string, decision: Decision, out: Screen): void {
  const { allowed, denied, audited, rules, transition, closed } = decision
  const verdict = allowed ? green('allowed') : red('denied')
  out.line(verdict, ': ', bold(profile), allowed ? ' may ' : ' may not ', act)
  if (rules.length === 0) out.line('  no rule mentions it')
  for (const reason of rules) {
    const { location, includes } = reason
    out.line('  ', textOf(reason))
    const path = includes.map(({ path }) => path).join(', ')
    if (location)
      out.line(dim(`    ${location.file}:${location.line}${path && `, by include of ${path}`}`))
  }
  if (transition) {
    out.line(
      `  the program runs ${transition.exec}${transition.target === undefined ? '' : ` under ${transition.target}`}`,
    )
  }
  if (allowed && audited) out.line(dim('  it goes to the log'))
  if (denied && !audited)
    out.line(dim('  it does not go to the log: a deny rule without audit is silent'))
  for (const { path } of closed)
    out.line(yellow(`  ${path} could not be read: a rule in it may change the answer`))
}
