/** The ways to permit the start of a program, and what each of them means. */
import { file } from '../../policy/make.ts'
import type { FileRule } from '../../policy/rules/file.ts'
import type { Danger } from './dangers.ts'
import type { ExecChoice, Labels } from './labels.ts'
import { shown } from './words.ts'

/** One way to permit the start of a program. */
export interface Choice {
  readonly exec: ExecChoice
  readonly rule: FileRule
  /** in plain English */
  readonly consequence: string
  readonly dangers: readonly Danger[]
}

interface Situation {
  readonly labels: Labels
  readonly profile: string
  /** whether the log shows what the program itself needs */
  readonly seen: boolean
}

export function execRule(
  path: string,
  exec: ExecChoice,
  { labels, profile, seen }: Situation,
): FileRule {
  // The program is read and mapped under this profile; in enforce mode the log ends before that.
  const letters = exec === 'ix' && !seen ? 'mr' : ''
  const target = /^c/i.test(exec) ? { target: labels.child(path, profile) } : {}
  return file(path, `${letters}${exec}` as string, target)
}

export function choicesOf(
  path: string,
  chosen: ExecChoice,
  situation: Situation,
): readonly Choice[] {
  const child = situation.profile.includes('//') ? [] : (['Cx'] as const)
  const modes = new Set<ExecChoice>([chosen, 'ix', 'Px', ...child, 'Ux'])
  return Array.from(modes, (exec) => ({
    exec,
    rule: execRule(path, exec, situation),
    consequence: consequenceOf(path, exec, situation),
    dangers: /u/i.test(exec) ? [UNCONFINED] : [],
  }))
}

const UNCONFINED: Danger = {
  name: 'unconfined',
  text: 'The program runs without confinement, and so does what it starts.',
}

function consequenceOf(path: string, exec: ExecChoice, { labels, profile }: Situation): string {
  const clean = /^[A-Z]/.test(exec) ? ' Its environment is cleaned (LD_PRELOAD and the like).' : ''
  const other = exec.slice(1).toLowerCase()
  const fallback =
    other === 'ix'
      ? ' Without that profile it stays under this one.'
      : other === 'ux'
        ? ' Without that profile it runs unconfined.'
        : ''
  if (exec === 'ix') {
    return `It stays under ${shown(profile)}: both programs may then do what either of them needs.`
  }
  if (/^u/i.test(exec)) return `It runs unconfined.${clean}`
  if (/^c/i.test(exec)) {
    const name = shown(`${profile}//${labels.child(path, profile)}`)
    return `It gets the child profile ${name}, which only this profile leads to.${fallback}${clean}`
  }
  const name = labels.attached(path)
  const which = name === undefined ? `that attaches to ${shown(path)}` : shown(name)
  const missing = fallback === '' ? ' Without that profile it cannot start.' : fallback
  return `It gets the profile ${which}.${missing}${clean}`
}
