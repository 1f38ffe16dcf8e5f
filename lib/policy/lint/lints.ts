/** Everything that is looked for. A new one is a line here and in docs/policy.md. */
import { contradiction, denyInBlock, ruleInBlock } from './blocks.ts'
import { capabilityPriority, widenedCapability } from './capability.ts'
import { ruleInCondition } from './conditions.ts'
import { denyAll } from './deny_all.ts'
import { idleTarget, linkTarget, variableTarget } from './exec.ts'
import type { Lint } from './finding.ts'
import { skippedInclude } from './includes.ts'
import { notMediated } from './mediation.ts'
import { ignoredFstype, swallowedArrow } from './mount.ts'
import {
  childMode,
  duplicateName,
  impossibleName,
  missingParent,
  nameOfValues,
  sameAttachment,
} from './names.ts'
import { addressDropped } from './network.ts'
import { alternation, impossiblePath } from './paths.ts'
import { commentAsValue, lostValue } from './variables.ts'

export const LINT_CODES = [
  'deny-block-allows',
  'rule-in-block',
  'block-contradiction',
  'rule-in-condition',
  'include-skipped',
  'deny-all-owner-only',
  'network-address-dropped',
  'capability-widened',
  'capability-priority',
  'mount-arrow',
  'mount-fstype-ignored',
  'exec-target-variable',
  'link-target-ignored',
  'target-without-exec',
  'duplicate-profile-name',
  'profile-name-impossible',
  'profile-parent-missing',
  'profile-name-values',
  'attachment-conflict',
  'child-mode',
  'variable-value-lost',
  'variable-comment',
  'path-never-matches',
  'dbus-alternation',
  'not-mediated',
] as const

/** The fixed name of a finding. */
export type LintCode = (typeof LINT_CODES)[number]

export const LINTS: readonly Lint<LintCode>[] = [
  denyInBlock,
  ruleInBlock,
  contradiction,
  ruleInCondition,
  skippedInclude,
  denyAll,
  addressDropped,
  widenedCapability,
  capabilityPriority,
  swallowedArrow,
  ignoredFstype,
  variableTarget,
  linkTarget,
  idleTarget,
  duplicateName,
  impossibleName,
  missingParent,
  nameOfValues,
  sameAttachment,
  childMode,
  lostValue,
  commentAsValue,
  impossiblePath,
  alternation,
  notMediated,
]
