// npm's prepack step: the compiled sources, node-addon-api's headers, so that the addon can be built from the
// package alone, and a word when the binaries are not there to be packed.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildTs } from '../build-ts.js'
import { prebuiltFiles } from '../prebuild/targets.js'
import { HEADERS } from './contents.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Without the comments of node-addon-api's headers, which are there for its own documentation: 15 kB of the package. */
function copyHeaders() {
  const place = join(root, 'include')
  rmSync(place, { recursive: true, force: true })
  for (const file of HEADERS) {
    const text = readFileSync(join(root, 'node_modules', file), 'utf8')
    mkdirSync(dirname(join(place, file)), { recursive: true })
    writeFileSync(join(place, file), file.endsWith('.h') ? withoutComments(text) : text)
  }
}

/** @param {string} source in C++ */
const withoutComments = (source) =>
  source
    .replaceAll(/("(?:\\.|[^"\\\n])*")|\/\/.*|\/\*[^]*?\*\//g, '$1')
    .replaceAll(/[ \t]+$/gm, '')
    .replaceAll(/\n{2,}/g, '\n')

const missing = prebuiltFiles().filter((file) => !existsSync(join(root, 'prebuilds', file)))
if (missing.length > 0) {
  console.error(`A package without its binaries would be of no use. Missing in prebuilds/:
  ${missing.join('\n  ')}
Make them first: npm run prebuildify`)
  process.exitCode = 1
} else {
  copyHeaders()
  if (!(await buildTs())) process.exitCode = 1
}
