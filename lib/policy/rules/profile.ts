import type { Pattern } from '../pattern.ts'
import type { Rule } from './index.ts'

/** A condition on an extended attribute of the program: `user.tag=web*`. */
export interface Xattr {
  readonly name: string
  /** any value without it */
  readonly value?: Pattern
}

interface Head {
  /** as it is written, without its namespace; a name with a pattern attaches by it */
  readonly name: Pattern
  /** in which policy namespace: `ns` of `:ns:name` */
  readonly namespace?: string
  /** `'complain'`, `'attach_disconnected'`, `'error=EPERM'`, … */
  readonly flags?: readonly string[]
  readonly rules: readonly Rule[]
}

/** What a program may do: `profile web /usr/bin/web { … }`. Inside another one it is a child profile. */
export interface Profile extends Head {
  readonly kind: 'profile'
  /** the programs that run under it when they are started */
  readonly attachment?: Pattern
  readonly xattrs?: readonly Xattr[]
  /** written without the word `profile`: `/usr/bin/web { … }` */
  readonly bare?: boolean
}

/** A profile that a process enters and leaves by change_hat: `hat upload { … }`, `^upload { … }`. */
export interface Hat extends Head {
  readonly kind: 'hat'
  readonly attachment?: Pattern
  /** written with the sign: `^upload` */
  readonly caret?: boolean
}
