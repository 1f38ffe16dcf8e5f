import type { Reader } from '../reader.ts'
import { parseConditions, patterns } from '../conditions.ts'
import { parsePermissions, type Words } from '../permissions.ts'
import { writeCondition, writeList, writePermissions, writeQualifiers } from '../writer.ts'
import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'
import { byText, joining, type Compare, type Merge } from '../union.ts'

/** Signals to and from other processes: `signal (send) set=(term, kill) peer=web,`. */
export interface SignalRule extends Qualifiers {
  readonly kind: 'signal'
  /** default: both */
  readonly permissions?: readonly SignalPermission[]
  /** `'term'`, `'rtmin+3'`; default: all of them */
  readonly signals?: readonly Signal[]
  /** the label of the other process */
  readonly peer?: Pattern
}

export type SignalPermission = 'send' | 'receive'
/** A signal of signal(7), without `SIG`. */
export type Signal = (typeof SIGNALS)[number] | `rtmin+${number}`

export const SIGNALS = [
  'hup',
  'int',
  'quit',
  'ill',
  'trap',
  'abrt',
  'bus',
  'fpe',
  'kill',
  'usr1',
  'segv',
  'usr2',
  'pipe',
  'alrm',
  'term',
  'stkflt',
  'chld',
  'cont',
  'stop',
  'stp',
  'ttin',
  'ttou',
  'urg',
  'xcpu',
  'xfsz',
  'vtalrm',
  'prof',
  'winch',
  'io',
  'pwr',
  'sys',
  'emt',
  'exists',
] as const

const WORDS: Words<SignalPermission> = {
  all: ['send', 'receive'],
  read: 'receive',
  write: 'send',
}
const SYNONYMS: Readonly<Record<string, Signal>> = { tstp: 'stp', poll: 'io' }

/** Reads what follows `signal`. */
export function parseSignal(reader: Reader, qualifiers: Qualifiers): SignalRule {
  const permissions = parsePermissions(reader, WORDS)
  const conds = parseConditions(reader)
  const signals: Signal[] = []
  for (const cond of conds.filter(({ name }) => name === 'set')) {
    if (cond.operator === 'in') reader.fail("'set' takes '=', not 'in'", cond.at)
    for (const raw of cond.values) {
      const signal = toSignal(reader.name(raw))
      if (signal === undefined) reader.fail(`no signal '${raw}'`, cond.at)
      if (!signals.includes(signal)) signals.push(signal)
    }
  }
  const { peer } = patterns(
    reader,
    conds.filter(({ name }) => name !== 'set'),
    ['peer'],
  )
  reader.white()
  reader.endRule()
  return {
    kind: 'signal',
    ...qualifiers,
    ...(permissions && { permissions }),
    ...(signals.length > 0 && { signals }),
    ...(peer !== undefined && { peer }),
  }
}

/** A signal by one of its names. */
export function toSignal(name: string): Signal | undefined {
  if ((SIGNALS as readonly string[]).includes(name)) return name as Signal
  const [, number] = /^rtmin\+([0-9]+)$/.exec(name) ?? []
  if (number !== undefined) return Number(number) <= 32 ? `rtmin+${Number(number)}` : undefined
  return Object.hasOwn(SYNONYMS, name) ? SYNONYMS[name] : undefined
}

export function formatSignal(rule: SignalRule): string {
  const set = rule.signals ? ` set=${writeList(rule.signals)}` : ''
  const permissions = writePermissions(rule.permissions)
  return `${writeQualifiers(rule)}signal${permissions}${set}${writeCondition('peer', rule.peer)},`
}

export const compareSignal: Compare<SignalRule> = byText(formatSignal, ({ peer }) => peer)

export const mergeSignal: Merge<SignalRule> = joining({ permissions: WORDS.all, signals: SIGNALS })
