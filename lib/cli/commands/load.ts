import type { Command } from '../command.ts'
import { putCommand } from '../put.ts'

const LOAD: Command = putCommand('load', 'Load new policy into the kernel', [
  'A profile that is loaded already is refused: see replace.',
])
export default LOAD
