/** Why is this not confined? One profile, or one process, looked at. */
import { processes, profiles } from '../../index.ts'
import { fs } from '../../border/node.ts'
import { findProfile } from '../find_profile.ts'
import { count } from '../group.ts'
import { BASE } from '../read_policy.ts'
import type { World } from '../command.ts'
import { note, ok, problem, readFile, statusField, type Finding } from './finding.ts'

export async function profileFindings(name: string, world: World): Promise<readonly Finding[]> {
  const found = (await profiles()).find(({ label }) => label === name)
  const file = await findProfile(name, { files: [], base: BASE, world }).catch(() => null)
  const where =
    file === null
      ? note('file', `no file of ${BASE} defines it`, 'it is not loaded again at the next boot')
      : ok('file', file.file)
  if (found === undefined) {
    const remedy =
      file === null ? `load its file: apparmor load FILE` : `apparmor load ${file.file}`
    return [
      problem('loaded', 'no', 'the kernel does not know it, so nothing runs under it', remedy),
      where,
      ...disabled(file?.file),
    ]
  }
  const { mode, attachment } = found
  const all = await processes()
  const under = all.filter(({ label }) => label === name)
  const expected = all.filter((one) => one.expected === name)
  return [
    ok('loaded', 'yes'),
    mode === 'enforce' || mode === 'kill'
      ? ok('mode', mode)
      : problem('mode', mode, 'it denies nothing', `apparmor mode enforce ${name}`),
    where,
    attachment === null
      ? note(
          'attachment',
          'none',
          'no program gets it automatically; a program has to ask for it, for example by apparmor exec -p',
        )
      : ok('attachment', attachment),
    under.length > 0
      ? ok('processes', `${count(under.length, 'process', 'processes')} under it: ${pids(under)}`)
      : note('processes', 'none runs under it', 'start the program'),
    ...(expected.length > 0
      ? [
          problem(
            'processes',
            `${pids(expected)} should run under it, and are unconfined`,
            'they were started before the profile was loaded, and a program gets its profile at exec',
            'restart them',
          ),
        ]
      : []),
  ]
}

const pids = (list: readonly { readonly pid: number; readonly command: string }[]): string =>
  list.map(({ pid, command }) => `${pid} ${command}`).join(', ')

function disabled(file: string | undefined): readonly Finding[] {
  const name = file?.split('/').at(-1)
  if (name === undefined || !fs.existsSync(`${BASE}/disable/${name}`)) return []
  return [
    problem(
      'disabled',
      `${BASE}/disable/${name}`,
      'the file is skipped at boot',
      `rm ${BASE}/disable/${name}`,
    ),
  ]
}

export async function processFindings(pid: number): Promise<readonly Finding[]> {
  const [found] = await processes({ pid })
  if (!found)
    return [problem('process', `${pid}`, 'there is no such process, or /proc hides it', null)]
  const { command, executable, label, mode, expected, differing, kind } = found
  const who = ok('process', `${pid} ${command}${executable === null ? '' : `, ${executable}`}`)
  if (kind === 'kernel')
    return [who, note('kind', 'a thread of the kernel', 'these are never confined')]
  if (kind === 'zombie')
    return [who, note('kind', 'it has ended', 'its parent has not noticed yet')]
  if (label === null)
    return [
      who,
      note(
        'label',
        'it may not be read',
        'another user’s process: run this as root',
        'sudo apparmor doctor',
      ),
    ]
  const threads =
    differing.length === 0
      ? []
      : [
          problem(
            'threads',
            `${differing.length} under another label: ${differing.map(({ tid, label: other }) => `${tid} ${other}`).join(', ')}`,
            'only some threads are confined as the label says',
            'change the whole process: changeProfile without scope, or reexec',
          ),
        ]
  if (mode !== null) {
    return [
      who,
      mode === 'enforce' || mode === 'kill'
        ? ok('label', `${label} (${mode})`)
        : problem(
            'label',
            `${label} (${mode})`,
            'the profile permits everything, and only logs',
            `apparmor mode enforce ${label}`,
          ),
      ...threads,
    ]
  }
  return [who, unconfined(pid, executable, expected), ...threads]
}

function unconfined(pid: number, executable: string | null, expected: string | null): Finding {
  if (expected !== null) {
    return problem(
      'label',
      'unconfined',
      `the profile ${expected} is meant for ${executable ?? 'its program'}: the process was started before it was loaded`,
      'restart the process',
    )
  }
  if (statusField(pid, 'NoNewPrivs') === '1') {
    return note(
      'label',
      'unconfined',
      'no profile is attached to its program; and no_new_privs is set on it, which refuses most transitions',
    )
  }
  const parent = readFile(`/proc/${statusField(pid, 'PPid') ?? 0}/attr/current`)
  return note(
    'label',
    'unconfined',
    `no loaded profile is attached to its program${parent === null ? '' : `; its parent runs ${parent}`}`,
    'write a profile with its path as attachment, or start it by apparmor exec -p PROFILE',
  )
}
