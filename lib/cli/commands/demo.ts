import { AppArmorError, availability, getcon, profiles, type Confinement } from '../../index.ts'
import { denialsOf } from '../../audit/node.ts'
import { builtin } from '../../border/node.ts'
import { confined } from '../../child_process/index.ts'
import { load, remove } from '../../policy/node.ts'
import { command, Refusal, type Call, type Command } from '../command.ts'
import { count } from '../group.ts'
import { fixOf, lineOf } from '../record.ts'
import { bold, cyan, dim, green, red, type Screen } from '../screen.ts'

const DEMO: Command = command({
  name: 'demo',
  summary: 'Show on this kernel what AppArmor does',
  description: [
    'It loads a profile of its own, runs programs under it, and shows what the kernel refuses and what the log ' +
      'says. Then it removes the profile. It touches nothing else. It needs root.',
  ],
  examples: [{ run: 'sudo apparmor demo', what: 'takes a few seconds' }],
  exits: { 0: 'told', 2: 'AppArmor does not enforce here; apparmor doctor says why' },
  run: tell,
})
export default DEMO

const SECRET = '/etc/shadow'
const ALLOWED = '/etc/passwd'

async function tell({ out }: Call): Promise<void> {
  const found = availability()
  if (!found.enabled) throw new Refusal(`${found.reason}. apparmor doctor says more.`)
  const name = `apparmor-demo-${builtin('node:crypto').randomBytes(4).toString('hex')}`
  chapter(out, '1. What is enabled')
  const release = builtin('node:os').release()
  out.line(`Linux ${release}, AppArmor on, this process runs `, labelOf(getcon()))
  chapter(out, `2. A profile: everything is permitted, but ${SECRET} is denied`)
  const text = profileText(name)
  out.text(text)
  await load(text)
  try {
    const loaded = await profiles()
    out.line(`${count(loaded.length, 'profile')} in the kernel, among them `, green(name))
    await child(name, out)
    thisProcess(out)
    missing(out)
  } finally {
    await remove({ profile: name })
  }
  chapter(out, '6. The end')
  out.line(
    'The profile is removed. Next: ',
    bold('apparmor status'),
    ', ',
    bold('apparmor new'),
    ', ',
    bold('apparmor learn'),
  )
}

/** What every compiler in use understands. */
const profileText = (name: string): string => `profile ${name} {
  file,
  capability,
  network,
  unix,
  signal,
  ptrace,
  audit deny ${SECRET} rw,
}
`

function chapter(out: Screen, title: string): void {
  out.line()
  out.line(bold(title))
}

const labelOf = ({ label, mode }: Confinement) =>
  green(mode === null ? label : `${label} (${mode})`)

async function child(name: string, out: Screen): Promise<void> {
  chapter(out, '3. A program under it')
  const { spawn } = confined({ profile: name })
  const script = `cat /proc/self/attr/current; head -n 1 ${ALLOWED}; cat ${SECRET}; true`
  out.line(cyan(`  confined({ profile: '${name}' }).spawn('sh', ['-c', …])`))
  const program = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] })
  const refused = denialsOf(program, { profile: name })
  for (const stream of [program.stdout, program.stderr]) {
    stream?.on('data', (chunk: Buffer) => out.lines(String(chunk)))
  }
  const records = []
  for await (const record of refused) records.push(record)
  out.line(dim(records.length === 0 ? 'The log has nothing about it.' : 'The kernel’s log of it:'))
  for (const record of records.slice(0, 3)) {
    out.line(...lineOf(record))
    for (const rule of fixOf(record)) out.line(dim('    fix: '), cyan(rule))
  }
}

function thisProcess(out: Screen): void {
  chapter(out, '4. This program did not change')
  out.line('It still runs ', labelOf(getcon()), '. A program confines itself, all its threads, by:')
  out.line(cyan("  changeProfile('web')"))
}

function missing(out: Screen): void {
  chapter(out, '5. A profile that does not exist')
  const { spawnSync } = confined({ profile: 'apparmor-demo-no-such-profile' })
  try {
    spawnSync('/bin/true', [])
    throw new Refusal('a program ran under a profile that does not exist')
  } catch (error) {
    if (!(error instanceof AppArmorError)) throw error
    out.line(red(error.message))
  }
  out.line('The program did not run: what cannot be confined is not executed.')
}
