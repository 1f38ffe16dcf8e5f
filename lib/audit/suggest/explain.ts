import { invalidArgType } from '../../border/invalid.ts'
import { isObject } from '../../policy/check.ts'
import type { AuditRecord, LogRecord, LostRecord, PolicyRecord } from '../record.ts'
import { describe } from './classes/index.ts'
import { suggest } from './suggest.ts'
import { listed, shown } from './words.ts'

/** A record in plain English. Each part is a sentence or more. */
export interface Explanation {
  /** what happened */
  readonly what: string
  /** to whom */
  readonly who: string
  readonly why: string
  /** rules that would permit it, in the policy language; empty when no rule helps */
  readonly rules: readonly string[]
  /** what such a rule would mean, or what helps instead */
  readonly meaning: string
  /** all of it */
  readonly text: string
}

/**
 * Explains a record in plain English: what happened, to whom, why, which rule would permit it, and what that rule
 * would mean.
 *
 * Names come from the record. Characters that move a terminal's cursor or are invisible are escaped. It makes no
 * system
 * call and runs anywhere.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 * @example
 * ```js
 * import { explain, parseRecord } from 'apparmor/audit'
 * const line = 'audit: type=1400 audit(1795690704.769:34): apparmor="DENIED" operation="capable" class="cap" ' +
 *   'profile="web" pid=234 comm="web" capability=21  capname="sys_admin"'
 * console.log(explain(parseRecord(line)).text)
 * ```
 */
export function explain(record: LogRecord): Explanation {
  if (!isObject(record)) throw invalidArgType('record', 'a record', record)
  if (record.event === 'lost') return whole(explainLoss(record))
  if (record.class === 'boot') {
    return whole({
      what: 'The kernel says what AppArmor does at its start.',
      why: `${record.info ?? ''}.`,
    })
  }
  if (record.class === 'policy') return whole(explainPolicy(record))
  if (record.class === 'attr') {
    return whole({
      what: `The process wrote to its own attributes in /proc what the kernel could not read.`,
      who: whoOf(record),
      why: 'The request was malformed. Nothing has changed.',
    })
  }
  const suggestions = suggest([record])
  const advice = suggestions.filter(({ kind }) => kind === 'advice').map(({ text }) => text)
  const rules = suggestions.flatMap((one) =>
    one.kind === 'rule' || one.kind === 'hat' ? [ruleText(one)] : [],
  )
  const flags = suggestions.flatMap((one) =>
    one.kind === 'flag' ? [`The profile needs the flag ${one.flag}, too.`] : [],
  )
  const choices = suggestions.flatMap((one) =>
    one.kind === 'rule' && one.choices
      ? one.choices.map(({ exec, consequence }) => `With ${exec}: ${consequence}`)
      : [],
  )
  const dangers = suggestions.flatMap((one) => one.dangers.map(({ text }) => text))
  const meaning = [...advice, ...flags, ...choices, ...dangers, ...meaningOf(record, rules)].join(
    ' ',
  )
  return whole({ what: whatOf(record), who: whoOf(record), why: whyOf(record), rules, meaning })
}

const ruleText = ({ kind, text }: { kind: string; text: string }): string =>
  kind === 'hat' ? `${text} }` : text

function whole(parts: Partial<Explanation>): Explanation {
  const { what = '', who = '', why = '', rules = [], meaning = '' } = parts
  const rule =
    rules.length === 0
      ? ''
      : `${rules.length === 1 ? 'This rule would permit it' : 'These rules would permit it'}: ${rules.join(' ')}`
  const text = [what, who, why, rule, meaning].filter((part) => part !== '').join('\n')
  return { what, who, why, rules, meaning, text }
}

function whatOf(record: AuditRecord): string {
  const { event, comm } = record
  const subject = comm === undefined ? 'A process' : shown(comm)
  const act = describe(record)
  switch (event) {
    case 'allowed':
    case 'hint':
      return `${subject} was let through when it wanted to ${act}, although no rule permits it.`
    case 'audit':
      return `${subject} was permitted to ${act}.`
    case 'killed':
      return `${subject} was killed when it wanted to ${act}.`
    case 'unknown':
      return `${subject} wanted to ${act}. The record does not say whether it could.`
    default:
      return `${subject} was not permitted to ${act}.`
  }
}

function whoOf(record: AuditRecord): string {
  const { pid, profile, namespace, exe } = record
  const process = pid === undefined ? 'A process' : `Process ${pid}`
  const program = exe === undefined ? '' : ` (${shown(exe)})`
  const where = namespace === undefined ? '' : ` in the policy namespace ${shown(namespace)}`
  if (profile === undefined) return `${process}${program}.`
  if (isOtherSide(record)) {
    return `${process}${program} acted on one under the profile ${shown(profile)}${where}, and that profile is asked here.`
  }
  return `${process}${program}, under the profile ${shown(profile)}${where}.`
}

// Of a signal and a ptrace both sides are asked, and the process named is always the one who acts.
const isOtherSide = (record: AuditRecord): boolean =>
  (record.class === 'signal' || record.class === 'ptrace') &&
  /receive|by/.test(record.deniedMask ?? record.requestedMask ?? '')

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/disconnected/, 'The file lies outside of what the process sees, so that it has no whole path.'],
  [/deleted entry/, 'The file has been deleted.'],
  [/not subset/, 'The link would permit more than the file that it leads to.'],
  [/target restricted/, 'A rule permits this link to another file only.'],
  [/no new privs/, 'The process has no_new_privs set, and so cannot get another profile.'],
  [/transition not found/, 'A rule names a profile that is not loaded.'],
  [/label not found/, 'No such profile is loaded.'],
  [/hat not found|no hats defined/, 'The profile has no such hat.'],
  [/token match/, 'The token was wrong.'],
  [/ptrace prevents/, 'The process is traced by one that may not trace the new profile.'],
  [/conflicting/, 'Several profiles attach to the program equally well.'],
  [/optional: no audit/, 'The kernel only asked: it goes on without the capability.'],
  [/cap_sys_resource/, 'It is the limit of a process under another profile.'],
]

function whyOf({ event, info, problems }: AuditRecord): string {
  const known =
    info === undefined ? undefined : REASONS.find(([pattern]) => pattern.test(info))?.[1]
  const reason =
    known ??
    (event === 'audit'
      ? 'A rule permits it, and asks for this record.'
      : event === 'unknown'
        ? ''
        : 'No rule of the profile permits it.')
  const words = info === undefined || known !== undefined ? '' : ` The kernel says: ${shown(info)}.`
  const mode =
    event === 'allowed'
      ? ' The profile is in complain mode.'
      : event === 'killed'
        ? ' The profile is in kill mode, or the request was an attack.'
        : ''
  const cut = problems ? ` The record is not complete: ${listed(problems)}.` : ''
  return `${reason}${words}${mode}${cut}`.trim()
}

function meaningOf({ event }: AuditRecord, rules: readonly string[]): readonly string[] {
  if (event === 'audit') return []
  if (rules.length === 0) return []
  return ['If the program does not need it, add nothing: a `deny` rule keeps it out of the log.']
}

const ACTS: Readonly<Record<string, string>> = {
  profile_load: 'loaded',
  profile_replace: 'replaced',
  profile_remove: 'removed',
}

function explainPolicy(record: PolicyRecord): Partial<Explanation> {
  const { operation = '', name, info, error, comm, targetNamespace } = record
  const act = ACTS[operation] ?? 'changed'
  const where =
    targetNamespace === undefined ? '' : ` in the policy namespace ${shown(targetNamespace)}`
  const what = name === undefined ? 'policy' : `the profile ${shown(name)}`
  const subject = comm === undefined ? 'A process' : shown(comm)
  const failed = error !== undefined
  return {
    what: failed
      ? `${subject} could not have ${what}${where} ${act}.`
      : `${subject} has ${act} ${what}${where}.`,
    who: whoOf(record),
    why: info === undefined ? '' : `The kernel says: ${shown(info)}.`,
    meaning: failed ? 'The policy in the kernel is what it was before.' : '',
  }
}

function explainLoss({ count, reason }: LostRecord): Partial<Explanation> {
  return {
    what: `The log has lost ${count ?? 'an unknown number of'} records.`,
    why: LOSSES[reason] ?? '',
    meaning: 'What happened in between is not known.',
  }
}

const LOSSES: Readonly<Record<string, string>> = {
  printk: 'The kernel limits how many it prints (kernel.printk_ratelimit).',
  'rate limit': 'The kernel limits how many it writes (auditctl -r).',
  backlog: "The kernel's queue was full (auditctl -b).",
  memory: 'The kernel had no memory for them.',
  overrun: 'They were overwritten before they were read.',
  rotation: 'The file was rotated before they were read.',
  truncation: 'The file was cut.',
  gap: 'Numbers are missing, and nothing says why.',
}
