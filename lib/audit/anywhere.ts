/** What of `apparmor/audit` runs on any system: the entry for bundlers that make code for browsers. */
export { parseRecord } from './parse.ts'
export type * from './record.ts'
export type { RecordFilter } from './filter.ts'
export type { LineSource } from './lines.ts'
export { records } from './records.ts'
