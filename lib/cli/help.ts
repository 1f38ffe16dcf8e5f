import { optionsOf } from './args.ts'
import type { Command, Operand, Option } from './command.ts'
import { find, GROUPS } from './commands.ts'
import { bold, cyan, dim, wrap, type Screen } from './screen.ts'

/** `[OPTIONS] PROFILE [FILE…]` */
export function synopsis(command: Command): string {
  return [`apparmor ${command.name}`, '[OPTIONS]', ...command.operands.map(operandText)].join(' ')
}

function operandText({ name, optional, multiple }: Operand): string {
  const text = multiple ? `${name}…` : name
  return optional ? `[${text}]` : text
}

/** `-p, --profile PROFILE` */
export function optionText(name: string, option: Option): string {
  const { short, type, value = 'VALUE', choices } = option
  const wanted = choices && choices.length <= 4 ? choices.join('|') : value
  const behind = type === 'string' ? ` ${wanted}` : choices ? `[=${choices.join('|')}]` : ''
  return `${short === undefined ? '    ' : `-${short}, `}--${name}${behind}`
}

export async function overview(out: Screen): Promise<void> {
  out.paragraph('apparmor: look at, confine, write and load with Linux AppArmor.')
  out.line()
  out.line('Usage: ', bold('apparmor COMMAND'), ' [OPTIONS] …')
  for (const [title, commands] of Object.entries(GROUPS)) {
    out.line()
    out.line(bold(title))
    for (const name of Object.keys(commands)) {
      const command = await find(name)
      if (command) entry(out, `  ${name}`, command.summary, 14)
    }
  }
  out.line()
  out.paragraph('apparmor COMMAND --help shows options and examples. --version shows the version.')
}

export function commandHelp(command: Command, out: Screen): void {
  const { summary, description = [], operands, examples, exits } = command
  out.line('Usage: ', bold(synopsis(command)))
  out.line()
  out.paragraph(`${summary}.`)
  for (const text of description) {
    out.line()
    out.paragraph(text)
  }
  section(
    out,
    'Arguments',
    operands.map(({ name, help }) => [`  ${name}`, help]),
  )
  section(
    out,
    'Options',
    Object.entries(optionsOf(command)).map(([name, option]) => [
      `  ${optionText(name, option)}`,
      option.help,
    ]),
  )
  out.line()
  out.line(bold('Examples'))
  for (const { run, what } of examples) {
    out.line('  ', cyan(run))
    for (const line of wrap(what, textWidth(out) - 6)) out.line('      ', dim(line))
  }
  section(
    out,
    'Exit status',
    Object.entries({ ...exits, 64: 'the command line is wrong' }).map(([status, what]) => [
      `  ${status}`,
      what,
    ]),
  )
}

const textWidth = (out: Screen): number => Math.min(out.width, 100)

function section(out: Screen, title: string, rows: readonly (readonly [string, string])[]): void {
  if (rows.length === 0) return
  out.line()
  out.line(bold(title))
  const longest = Math.max(...rows.map(([term]) => term.length))
  for (const [term, text] of rows) entry(out, term, text, Math.min(longest + 2, 32))
}

/** A term and what it means, beside each other or, where there is no room, below each other. */
function entry(out: Screen, term: string, text: string, column: number): void {
  const below = textWidth(out) - column < 24
  const indent = below ? 6 : column
  const lines = wrap(text, textWidth(out) - indent)
  const fits = !below && term.length < column
  if (!fits) out.line(bold(term))
  for (const [i, line] of lines.entries()) {
    if (fits && i === 0) out.line(bold(term), ' '.repeat(column - term.length), line)
    else out.line(' '.repeat(indent), line)
  }
}
