export {
  availability,
  findMountpoint,
  isEnabled,
  type Availability,
} from './inspect/availability.ts'
export { confineCommand } from './launch/command.ts'
export {
  canChangeProfile,
  changeProfile,
  stackProfile,
  type ConfineOptions,
  type ThreadReport,
} from './confine/process.ts'
export { AppArmorError, type AppArmorErrorCode, type ThreadState } from './border/errors.ts'
export { setNative, type NativeFiles } from './border/native.ts'
export { changeOnexec, stackOnexec } from './confine/onexec.ts'
export { execve, type ExecveOptions } from './confine/execve.ts'
export { containerOf, type Container, type Engine } from './inspect/container.ts'
export { ownContainer, type OwnContainer } from './inspect/own_container.ts'
export {
  compareFeatures,
  featureId,
  features,
  supports,
  type FeatureDifference,
  type FeatureTree,
} from './inspect/features.ts'
export { canChangeHat, changeHat, leaveHat, withHat, type Synchronous } from './confine/hat.ts'
export {
  getcon,
  getProcAttr,
  getTaskCon,
  getThreadCons,
  type ThreadCon,
} from './inspect/identity.ts'
export {
  formatLabel,
  labelIncludes,
  parseLabel,
  type Confinement,
  type LabelPart,
  type Mode,
  type NamedPart,
} from './inspect/label.ts'
export { getPeerCon } from './inspect/peer.ts'
export {
  processes,
  type ConfinedProcess,
  type ProcessFilter,
  type ProcessOptions,
  type Wanted,
} from './inspect/processes.ts'
export { profiles, type LoadedProfile } from './inspect/profiles.ts'
export {
  explainAccess,
  queryDbus,
  queryFile,
  queryLink,
  type Answer,
  type DbusQuery,
  type FileAccess,
  type FilePermission,
} from './inspect/query.ts'
export type { Confined } from './launch/target.ts'
export { reexec, type ReexecOptions } from './confine/reexec.ts'
export { status, type ProcessCounts, type Status } from './inspect/status.ts'
export { watch, type WatchOptions } from './inspect/watch.ts'
