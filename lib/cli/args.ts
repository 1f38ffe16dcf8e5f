/** Reads a command line by a command's definition. */
import { builtin } from '../border/node.ts'
import {
  UsageError,
  type Command,
  type Operand,
  type Option,
  type Options,
  type Values,
} from './command.ts'
import { similar } from './similar.ts'

/** What every command understands. */
export const COMMON: Options = {
  help: { type: 'boolean', short: 'h', help: 'show this help' },
  color: { type: 'boolean', help: 'colours, even if the output is not a terminal' },
  'no-color': { type: 'boolean', help: 'no colours' },
}

export const JSON_OPTIONS: Options = {
  json: { type: 'boolean', help: 'print JSON' },
  'json-schema': { type: 'boolean', help: 'print the JSON Schema of the output of --json' },
}

export function optionsOf(command: Command): Options {
  return { ...(command.schema && JSON_OPTIONS), ...command.options, ...COMMON }
}

export interface Arguments {
  readonly options: Values<Options>
  readonly operands: readonly string[]
}

export function readArguments(command: Command, argv: readonly string[]): Arguments {
  const options = optionsOf(command)
  const [own, passedOn] = command.passesOn ? divide(argv, options) : [argv, []]
  const values: Record<string, boolean | string | string[]> = {}
  const operands: string[] = []
  for (const token of tokensOf(own, options)) {
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    const option = Object.hasOwn(options, name) ? options[name] : undefined
    if (!option)
      throw new UsageError(`There is no option ${rawName}${suggestion(rawName, options)}`)
    if (option.type === 'boolean') {
      if (value !== undefined && !option.choices) throw new UsageError(`${rawName} takes no value`)
      if (value !== undefined) checkChoice(value, rawName, option)
      values[name] = value ?? true
      continue
    }
    if (value === undefined || (!inlineValue && /^-./.test(value))) {
      throw new UsageError(`${rawName} needs a value: ${rawName} ${option.value ?? 'VALUE'}`)
    }
    checkChoice(value, rawName, option)
    if (option.multiple) ((values[name] ??= []) as string[]).push(value)
    else if (name in values) throw new UsageError(`${rawName} is given twice`)
    else values[name] = value
  }
  const all = [...operands, ...passedOn]
  if (!values.help && !values['json-schema']) checkOperands(all, command.operands)
  return { options: values as Values<Options>, operands: all }
}

function tokensOf(argv: readonly string[], options: Options) {
  const { parseArgs } = builtin('node:util')
  const config = Object.fromEntries(
    Object.entries(options).map(([name, { type, short }]) => [
      name,
      short === undefined ? { type } : { type, short },
    ]),
  )
  return parseArgs({
    args: [...argv],
    options: config,
    strict: false,
    allowPositionals: true,
    tokens: true,
  }).tokens
}

/** What stands before the first operand, and the rest, which another program reads. */
function divide(argv: readonly string[], options: Options): [readonly string[], readonly string[]] {
  for (const token of tokensOf(argv, options)) {
    if (token.kind === 'positional') return [argv.slice(0, token.index), argv.slice(token.index)]
    if (token.kind === 'option-terminator') {
      return [argv.slice(0, token.index), argv.slice(token.index + 1)]
    }
  }
  return [argv, []]
}

function checkChoice(value: string, name: string, { choices }: Option | Operand): void {
  if (!choices || choices.includes(value)) return
  const near = similar(value, choices)
  const hint = near === undefined ? '' : `. Did you mean ${near}?`
  throw new UsageError(`${name} is one of ${choices.join(', ')}, not '${value}'${hint}`)
}

function checkOperands(given: readonly string[], operands: readonly Operand[]): void {
  for (const [i, operand] of operands.entries()) {
    const values = operand.multiple ? given.slice(i) : given.slice(i, i + 1)
    if (values.length === 0 && !operand.optional) throw new UsageError(`${operand.name} is missing`)
    for (const value of values) checkChoice(value, operand.name, operand)
  }
  const surplus = operands.at(-1)?.multiple ? undefined : given[operands.length]
  if (surplus !== undefined) throw new UsageError(`'${surplus}' is one argument too many`)
}

function suggestion(name: string, options: Options): string {
  const near = similar(
    name.replace(/^-+/, ''),
    Object.keys(options).filter((known) => known.length > 1),
  )
  return near === undefined ? '' : `. Did you mean --${near}?`
}
