import { path } from '../../border/node.ts'
import {
  abi,
  dockerDefault,
  file,
  format,
  glob,
  include,
  nodeDefault,
  policy,
  profile,
  type Policy,
} from '../../policy/node.ts'
import { command, Refusal, UsageError, type Call, type Command, type Options } from '../command.ts'
import { documentSchema } from '../json.ts'
import { BASE, BASE_OPTION, writeNew } from '../read_policy.ts'
import { dim, green } from '../screen.ts'

const PATHS = { type: 'string', value: 'PATH', multiple: true, complete: 'file' } as const

const OPTIONS = {
  attach: {
    type: 'string',
    value: 'PATH',
    complete: 'file',
    help: 'the program that gets the profile when it starts; default: none, and programs ask for it by name',
  },
  read: {
    ...PATHS,
    short: 'r',
    help: 'a path that it may read; DIRECTORY/ means everything in it; may be repeated',
  },
  modify: { ...PATHS, short: 'm', help: 'a path that it may read and write; may be repeated' },
  execute: { ...PATHS, short: 'x', help: 'a program that it may start; may be repeated' },
  network: { type: 'boolean', help: 'node: TCP and UDP' },
  inspect: { type: 'boolean', help: 'node: the debugger' },
  terminal: { type: 'boolean', help: 'node: reading from and writing to a terminal' },
  complain: { type: 'boolean', help: 'in complain mode: log, and permit' },
  write: { type: 'boolean', short: 'w', help: `write it to ${BASE}, or to --output` },
  output: { type: 'string', short: 'o', value: 'FILE', complete: 'file', help: 'write it there' },
  base: BASE_OPTION,
} as const satisfies Options

type NewCall = Call<typeof OPTIONS>

const TEMPLATES = ['minimal', 'node', 'docker']

const NEW: Command = command({
  name: 'new',
  summary: 'Write a profile from a template',
  description: [
    'minimal: what every dynamically linked program needs, by <abstractions/base>. node: what a Node.js program ' +
      'needs to run at all. docker: what engines give a container by default. The profile goes to stdout, or into a ' +
      'file that does not exist yet. Nothing is loaded.',
  ],
  operands: [
    { name: 'TEMPLATE', help: TEMPLATES.join(', '), choices: TEMPLATES },
    { name: 'NAME', help: 'the name of the profile' },
  ],
  options: OPTIONS,
  examples: [
    { run: 'apparmor new node web -r /srv/web/ -m /var/lib/web/ --network', what: 'to stdout' },
    {
      run: 'sudo apparmor new minimal backup --attach /usr/local/bin/backup --write',
      what: `into ${BASE}`,
    },
    { run: 'apparmor new docker my-app -o my-app.profile', what: 'for a container, into a file' },
  ],
  exits: { 0: 'done', 2: 'the file is there already, or could not be written' },
  schema: documentSchema('new', {
    profile: { type: 'string' },
    template: { enum: TEMPLATES },
    file: { type: ['string', 'null'] },
    text: { type: 'string' },
  }),
  async run({ operands: [template = '', name = ''], options, json, out, err }) {
    if (name === '') throw new UsageError('NAME is empty')
    const text = format(made(template, name, options), { anew: true })
    const { write, output, base = BASE } = options
    const target = output ?? (write ? path.join(base, fileName(name)) : null)
    if (target !== null) create(target, text)
    if (json) return out.json({ version: 1, profile: name, template, file: target, text })
    if (target === null) return out.text(text)
    out.line(green('written'), ` ${target}`)
    err.line(dim(`It counts when it is loaded: apparmor load ${target}`))
  },
})
export default NEW

function made(template: string, name: string, options: NewCall['options']): Policy {
  try {
    if (template === 'node') return node(name, options)
    if (template === 'docker') return docker(name, options)
    return minimal(name, options)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ERR_INVALID_ARG_VALUE') throw error
    const isName = message.includes('"rule" argument')
    throw new UsageError(isName ? `'${name}' cannot be the name of a profile` : message)
  }
}

const flagsOf = ({ complain }: NewCall['options']): readonly string[] =>
  complain ? ['complain'] : []

function node(name: string, options: NewCall['options']): Policy {
  const { attach, read = [], modify = [], execute = [], network, inspect, terminal } = options
  const flags = flagsOf(options)
  return nodeDefault({
    name,
    ...(attach !== undefined && { attach }),
    ...(flags.length > 0 && { flags }),
    read,
    write: modify,
    execute,
    ...(network && { network }),
    ...(inspect && { inspect }),
    ...(terminal && { terminal }),
  })
}

function docker(name: string, options: NewCall['options']): Policy {
  refuseFor('docker', options, ['attach', 'read', 'modify', 'execute', ...ONLY_NODE, 'complain'])
  return dockerDefault({ name })
}

const ONLY_NODE = ['network', 'inspect', 'terminal']

function minimal(name: string, options: NewCall['options']): Policy {
  refuseFor('minimal', options, ONLY_NODE)
  const { attach, read = [], modify = [], execute = [] } = options
  const flags = flagsOf(options)
  const rules = [
    include('abstractions/base'),
    ...(attach === undefined ? [] : [file(attach, 'mr')]),
    ...read.flatMap((place) => places(place, 'r')),
    ...modify.flatMap((place) => places(place, 'rwk')),
    ...execute.map((program) => file(program, 'mrix')),
  ]
  return policy(
    abi('abi/3.0'),
    include('tunables/global'),
    profile(name, {
      ...(attach !== undefined && { attach }),
      ...(flags.length > 0 && { flags }),
      rules,
    }),
  )
}

/** A directory with all in it, or a file. */
function places(place: string, permissions: 'r' | 'rwk') {
  if (!place.endsWith('/')) return [file(place, permissions)]
  return [file(place, 'r'), file(glob`${place}**`, permissions)]
}

function refuseFor(template: string, options: object, names: readonly string[]): void {
  const given = names.find((name) => Object.hasOwn(options, name))
  if (given !== undefined) throw new UsageError(`--${given} is not for the template ${template}`)
}

/** As the tools of AppArmor name files: `/usr/bin/web` is in `usr.bin.web`. */
function fileName(name: string): string {
  const found = name.replace(/^\//, '').replaceAll('/', '.')
  if (/^\.|[^\w.@+-]/.test(found))
    throw new UsageError(
      `no file can be named after the profile ${name}: say which, by --output FILE`,
    )
  return found
}

function create(target: string, text: string): void {
  try {
    writeNew(target, text)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new Refusal(`${target} is there already. It was not touched.`)
  }
}
