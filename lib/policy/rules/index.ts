import type { AbiRule } from './abi.ts'
import type { AliasRule } from './alias.ts'
import type { AllRule } from './all.ts'
import type { Block } from './block.ts'
import type { CapabilityRule } from './capability.ts'
import type { ChangeProfileRule } from './change_profile.ts'
import type { Blank, Comment } from './comment.ts'
import type { Conditional } from './conditional.ts'
import type { DbusRule } from './dbus.ts'
import type { FileRule } from './file.ts'
import type { IncludeRule } from './include.ts'
import type { IoUringRule } from './io_uring.ts'
import type { LinkRule } from './link.ts'
import type { MountRule, RemountRule, UmountRule } from './mount.ts'
import type { MqueueRule } from './mqueue.ts'
import type { NetworkRule } from './network.ts'
import type { PivotRootRule } from './pivot_root.ts'
import type { Hat, Profile } from './profile.ts'
import type { PtraceRule } from './ptrace.ts'
import type { RlimitRule } from './rlimit.ts'
import type { SignalRule } from './signal.ts'
import type { UnixRule } from './unix.ts'
import type { UsernsRule } from './userns.ts'
import type { BooleanVariable, Variable } from './variable.ts'

/** A rule that permits or denies something. */
export type AccessRule =
  | AllRule
  | CapabilityRule
  | ChangeProfileRule
  | DbusRule
  | FileRule
  | IoUringRule
  | LinkRule
  | MountRule
  | MqueueRule
  | NetworkRule
  | PivotRootRule
  | PtraceRule
  | RemountRule
  | SignalRule
  | UmountRule
  | UnixRule
  | UsernsRule

/** The parts of a profile, in their order: rules, child profiles, comments and blank lines. */
export type Rule =
  | AccessRule
  | AbiRule
  | Blank
  | Block
  | Comment
  | Conditional
  | Hat
  | IncludeRule
  | Profile
  | RlimitRule

/** The parts of a file, in their order: the preamble, profiles, comments and blank lines. */
export type Statement =
  AbiRule | AliasRule | Blank | BooleanVariable | Comment | Hat | IncludeRule | Profile | Variable

/** A file of policy. */
export interface Policy {
  readonly kind: 'policy'
  /** the file that it was read from */
  readonly file?: string
  readonly rules: readonly Statement[]
}
