/**
 * `apparmor/audit` in Node.js: all that runs anywhere, and what reads files and follows the log.
 *
 * @module audit
 */
export * from './index.ts'
// In place of the one that takes streams and lines only.
export { records } from './files.ts'
export type { RecordsOptions } from './files.ts'
export { follow } from './follow/follow.ts'
export type { Follow, FollowOptions } from './follow/follow.ts'
export type { SourceName } from './follow/source.ts'
export { denialsOf } from './denials.ts'
export type { DenialsOptions } from './denials.ts'
export { withContainers } from './containers.ts'
export type { ContainedRecord, RecordContainer } from './containers.ts'
export * from './learn/index.ts'
