import { sync, type SyncOptions, type SyncReport, type SyncStep } from '../../policy/node.ts'
import { command, NO, UsageError, type Command } from '../command.ts'
import { COMPILE_OPTIONS, compileOptions } from '../compile_options.ts'
import { count } from '../group.ts'
import { documentSchema, exactly, listOf } from '../json.ts'
import { Progress } from '../progress.ts'
import { dim, green, red, yellow, type Screen } from '../screen.ts'

const PAINT = { load: green, replace: green, remove: red, keep: yellow }
const PLANNED = {
  load: 'would load',
  replace: 'would replace',
  remove: 'would remove',
  keep: 'would keep',
}
const DONE = { load: 'loaded', replace: 'replaced', remove: 'removed', keep: 'kept' }
const WIDTH = 'would replace'.length

const SYNC: Command = command({
  name: 'sync',
  summary: 'Keep the loaded profiles equal to a directory',
  description: [
    'It loads new profiles, replaces changed ones, and removes those whose file is gone. It touches only profiles ' +
      'that it has loaded itself for the same owner. A profile in use stays. It needs root.',
  ],
  operands: [{ name: 'DIRECTORY', help: 'a directory of policy', complete: 'directory' }],
  options: {
    ...COMPILE_OPTIONS,
    owner: {
      type: 'string',
      short: 'o',
      value: 'NAME',
      help: 'the owner of the profiles, such as the name of your application',
    },
    watch: {
      type: 'boolean',
      short: 'w',
      help: 'sync again whenever a file changes, until Ctrl-C. With --json, one object a line',
    },
    'dry-run': { type: 'boolean', help: 'only show the plan' },
    state: {
      type: 'string',
      value: 'DIRECTORY',
      complete: 'directory',
      help: 'the directory for its list of loaded profiles; default /var/lib/apparmor-sync',
    },
    unconfine: {
      type: 'boolean',
      help: 'also remove profiles that processes run under, which unconfines these processes',
    },
    adopt: {
      type: 'boolean',
      help: 'take over profiles with the same names that somebody else has loaded',
    },
  },
  examples: [
    { run: 'sudo apparmor sync /etc/my-app/apparmor --owner my-app --dry-run', what: 'the plan' },
    { run: 'sudo apparmor sync /etc/my-app/apparmor --owner my-app', what: 'the deed' },
    {
      run: 'sudo apparmor sync /etc/my-app/apparmor --owner my-app --watch',
      what: 'and after each change, until Ctrl-C',
    },
  ],
  exits: {
    0: 'the kernel holds what the directory says',
    [NO]: 'some files could not be loaded',
    2: 'nothing was done',
    130: '--watch was ended by Ctrl-C',
  },
  schema: documentSchema('sync', {
    dryRun: { type: 'boolean' },
    steps: listOf(
      exactly({
        action: { enum: ['load', 'replace', 'remove', 'keep'] },
        profile: { type: 'string' },
        file: { type: 'string' },
      }),
    ),
    unchanged: { type: 'integer' },
    errors: listOf(exactly({ file: { type: 'string' }, message: { type: 'string' } })),
  }),
  async run({ operands: [directory = ''], options, json, out, err }) {
    const { owner, 'dry-run': dryRun = false, state, unconfine, adopt, watch, ...rest } = options
    if (owner === undefined) throw new UsageError('--owner NAME is missing')
    const progress = new Progress(err)
    const how: SyncOptions = {
      ...compileOptions(rest),
      owner,
      dryRun,
      ...(state !== undefined && { state }),
      ...(unconfine && { running: 'unconfine' }),
      ...(adopt && { adopt }),
      progress: ({ file, done, total }) => progress.show(() => `${done} of ${total}: ${file}`),
    }
    const show = (report: SyncReport): void => {
      progress.clear()
      if (!json) return showReport(report, dryRun, { out, err })
      const document = reportJson(report, dryRun)
      if (watch) out.record(document)
      else out.json(document)
    }
    if (watch) {
      for await (const report of sync(directory, { ...how, watch })) show(report)
      return 0
    }
    const report = await sync(directory, how)
    show(report)
    return report.errors.length > 0 ? NO : 0
  },
})
export default SYNC

const reportJson = ({ steps, unchanged, errors }: SyncReport, dryRun: boolean): object => ({
  version: 1,
  dryRun,
  steps,
  unchanged,
  errors: errors.map(({ file, error }) => ({ file, message: error.message })),
})

function showReport(
  { steps, unchanged, errors }: SyncReport,
  dryRun: boolean,
  { out, err }: { readonly out: Screen; readonly err: Screen },
): void {
  const words: Readonly<Record<SyncStep['action'], string>> = dryRun ? PLANNED : DONE
  for (const { action, profile, file } of steps) {
    out.line(PAINT[action](words[action].padEnd(WIDTH)), ` ${profile}  `, dim(file))
  }
  for (const { file, error } of errors) err.line(red(`${file}: `), error.message)
  err.line(
    dim(`${count(steps.length, 'profile')} to change, ${count(unchanged, 'file')} unchanged`),
  )
}
