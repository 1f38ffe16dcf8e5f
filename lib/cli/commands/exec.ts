import {
  AppArmorError,
  changeProfile,
  execve,
  formatLabel,
  parseLabel,
  stackProfile,
} from '../../index.ts'
import { builtin } from '../../border/node.ts'
import { command, Refusal, UsageError, type Call, type Command, type Options } from '../command.ts'
import { CANNOT_CONFINE, CANNOT_EXECUTE, findProgram, NOT_FOUND } from '../program.ts'

const OPTIONS = {
  profile: {
    type: 'string',
    short: 'p',
    value: 'PROFILE',
    complete: 'profile',
    help: 'the profile that the program runs under',
  },
  namespace: {
    type: 'string',
    short: 'n',
    value: 'NAMESPACE',
    help: 'the policy namespace of PROFILE; without PROFILE: unconfined in that namespace',
  },
  stack: {
    type: 'boolean',
    short: 's',
    help: 'add PROFILE to the label that the program would have anyway',
  },
  immediate: {
    type: 'boolean',
    short: 'i',
    help: 'change to PROFILE before starting the program; PROFILE must permit executing it',
  },
  user: {
    type: 'string',
    short: 'u',
    value: 'USER',
    help: 'run the program as this user; this needs root',
  },
  denials: {
    type: 'boolean',
    help: 'when the program has ended, print on stderr what was refused; it then runs as a child process',
  },
  learn: {
    type: 'boolean',
    help: 'learn a profile for it, as apparmor learn does; PROFILE is its name',
  },
  verbose: { type: 'boolean', short: 'v', help: 'print on stderr what is executed' },
  debug: { type: 'boolean', short: 'd', help: 'as --verbose' },
} as const satisfies Options

type ExecCall = Call<typeof OPTIONS>

const EXEC: Command = command({
  name: 'exec',
  summary: 'Run a program under a profile',
  description: [
    'The program replaces this one: it keeps the process id, and its exit status is the exit status. If it cannot ' +
      'be confined, it is not executed. The options of aa-exec work.',
  ],
  operands: [
    { name: 'PROGRAM', help: 'a path, or a name that is looked up in PATH', complete: 'program' },
    {
      name: 'ARGUMENT',
      help: 'passed to the program, even if it looks like an option',
      optional: true,
      multiple: true,
      complete: 'file',
    },
  ],
  passesOn: true,
  options: OPTIONS,
  examples: [
    { run: 'apparmor exec -p web -- node server.js', what: 'under the profile web' },
    {
      run: 'apparmor exec --stack -p web id',
      what: 'under web, and what confines this shell besides',
    },
    { run: 'sudo apparmor exec --denials -p web -- node server.js', what: 'and what was refused' },
    { run: 'sudo apparmor exec --learn -- node server.js', what: 'which profile does it need?' },
    { run: 'sudo apparmor exec -p web -u www-data -- node server.js', what: 'as another user' },
  ],
  exits: {
    [CANNOT_CONFINE]: 'the program could not be confined, and was not executed',
    [CANNOT_EXECUTE]: 'the program could not be executed',
    [NOT_FOUND]: 'there is no such program',
    130: 'any other status is that of the program',
  },
  failed: CANNOT_CONFINE,
  async run(call) {
    const { options, operands, err, world } = call
    const [program = '', ...args] = operands
    if (options.learn) return learnFor(call)
    const label = labelOf(options)
    const file = findProgram(program, world.env.PATH)
    if (options.user !== undefined) become(options.user)
    if (options.verbose || options.debug) {
      err.line(
        `apparmor exec: ${[file, ...args].join(' ')}, under ${options.stack ? '&' : ''}${label}`,
      )
    }
    if (options.denials) {
      if (options.immediate) throw new UsageError('--denials and --immediate do not go together')
      if (options.user !== undefined)
        throw new UsageError('--denials and --user do not go together')
      const { runWatched } = await import('../watched.ts')
      const target = options.stack ? { stack: label } : { profile: label }
      return statusOf(() =>
        runWatched({ file, argv: [program, ...args], target, env: world.env }, err),
      )
    }
    start(file, [program, ...args], label, options, world.env)
  },
})
export default EXEC

/** As when it takes this process's place. */
async function statusOf(run: () => Promise<number>): Promise<number> {
  try {
    return await run()
  } catch (error) {
    const { code, syscall, message } = error as AppArmorError
    if (typeof syscall !== 'string' || !/^(execve|spawn)\b/.test(syscall)) throw error
    throw new Refusal(message, code === 'ENOENT' ? NOT_FOUND : CANNOT_EXECUTE)
  }
}

async function learnFor({ options, operands, out, err, world }: ExecCall): Promise<number> {
  for (const other of ['stack', 'immediate', 'user', 'namespace', 'denials'] as const) {
    if (options[other] !== undefined)
      throw new UsageError(`--learn and --${other} do not go together`)
  }
  const { learnFrom, showLesson } = await import('../learning.ts')
  const [program = '', ...args] = operands
  const { profile } = options
  const lesson = await learnFrom(
    [findProgram(program, world.env.PATH), ...args],
    { generalise: true, ...(profile !== undefined && { name: profile }) },
    { err, env: world.env },
  )
  showLesson(lesson, err)
  out.text(lesson.text)
  return lesson.proven ? 0 : CANNOT_CONFINE
}

function labelOf({ profile, namespace }: ExecCall['options']): string {
  if (profile === undefined && namespace === undefined) {
    throw new UsageError('which profile? -p PROFILE, or -n NAMESPACE')
  }
  if (namespace === undefined) return profile as string
  const parts = parseLabel(profile ?? 'unconfined')
  return formatLabel(parts.map((part) => ({ ...part, namespace: part.namespace ?? namespace })))
}

function start(
  file: string,
  [argv0 = file, ...args]: readonly string[],
  label: string,
  { stack, immediate }: ExecCall['options'],
  env: ExecCall['world']['env'],
): void {
  const common = { argv0, env }
  const target = immediate ? {} : stack ? { stack: label } : { profile: label }
  if (immediate) (stack ? stackProfile : changeProfile)(label)
  try {
    execve(file, args, { ...common, ...target })
  } catch (error) {
    const { code, syscall, message } = error as AppArmorError
    if (syscall !== 'execve') throw error
    // A script without #!: execvp(3) gives it to the shell.
    if (code === 'ENOEXEC') execve('/bin/sh', [file, ...args], { ...common, ...target })
    throw new Refusal(message, code === 'ENOENT' ? NOT_FOUND : CANNOT_EXECUTE)
  }
}

function become(user: string): void {
  const { spawnSync } = builtin('node:child_process')
  const id = spawnSync('/usr/bin/id', ['-g', '--', user], { encoding: 'utf8' })
  const group = Number(id.stdout)
  if (id.status !== 0 || !Number.isInteger(group))
    throw new Refusal(`There is no user '${user}'`, CANNOT_CONFINE)
  const { initgroups, setgid, setuid } = process as Required<NodeJS.Process> & {
    initgroups(user: string | number, group: number): void
  }
  const name = /^\d+$/.test(user) ? Number(user) : user
  initgroups(name, group)
  setgid(group)
  setuid(name)
}
