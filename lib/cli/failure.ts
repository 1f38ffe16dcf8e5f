/** What is said of an error. */
import { FAILED, Refusal, type Command } from './command.ts'
import { bold, dim, red, type Screen } from './screen.ts'

interface Coded extends Error {
  readonly code?: unknown
  readonly diagnostics?: readonly unknown[]
}

/** @returns the exit status */
export function say(
  error: unknown,
  {
    command: { name, failed = FAILED },
    err,
    json,
  }: { command: Command; err: Screen; json: boolean },
): number {
  const { message: said, code, stack } = toError(error)
  const message = inOurWords(said)
  const known = error instanceof Refusal || typeof code === 'string'
  if (json) {
    err.record({ error: { code: typeof code === 'string' ? code : null, message } })
  } else {
    const [first = '', ...more] = linesOf(error, known ? message : (stack ?? message))
    err.line(bold(`apparmor ${name}: `), red(first))
    // No name that a compiler repeats can forge a line of ours.
    for (const line of more) err.line(`  ${line}`)
    if (!known) err.line(dim('This is a mistake in apparmor itself. Please report it.'))
  }
  return error instanceof Refusal ? error.status : failed
}

/** The library speaks of its own arguments: here they are options and operands. */
const inOurWords = (message: string): string =>
  message
    .replace(/^The property 'options\.(\w+)'/, '--$1')
    .replace(/^The "(\w+)" argument/, (_, name: string) => name.toUpperCase())

/** Messages of Node and of commands name files and profiles as they are: these are one line, whatever is in them. */
function linesOf(error: unknown, text: string): readonly string[] {
  const isOneLine =
    error instanceof Refusal ||
    (error instanceof Error && error.name === 'Error' && 'errno' in error)
  return isOneLine ? [text] : text.split('\n')
}

const toError = (error: unknown): Coded =>
  error instanceof Error ? error : new Error(String(error))
