export { parseRecord } from './parse.ts'
export type * from './record.ts'
