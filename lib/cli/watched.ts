/** Runs a program as a child under a profile, and tells in the end what was refused to it: `exec --denials`. */
import { denialsOf, type LogRecord } from '../audit/node.ts'
import { spawn } from '../child_process/index.ts'
import { builtin } from '../border/node.ts'
import { count } from './group.ts'
import { fixOf, likeness, lineOf } from './record.ts'
import { cyan, dim, yellow, type Screen } from './screen.ts'

export interface Watched {
  readonly file: string
  readonly argv: readonly [argv0: string, ...(readonly string[])]
  readonly target: { readonly profile: string } | { readonly stack: string }
  readonly env: Readonly<Record<string, string | undefined>>
}

/** @returns the exit status, as a shell has it */
export async function runWatched(
  { file, argv: [argv0, ...args], target, env }: Watched,
  err: Screen,
): Promise<number> {
  const child = spawn(file, args, { ...target, argv0, env, stdio: 'inherit' })
  const refused = denialsOf(child, {
    event: ['denied', 'killed', 'allowed'],
    ...('profile' in target && { profile: target.profile }),
  })
  // The terminal sends Ctrl-C to the child, too: it decides what becomes of it. Others send it to this process alone.
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal)
  const ignore = (): void => {}
  process.on('SIGINT', ignore).on('SIGTERM', pass).on('SIGHUP', pass)
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (status, signal) =>
      resolve(status ?? 128 + builtin('node:os').constants.signals[signal ?? 'SIGKILL']),
    )
  })
  const kinds = new Map<string, { record: LogRecord; times: number }>()
  const [status] = await Promise.all([
    ended,
    (async () => {
      for await (const record of refused) {
        const key = likeness(record)
        kinds.set(key, { record, times: (kinds.get(key)?.times ?? 0) + 1 })
      }
    })(),
  ])
  process.off('SIGINT', ignore).off('SIGTERM', pass).off('SIGHUP', pass)
  for (const { record, times } of kinds.values()) {
    err.line(...lineOf(record), times > 1 ? yellow(`  ×${times}`) : '')
    for (const rule of fixOf(record)) err.line(dim('    fix: '), cyan(rule))
  }
  const lost = [...kinds.values()].filter(({ record }) => record.event === 'lost').length
  err.line(dim(summaryOf(kinds.size - lost, lost > 0)))
  return status
}

function summaryOf(refusals: number, incomplete: boolean): string {
  if (refusals > 0) return `${count(refusals, 'kind')} of refusal${incomplete ? ' at least' : ''}`
  return incomplete ? 'No refusal was seen, but records were lost.' : 'Nothing was refused.'
}
