import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'

/** Signals to and from others: `signal (send) set=(term, kill) peer=web,`. */
export interface SignalRule extends Qualifiers {
  readonly kind: 'signal'
  /** both without it */
  readonly permissions?: readonly SignalPermission[]
  /** `'term'`, `'rtmin+3'`; every one of them without it */
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
