/** Runs a program, learns its profile, and says how far it is: `learn`, and `exec --learn`. */
import { learn, type Lesson, type Outcome, type SuggestOptions } from '../audit/node.ts'
import { getcon } from '../index.ts'
import { Refusal } from './command.ts'
import { NOT_FOUND } from './program.ts'
import type { Screen } from './screen.ts'
import { bold, dim, green, yellow } from './screen.ts'

export interface LearningOptions extends SuggestOptions {
  readonly name?: string
  readonly rounds?: number
  readonly timeout?: number
}

export async function learnFrom(
  command: readonly [string, ...(readonly string[])],
  options: LearningOptions,
  {
    err,
    env,
  }: { readonly err: Screen; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<Lesson> {
  getcon() // without AppArmor it throws why, before a search for a log
  let rounds = 0
  let first: Outcome | undefined
  const end = new AbortController()
  const stop = (): void => end.abort(new Refusal('ended by a signal: nothing was learned', 130))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  err.line(dim('round 1, complain mode: what is missing is let through, and noted'))
  try {
    return await learn(command, {
      ...options,
      // The program's own output is not the profile.
      stdio: ['inherit', 2, 2],
      env,
      signal: end.signal,
      works(outcome) {
        first ??= outcome
        const { status, signal } = outcome
        err.line(dim(`round ${++rounds} ended with ${signal ?? status}`))
        return status === first.status && signal === first.signal
      },
    })
  } catch (error) {
    if (end.signal.aborted) throw end.signal.reason as Error
    if ((error as { code?: unknown }).code === 'ENOENT')
      throw new Refusal((error as Error).message, NOT_FOUND)
    throw error
  } finally {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
  }
}

export function showLesson({ proven, problems, rounds, refused }: Lesson, err: Screen): void {
  for (const { mode, added } of rounds) {
    err.line(dim(`${mode}: `), `${added.length} added`)
  }
  if (proven) {
    err.line(
      green('proven: '),
      'under this profile it works, and is refused nothing; the kernel refuses ',
      bold(refused.map(({ path, permissions }) => `${permissions} ${path}`)[0] ?? ''),
    )
  } else err.line(yellow('not proven'))
  for (const problem of problems) err.paragraph(problem, '  ')
}

export const lessonJson = ({
  profile,
  proven,
  text,
  rounds,
  problems,
  refused,
}: Lesson): object => ({
  version: 1,
  profile,
  proven,
  text,
  rounds: rounds.map(({ mode, outcome, works, records, lost, added }) => ({
    mode,
    status: outcome.status,
    signal: outcome.signal,
    works,
    records: records.length,
    lost: lost.length,
    added: added.map((one) => one.text),
  })),
  problems,
  refused: refused.map(({ path, permissions }) => ({ path, permissions })),
})
