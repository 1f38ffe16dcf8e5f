// npm run test:classes: of each class of denial, what is refused is suggested, applied and permitted, and its neighbour
// refused, on each kernel that there is a guest of, with the newest compiler: older ones lack rules of some classes.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { newerParsers } from './apparmor-parsers.js'

const KERNELS = ['6.1', '6.12', '7.2']

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const env = { ...process.env, APPARMOR_GUEST: 'always', APPARMOR_PARSER: newerParsers().at(-1) }
for (const kernel of KERNELS) {
  console.log(`Linux ${kernel}`)
  const command = ['tools/test.js', '--kernel', kernel, 'audit/suggest.kernel']
  const { status } = spawnSync(process.execPath, command, { env, stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
