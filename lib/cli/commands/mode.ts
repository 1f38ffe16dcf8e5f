import { profiles } from '../../index.ts'
import { remove, replace, setMode, type LoadableMode } from '../../policy/node.ts'
import { command, DONE_OR_FAILED, type Command } from '../command.ts'
import { findProfile } from '../find_profile.ts'
import { documentSchema, exactly, listOf } from '../json.ts'
import { modeSpan } from '../mode.ts'
import { writeMode } from '../mode_file.ts'
import { BASE, BASE_OPTION } from '../read_policy.ts'
import { dim } from '../screen.ts'

const LOADABLE: readonly string[] = [
  'enforce',
  'complain',
  'kill',
  'unconfined',
] satisfies LoadableMode[]

const MODE: Command = command({
  name: 'mode',
  summary: 'Set the mode of loaded profiles',
  description: [
    'enforce refuses and logs. complain permits and logs. kill ends the process that breaks a rule. unconfined ' +
      'permits everything. disable removes the profile from the kernel.',
    'Without --write no file changes, and the mode lasts until the profile is loaded again. Children and hats ' +
      'keep their modes. With --write the file that defines the profile changes, too, as with aa-complain, ' +
      'aa-enforce and aa-disable: in its flags, or for disable by a link in the directory disable. A profile that ' +
      'is not loaded is loaded from that file. It needs root.',
  ],
  operands: [
    {
      name: 'MODE',
      help: `${[...LOADABLE, 'disable'].join(', ')}`,
      choices: [...LOADABLE, 'disable'],
    },
    { name: 'PROFILE', help: 'a loaded profile', multiple: true, complete: 'profile' },
  ],
  options: {
    unconfine: {
      type: 'boolean',
      help: 'with disable: even if processes run under it, which unconfines these processes',
    },
    write: { type: 'boolean', short: 'w', help: 'also change the file, so that the mode lasts' },
    base: BASE_OPTION,
    children: { type: 'boolean', short: 'c', help: 'its children and hats, too' },
  },
  examples: [
    { run: 'sudo apparmor mode complain web', what: 'see in the log what enforce would deny' },
    { run: 'sudo apparmor mode enforce --children web', what: 'web and its hats' },
    { run: 'sudo apparmor mode complain --write web', what: 'and after the next start' },
    { run: 'sudo apparmor mode disable web', what: 'until it is loaded again' },
  ],
  exits: DONE_OR_FAILED,
  schema: documentSchema('mode', {
    changed: listOf(
      exactly({ profile: { type: 'string' }, mode: { enum: [...LOADABLE, 'disable'] } }),
    ),
    files: listOf({ type: 'string' }),
  }),
  async run({ operands: [mode = '', ...names], options, json, out, err, world }) {
    const { unconfine, children = false, write, base = BASE } = options
    const changed: { profile: string; mode: string }[] = []
    // Before the kernel: what cannot be written is not half done.
    const files = write ? await writeMode(mode, names, { base, children, world }) : []
    for (const name of names) {
      if (mode === 'disable') {
        await remove({ profile: name }, unconfine ? { running: 'unconfine' } : {})
        changed.push({ profile: name, mode })
        continue
      }
      if (write && !(await isLoaded(name))) {
        // It was disabled: as aa-enforce does, it is loaded as the file says now.
        const { file } = await findProfile(name, { files: [], base, world })
        await replace({ file }, { base })
        changed.push({ profile: name, mode })
        continue
      }
      for (const profile of [name, ...(children ? await below(name) : [])]) {
        await setMode(profile, mode as LoadableMode)
        changed.push({ profile, mode })
      }
    }
    if (json) return out.json({ version: 1, changed, files })
    for (const file of files) err.line(dim(`written: ${file}`))
    for (const { profile } of changed) {
      out.line(`${profile}: `, mode === 'disable' ? 'removed' : modeSpan(mode as LoadableMode))
    }
  },
})
export default MODE

const isLoaded = async (name: string): Promise<boolean> =>
  (await profiles()).some(({ label }) => label === name)

async function below(name: string): Promise<readonly string[]> {
  const labels = (await profiles()).map(({ label }) => label)
  return labels.filter((label) => label.startsWith(`${name}//`))
}
