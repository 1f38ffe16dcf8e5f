import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'

export type DbusPermission = 'send' | 'receive' | 'bind' | 'eavesdrop'

/** The other end of a message. */
export interface DbusPeer {
  readonly name?: Pattern
  readonly label?: Pattern
}

/** Messages and names of dbus: `dbus send bus=system path=/org/example member=Get,`. */
export interface DbusRule extends Qualifiers {
  readonly kind: 'dbus'
  /** without it what the conditions are for */
  readonly permissions?: readonly DbusPermission[]
  readonly bus?: Pattern
  readonly path?: Pattern
  readonly interface?: Pattern
  readonly member?: Pattern
  /** the own name, for `bind` */
  readonly name?: Pattern
  readonly peer?: DbusPeer
}
