export { Glob, glob } from './pattern.ts'
export type { Pattern } from './pattern.ts'
export type { Access, FileQualifiers, Qualifiers } from './qualifiers.ts'
export type { AbiRule } from './rules/abi.ts'
export type { AliasRule } from './rules/alias.ts'
export type { AllRule } from './rules/all.ts'
export type { Block } from './rules/block.ts'
export type { Capability, CapabilityRule } from './rules/capability.ts'
export type { ChangeProfileRule } from './rules/change_profile.ts'
export type { Blank, Comment } from './rules/comment.ts'
export type { Branch, Condition, Conditional } from './rules/conditional.ts'
export type { DbusPeer, DbusPermission, DbusRule } from './rules/dbus.ts'
export type { ExecMode, FilePermission, FileRule } from './rules/file.ts'
export type { IncludeRule } from './rules/include.ts'
export type { AccessRule, Policy, Rule, Statement } from './rules/index.ts'
export type { IoUringPermission, IoUringRule } from './rules/io_uring.ts'
export type { LinkRule } from './rules/link.ts'
export type { MountCondition, MountRule, RemountRule, UmountRule } from './rules/mount.ts'
export type { MqueuePermission, MqueueRule } from './rules/mqueue.ts'
export type {
  Family,
  NetworkPeer,
  NetworkRule,
  Protocol,
  SocketPermission,
  SocketType,
} from './rules/network.ts'
export type { PivotRootRule } from './rules/pivot_root.ts'
export type { Hat, Profile, Xattr } from './rules/profile.ts'
export type { PtracePermission, PtraceRule } from './rules/ptrace.ts'
export type { Limit, RlimitRule } from './rules/rlimit.ts'
export type { Signal, SignalPermission, SignalRule } from './rules/signal.ts'
export type { UnixPeer, UnixRule } from './rules/unix.ts'
export type { UsernsRule } from './rules/userns.ts'
export type { BooleanVariable, Variable } from './rules/variable.ts'
export { format } from './format.ts'
export type { FormatOptions, Formattable } from './format.ts'
export { locate } from './origin.ts'
export type { Location } from './origin.ts'
export { included, parseProfile } from './parse.ts'
export type { Fragment, IncludedFile, ParseOptions, Resolve } from './parse.ts'
export { PolicySyntaxError } from './syntax_error.ts'
export type { SyntaxProblem } from './syntax_error.ts'
export { edit } from './edit.ts'
export type { Change, Item } from './edit.ts'
export {
  abi,
  alias,
  all,
  audit,
  capability,
  changeProfile,
  comment,
  dbus,
  deny,
  file,
  hat,
  include,
  ioUring,
  link,
  mount,
  mqueue,
  network,
  pivotRoot,
  policy,
  profile,
  ptrace,
  remount,
  rlimit,
  signal,
  umount,
  unix,
  userns,
  variable,
} from './make.ts'
export type { Permissions, ProfileOptions } from './make.ts'
export { covers, diff } from './cover.ts'
export type { Difference } from './cover.ts'
export { compare, merge } from './merge.ts'
export { decide } from './decide.ts'
export type { Decision, Question, Reason, Transition } from './decide.ts'
export { expectPolicy, PolicyExpectationError } from './expect.ts'
export type { Act, ExpectOptions, PolicyExpectation, ProfileExpectation } from './expect.ts'
export { attachedTo, profilesIn } from './profiles.ts'
export type { DefinedProfile } from './profiles.ts'
export { transitions } from './transitions.ts'
export type { Edge } from './transitions.ts'
export type { EnvironmentOptions } from './environment.ts'
export { applyFixes, lint } from './lint/lint.ts'
export type { LintDiagnostic, LintFix } from './lint/lint.ts'
export type { LintCode } from './lint/lints.ts'
export { supports } from './supports/supports.ts'
export type { RuleSupport, SupportLevel, SupportReport } from './supports/supports.ts'
export { dockerDefault } from './templates/docker.ts'
export type { DockerOptions } from './templates/docker.ts'
export { nodeDefault } from './templates/node.ts'
export type { NodeExecution, NodeOptions } from './templates/node.ts'
export {
  toCompose,
  toDocker,
  toKubernetes,
  toOci,
  toPodman,
  toSecurityProfilesOperator,
  toSystemd,
} from './manifests/index.ts'
export type {
  ComposeFile,
  KubernetesOptions,
  KubernetesPatch,
  KubernetesProfile,
  Named,
  OperatorOptions,
  OperatorProfile,
} from './manifests/index.ts'
