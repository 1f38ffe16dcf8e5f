import type { Command } from '../command.ts'
import { putCommand } from '../put.ts'

const REPLACE: Command = putCommand(
  'replace',
  'Load policy, in place of what is loaded under its names',
  ['Processes that run under a replaced profile are confined by the new one at once.'],
)
export default REPLACE
