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
export { canChangeHat, changeHat, leaveHat, withHat } from './hat.ts'
export { getcon, getProcAttr, getTaskCon, getThreadCons, type ThreadCon } from './identity.ts'
export { labelIncludes, parseLabel, type Confinement, type LabelPart, type Mode } from './label.ts'
export type { Confined } from './target.ts'
export { reexec, type ReexecOptions } from './reexec.ts'
