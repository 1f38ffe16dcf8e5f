/** What of `apparmor/audit` runs on any system, in browsers too. */
export type { RecordFilter } from './filter.ts'
export type { LineSource } from './lines.ts'
export { parseRecord } from './parse.ts'
export type * from './record.ts'
export { records } from './records.ts'
export * from './suggest/index.ts'
