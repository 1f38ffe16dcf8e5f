// npm's prepack step: refuses when the binaries are not there, and makes what is only in the npm package: dist/,
// and in include/ what a build from source needs of a development dependency.
import { cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildTs } from '../build-ts.js'
import { prebuiltFiles } from '../prebuild/targets.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const HEADERS = 'include/node-addon-api'

function copyHeaders() {
  rmSync(join(root, HEADERS), { recursive: true, force: true })
  for (const file of ['napi.h', 'napi-inl.h', 'LICENSE.md']) {
    cpSync(join(root, 'node_modules/node-addon-api', file), join(root, HEADERS, file))
  }
}

const missing = prebuiltFiles().filter((file) => !existsSync(join(root, 'prebuilds', file)))
if (missing.length > 0) {
  console.error(`A package without its binaries would be of no use. Missing in prebuilds/:
  ${missing.join('\n  ')}
Make them first: npm run prebuildify`)
  process.exitCode = 1
} else if (await buildTs()) {
  copyHeaders()
} else {
  process.exitCode = 1
}
