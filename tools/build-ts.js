// Builds lib/ into dist/: one file per entry of the package and what they share, since each further file
// costs a millisecond at every start; their declarations likewise, without those of what is not public.
// The single modules, for the tests and tools that look inside, lie in build/lib/, by tsc, which checks the
// types.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * What package.json names in dist/, `exports` and `bin`: dist/index.js is made from lib/index.ts, and any
 * dist/NAME.js from lib/NAME/index.ts.
 *
 * @returns {string[]}
 */
export function entries() {
  const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const files = JSON.stringify([exports, bin]).matchAll(/"(?:\.\/)?dist\/(\w+)\.js"/g)
  return Array.from(files, ([, name = '']) => name)
}

/** @returns {Promise<boolean>} whether it was built */
export async function buildTs() {
  for (const directory of ['dist', 'build/lib'])
    rmSync(join(root, directory), { recursive: true, force: true })
  try {
    const { build } = await import('tsdown')
    const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
    // stdout belongs to the caller's results
    const { status } = spawnSync(process.execPath, [tsc], { cwd: root, stdio: ['ignore', 2, 2] })
    if (status !== 0) return false
    await build({
      config: false,
      cwd: root,
      entry: Object.fromEntries(
        entries().map((name) => [name, name === 'index' ? 'lib/index.ts' : `lib/${name}/index.ts`]),
      ),
      platform: 'node', // the target is what package.json's engines say
      fixedExtension: false,
      hash: false,
      outputOptions: { chunkFileNames: 'shared.js', comments: false },
      dts: true,
      logLevel: 'error',
      failOnWarn: true,
    })
    addCommonJs()
    return true
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error)
    const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
    const help = missing ? '. The development dependencies are installed by: npm ci' : ''
    console.error(`build: ${message.split('\n', 1)[0]}${help}`)
    return false
  }
}

// TypeScript's "node16" lets CommonJS import only what is declared as CommonJS. It is Node that loads an ES
// module by require.
function addCommonJs() {
  const dist = join(root, 'dist')
  for (const file of readdirSync(dist).filter((name) => name.endsWith('.d.ts'))) {
    const name = file.slice(0, -'.d.ts'.length)
    const types = readFileSync(join(dist, file), 'utf8')
    writeFileSync(
      join(dist, `${name}.d.cts`),
      types.replaceAll(/(\bfrom "\.\/\w+)\.js"/g, '$1.cjs"'),
    )
    if (entries().includes(name)) {
      writeFileSync(join(dist, `${name}.cjs`), `module.exports = require('./${name}.js')\n`)
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url) && !(await buildTs())) process.exitCode = 1
