// npm run test:learn: bench/learn.js under a kernel that enforces AppArmor, with a build of now.
//
//   node tools/learn.js [--quick] [NAME…]
import { fileURLToPath } from 'node:url'
import { runUnderAppArmor } from './kernel.js'

const TIMEOUT = 3 * 3600

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
process.exitCode = await runUnderAppArmor(
  [process.execPath, 'bench/learn.js', ...process.argv.slice(2)],
  { timeout: TIMEOUT },
)
