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
  const { message, code, stack } = toError(error)
  const known = error instanceof Refusal || typeof code === 'string'
  if (json) {
    err.record({ error: { code: typeof code === 'string' ? code : null, message } })
  } else {
    const [first = '', ...more] = (known ? message : (stack ?? message)).split('\n')
    err.line(bold(`apparmor ${name}: `), red(first))
    for (const line of more) err.line(line)
    if (!known) err.line(dim('This is a mistake in apparmor itself. Please report it.'))
  }
  return error instanceof Refusal ? error.status : failed
}

const toError = (error: unknown): Coded =>
  error instanceof Error ? error : new Error(String(error))
