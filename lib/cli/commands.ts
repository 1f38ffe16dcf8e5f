/** Every command, by what it is for. Each is loaded when it is needed. */
import type { Command } from './command.ts'

type Load = () => Promise<{ readonly default: Command }>

export const GROUPS: Readonly<Record<string, Readonly<Record<string, Load>>>> = {
  'What is there': {
    status: () => import('./commands/status.ts'),
    watch: () => import('./commands/watch.ts'),
    ps: () => import('./commands/ps.ts'),
    who: () => import('./commands/who.ts'),
    features: () => import('./commands/features.ts'),
    abi: () => import('./commands/abi.ts'),
  },
  'What was refused': {
    log: () => import('./commands/log.ts'),
    suggest: () => import('./commands/suggest.ts'),
    report: () => import('./commands/report.ts'),
  },
  'Run under a profile': {
    exec: () => import('./commands/exec.ts'),
  },
  'Write policy': {
    new: () => import('./commands/new.ts'),
    learn: () => import('./commands/learn.ts'),
    check: () => import('./commands/check.ts'),
    format: () => import('./commands/format.ts'),
    compile: () => import('./commands/compile.ts'),
    diff: () => import('./commands/diff.ts'),
    why: () => import('./commands/why.ts'),
    graph: () => import('./commands/graph.ts'),
  },
  'Load policy': {
    load: () => import('./commands/load.ts'),
    replace: () => import('./commands/replace.ts'),
    remove: () => import('./commands/remove.ts'),
    mode: () => import('./commands/mode.ts'),
    sync: () => import('./commands/sync.ts'),
  },
  'When it does not work': {
    doctor: () => import('./commands/doctor.ts'),
  },
  'This command': {
    demo: () => import('./commands/demo.ts'),
    completion: () => import('./commands/completion.ts'),
  },
}

const LOADERS: Readonly<Record<string, Load>> = Object.assign(
  Object.create(null),
  ...Object.values(GROUPS),
)

export const COMMANDS: readonly string[] = Object.keys(LOADERS)

export async function find(name: string): Promise<Command | undefined> {
  return (await LOADERS[name]?.())?.default
}
