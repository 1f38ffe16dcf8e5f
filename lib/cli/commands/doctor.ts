import { builtin } from '../../border/node.ts'
import { command, NO, UsageError, type Command } from '../command.ts'
import { note, type Finding } from '../doctor/finding.ts'
import { machineChecks } from '../doctor/machine.ts'
import { processFindings, profileFindings } from '../doctor/subject.ts'
import { count } from '../group.ts'
import { documentSchema, exactly, listOf } from '../json.ts'
import { bold, dim, green, red, yellow, type Screen } from '../screen.ts'

const SIGNS = { ok: green('ok      '), note: yellow('note    '), problem: red('PROBLEM ') }

const DOCTOR: Command = command({
  name: 'doctor',
  summary: 'Find out why AppArmor does not work as expected',
  description: [
    'It checks everything that AppArmor needs, step by step. For each step it says what it found, what that ' +
      'means, and what to do. For a profile or a process, it says why that one is not confined.',
  ],
  operands: [
    {
      name: 'PID',
      help: 'a process: why is it not confined?',
      optional: true,
      complete: 'process',
    },
  ],
  options: {
    profile: {
      type: 'string',
      short: 'p',
      value: 'PROFILE',
      complete: 'profile',
      help: 'a profile: why does nothing run under it?',
    },
    probe: { type: 'boolean', help: 'cause a record, and check whether it arrives in the log' },
    report: {
      type: 'boolean',
      help: 'print Markdown for a bug report, without names of processes, users or hosts',
    },
  },
  examples: [
    { run: 'apparmor doctor', what: 'the machine' },
    { run: 'sudo apparmor doctor --probe', what: 'and the log' },
    { run: 'apparmor doctor 1234', what: 'why is this process not confined?' },
    { run: 'apparmor doctor -p web', what: 'why does nothing run under this profile?' },
    { run: 'apparmor doctor --report', what: 'to be pasted into an issue' },
  ],
  exits: { 0: 'no problem', [NO]: 'there are problems', 2: 'it could not be found out' },
  schema: documentSchema('doctor', {
    ok: { type: 'boolean' },
    findings: listOf(
      exactly({
        check: { type: 'string' },
        state: { enum: ['ok', 'note', 'problem'] },
        seen: { type: 'string' },
        means: { type: ['string', 'null'] },
        remedy: { type: ['string', 'null'] },
      }),
    ),
  }),
  async run({
    operands: [pid],
    options: { profile, probe = false, report },
    json,
    out,
    err,
    world,
  }) {
    if (pid !== undefined && profile !== undefined)
      throw new UsageError('either a PID or a profile')
    if (report && (pid ?? profile) !== undefined)
      throw new UsageError('--report is about the machine')
    const findings =
      pid !== undefined
        ? await processFindings(readPid(pid))
        : profile !== undefined
          ? await profileFindings(profile, world)
          : await examine(probe)
    const problems = findings.filter(({ state }) => state === 'problem').length
    if (json) out.json({ version: 1, ok: problems === 0, findings })
    else if (report) showReport(findings, out)
    else {
      for (const finding of findings) show(finding, out)
      err.line(dim(`${count(problems, 'problem')}, ${count(findings.length, 'finding')}`))
    }
    return problems > 0 ? NO : 0
  },
})
export default DOCTOR

function readPid(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new UsageError(`'${text}' is no process number`)
  return Number(text)
}

async function examine(probe: boolean): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const check of machineChecks(probe)) {
    try {
      findings.push(...[await check()].flat())
    } catch (error) {
      // One question that nobody answers is no reason not to ask the others.
      findings.push(note('a check', 'it could not be made', (error as Error).message))
    }
  }
  return findings
}

function show({ check, state, seen, means, remedy }: Finding, out: Screen): void {
  out.line(SIGNS[state], bold(check), `: ${seen}`)
  if (means !== null) out.paragraph(`${means}.`, '         ')
  if (remedy !== null) out.paragraph(`→ ${remedy}`, '         ')
}

function showReport(findings: readonly Finding[], out: Screen): void {
  const require = builtin('node:module').createRequire(import.meta.url)
  const { version } = require('apparmor/package.json') as { version: string }
  const hidden = builtin('node:os').homedir()
  out.line(`apparmor ${version}`)
  out.line()
  out.line('| check | | seen |')
  out.line('| --- | --- | --- |')
  for (const { check, state, seen } of findings) {
    // The label of a process may tell what somebody runs.
    const text =
      check === 'this process' && state !== 'ok' ? 'confined' : seen.replaceAll(hidden, '~')
    out.line(`| ${check} | ${state} | ${text.replaceAll('|', '\\|')} |`)
  }
}
