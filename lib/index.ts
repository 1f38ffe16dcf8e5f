export { availability, findMountpoint, isEnabled, type Availability } from './availability.ts'
export { confineCommand } from './confine_command.ts'
export {
  canChangeProfile,
  changeProfile,
  stackProfile,
  type ConfineOptions,
  type ThreadReport,
} from './confine.ts'
export { AppArmorError, type ThreadState } from './errors.ts'
export { changeOnexec, stackOnexec } from './exec.ts'
export { execve, type ExecveOptions } from './execve.ts'
export {
  compareFeatures,
  featureId,
  features,
  supports,
  type FeatureDifference,
  type FeatureTree,
} from './features.ts'
export { canChangeHat, changeHat, leaveHat, withHat } from './hat.ts'
export { getcon, getProcAttr, getTaskCon, getThreadCons, type ThreadCon } from './identity.ts'
export {
  formatLabel,
  labelIncludes,
  parseLabel,
  type Confinement,
  type LabelPart,
  type Mode,
  type NamedPart,
} from './label.ts'
export { getPeerCon } from './peer.ts'
export { processes, type ConfinedProcess, type ProcessFilter, type Wanted } from './processes.ts'
export { profiles, type LoadedProfile } from './profiles.ts'
export {
  explainAccess,
  queryDbus,
  queryFile,
  queryLink,
  type Answer,
  type DbusQuery,
  type FileAccess,
  type FilePermission,
} from './query.ts'
export type { Confined } from './target.ts'
export { reexec, type ReexecOptions } from './reexec.ts'
export { status, type ProcessCounts, type Status } from './status.ts'
export { watch, type WatchOptions } from './watch.ts'
