import type { Reader } from '../reader.ts'
import { writePattern, writeQualifiers } from '../writer.ts'
import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'
import { byText, joining, type Compare, type Merge } from '../union.ts'

/** The profiles that the process may change to: `change_profile /bin/sh -> shell,`. */
export interface ChangeProfileRule extends Qualifiers {
  readonly kind: 'change_profile'
  /** only by executing this program */
  readonly exec?: Pattern
  /** default: any profile */
  readonly target?: Pattern
  /** whether the environment is cleaned at the exec */
  readonly environment?: 'safe' | 'unsafe'
}

/** Reads what follows `change_profile`. */
export function parseChangeProfile(reader: Reader, qualifiers: Qualifiers): ChangeProfileRule {
  reader.white()
  const environment = reader.match(ENVIRONMENT) as 'safe' | 'unsafe' | undefined
  reader.white()
  const at = reader.pos
  const exec = reader.match(ARROW) === undefined ? reader.word() : undefined
  if (environment && exec === undefined) reader.fail(`'${environment}' needs the path of a program`)
  if (exec !== undefined && !/^"?(?:\/|@\{)/.test(exec)) reader.fail("expected a path or '->'", at)
  reader.white()
  if (exec === undefined) reader.pos = at
  let target: string | undefined
  if (reader.match(ARROW) !== undefined) {
    reader.white()
    target = reader.word() ?? reader.expected('a profile')
    reader.white()
  }
  reader.endRule()
  return {
    kind: 'change_profile',
    ...qualifiers,
    ...(environment && { environment }),
    ...(exec !== undefined && { exec: reader.pattern(exec) }),
    ...(target !== undefined && { target: reader.pattern(target) }),
  }
}

const ENVIRONMENT = /(?:un)?safe(?=[\s,])/y
const ARROW = /->(?=[\s,"])/y

export function formatChangeProfile(rule: ChangeProfileRule): string {
  const { environment, exec, target } = rule
  const words = [
    'change_profile',
    ...(environment ? [environment] : []),
    ...(exec === undefined ? [] : [writePattern(exec)]),
    ...(target === undefined ? [] : ['->', writePattern(target)]),
  ]
  return `${writeQualifiers(rule)}${words.join(' ')},`
}

export const compareChangeProfile: Compare<ChangeProfileRule> = byText(
  formatChangeProfile,
  ({ target }) => target,
)

export const mergeChangeProfile: Merge<ChangeProfileRule> = joining()
