import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'

/** A condition of mount rules: exactly these words, or any of them. */
export interface MountCondition<Value> {
  readonly operator: '=' | 'in'
  readonly values: readonly Value[]
}

/** Mounting: `mount fstype=tmpfs options=(nosuid, nodev) tmpfs -> /mnt/,`. */
export interface MountRule extends Qualifiers {
  readonly kind: 'mount'
  readonly fstype?: readonly MountCondition<Pattern>[]
  readonly options?: readonly MountCondition<string>[]
  readonly source?: Pattern
  readonly mountpoint?: Pattern
}

/** Mounting again: `remount options=(ro) /mnt/,`. */
export interface RemountRule extends Qualifiers {
  readonly kind: 'remount'
  readonly fstype?: readonly MountCondition<Pattern>[]
  readonly options?: readonly MountCondition<string>[]
  readonly mountpoint?: Pattern
}

/** Unmounting: `umount /mnt/,`. */
export interface UmountRule extends Qualifiers {
  readonly kind: 'umount'
  readonly fstype?: readonly MountCondition<Pattern>[]
  readonly options?: readonly MountCondition<string>[]
  readonly mountpoint?: Pattern
}
