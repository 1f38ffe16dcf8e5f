import { builtin } from '../border/node.ts'
import { readArguments } from './args.ts'
import { UsageError, USAGE, type Command, type Stream, type World } from './command.ts'
import { COMMANDS, find } from './commands.ts'
import { say } from './failure.ts'
import { isColoured, Screen } from './screen.ts'
import { similar } from './similar.ts'

/**
 * Runs a command.
 *
 * @param argv what follows the program's name
 * @returns the exit status
 */
export async function main(argv: readonly string[], world: World): Promise<number> {
  const { env } = world
  const asked = argv.includes('--no-color') ? false : argv.includes('--color') ? true : undefined
  const coloured = (stream: Stream): boolean => isColoured(stream, env, asked)
  const out = new Screen(() => world.stdout, coloured)
  const err = new Screen(() => world.stderr, coloured)
  const [first, ...rest] = argv.filter((word, i) => !(i === 0 && /^--(no-)?color$/.test(word)))
  if (first === undefined || /^(-h|--help)$/.test(first)) return showHelp(out, err, [])
  if (first === 'help') return showHelp(out, err, rest)
  if (/^(-V|--version)$/.test(first)) {
    const require = builtin('node:module').createRequire(import.meta.url)
    out.line((require('apparmor/package.json') as { version: string }).version)
    return 0
  }
  if (first === '--complete') {
    const { complete } = await import('./complete.ts')
    return complete(rest, out)
  }
  const command = await find(first)
  if (!command) return unknown(first, err)
  return run(command, rest, { out, err, world })
}

async function run(
  command: Command,
  argv: readonly string[],
  { out, err, world }: { out: Screen; err: Screen; world: World },
): Promise<number> {
  let json = false
  try {
    const { options, operands } = readArguments(command, argv)
    if (options.help) return showHelp(out, err, [command.name])
    if (options['json-schema']) {
      out.json(command.schema)
      return 0
    }
    json = Boolean(options.json)
    const call = { options, operands, json, out, err, world }
    return (await command.run(call)) ?? 0
  } catch (error) {
    if (!(error instanceof UsageError)) return say(error, { command, err, json })
    if (command.schema && argv.some((word) => /^--json(=aa)?$/.test(word))) {
      err.record({ error: { code: 'ERR_USAGE', message: error.message } })
    } else {
      err.line(`apparmor ${command.name}: ${error.message}`)
      err.line(`apparmor ${command.name} --help shows how it is used.`)
    }
    return USAGE
  }
}

function unknown(name: string, err: Screen): number {
  if (name.startsWith('-')) {
    err.line(`apparmor: There is no option ${name} before a command.`)
    err.line('apparmor --help lists the commands.')
    return USAGE
  }
  const near = similar(name, [...COMMANDS, 'help'])
  const hint = near === undefined ? '' : ` Did you mean ${near}?`
  err.line(`apparmor: There is no command '${name}'.${hint}`)
  err.line('apparmor --help lists the commands.')
  return USAGE
}

async function showHelp(out: Screen, err: Screen, [name]: readonly string[]): Promise<number> {
  const { commandHelp, overview } = await import('./help.ts')
  if (name === undefined || name === 'help') {
    await overview(out)
    return 0
  }
  const command = await find(name)
  if (!command) return unknown(name, err)
  commandHelp(command, out)
  return 0
}
