/** Node's own functions, as they were when this module was loaded. */
import nodes from 'node:child_process'

type Name =
  | 'ChildProcess'
  | 'exec'
  | 'execFile'
  | 'execFileSync'
  | 'execSync'
  | 'fork'
  | 'spawn'
  | 'spawnSync'

export const node: Pick<typeof nodes, Name> = { ...nodes }
