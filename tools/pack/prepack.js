// npm's prepack step: the compiled sources, and a word when the binaries are not there to be packed.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildTs } from '../build-ts.js'
import { prebuiltFiles } from '../prebuild/targets.js'

const prebuilds = fileURLToPath(new URL('../../prebuilds', import.meta.url))
const missing = prebuiltFiles().filter((file) => !existsSync(join(prebuilds, file)))
if (missing.length > 0) {
  console.error(`A package without its binaries would be of no use. Missing in prebuilds/:
  ${missing.join('\n  ')}
Make them first: npm run prebuildify`)
  process.exitCode = 1
} else if (!(await buildTs())) {
  process.exitCode = 1
}
