// Builds lib/ into dist/: one file per entry of the package and what they share, since each further file
// costs a millisecond at every start; their declarations likewise, without those of what is not public.
// The single modules, for the tests and tools that look inside, lie in build/lib/, by tsc, which checks the
// types.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * What package.json exports of dist/.
 *
 * @returns {string[]}
 */
export function entries() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const files = JSON.stringify(exports).matchAll(/"(?:\.\/)?dist\/(\w+)\.js"/g)
  return Array.from(files, ([, name = '']) => name)
}

/**
 * The module that an entry is made from. An entry NAME_portable runs anywhere, in browsers too: it is
 * lib/NAME/index.ts, and a module of Node in it is an error here. NAME is then lib/NAME/node.ts, with more in it.
 *
 * @param {string} name
 */
function moduleOf(name) {
  if (name === 'index') return 'lib/index.ts'
  if (isPortable(name)) return `lib/${name.replace(PORTABLE, '')}/index.ts`
  const hasPortablePart = entries().includes(`${name}_portable`)
  const whole = `lib/${name}/node.ts`
  return hasPortablePart && existsSync(join(root, whole)) ? whole : `lib/${name}/index.ts`
}

const PORTABLE = /_portable$/
export const isPortable = (/** @type {string} */ name) => PORTABLE.test(name)

/**
 * @param {'node' | 'neutral'} platform
 * @param {readonly string[]} names
 * @returns {import('tsdown').InlineConfig}
 */
const settings = (platform, names) => ({
  config: false,
  cwd: root,
  entry: Object.fromEntries(names.map((name) => [name, moduleOf(name)])),
  platform, // the target is what package.json's engines say
  fixedExtension: false,
  hash: false,
  outputOptions: {
    // One file for what entries share: each further one costs at every start. Declarations are apart.
    codeSplitting: { groups: [{ name: 'shared', test: /(?<!\.d)\.ts$/, minShareCount: 2 }] },
    chunkFileNames: platform === 'neutral' ? 'anywhere.js' : 'shared.js',
    comments: false,
  },
  dts: true,
  clean: false,
  logLevel: 'error',
  failOnWarn: true,
  plugins: platform === 'neutral' ? [{ name: 'runs-anywhere', resolveId: refuseNode }] : [],
})

/** @param {string} id */
function refuseNode(id) {
  if (isBuiltin(id)) throw new Error(`${id} is imported by what runs outside of Node, too`)
}

// The command line takes the library by its name, as any other program does: nothing of it is there twice.
const FACES = new Map(
  ['index', 'child_process', 'policy', 'audit'].map((name) => [
    join(root, moduleOf(name)),
    name === 'index' ? 'apparmor' : `apparmor/${name}`,
  ]),
)

/** @type {import('tsdown').InlineConfig} */
const program = {
  config: false,
  cwd: root,
  entry: { cli: 'lib/cli/index.ts', cli_main: 'lib/cli/main.ts' }, // the second for tests
  platform: 'node',
  fixedExtension: false,
  hash: false,
  outputOptions: { chunkFileNames: 'cli_[name].js', comments: false },
  dts: false,
  clean: false,
  logLevel: 'error',
  failOnWarn: true,
  plugins: [
    {
      name: 'library-by-name',
      resolveId(id, importer) {
        const face = id.startsWith('.') && importer ? FACES.get(resolve(importer, '..', id)) : null
        return face ? { id: face, external: true } : null
      },
    },
  ],
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
    const forNode = entries().filter((name) => !isPortable(name))
    await build(settings('node', forNode))
    await build(settings('neutral', entries().filter(isPortable)))
    await build(program)
    addCommonJs()
    return true
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error)
    const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
    const what = missing ? `${message.split('\n', 1)[0]}: first run npm ci` : message
    console.error(`build: ${what}`)
    return false
  }
}

/** Compiles test/ into build/test/; throws when tsc finds errors. */
export function buildTests() {
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'test/tsconfig.json']
  const { status } = spawnSync(process.execPath, tsc, { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error('tsc found errors in the tests')
}

// TypeScript's "node16" lets CommonJS import only what is declared as CommonJS. It is Node that loads an ES
// module by require.
function addCommonJs() {
  const dist = join(root, 'dist')
  for (const file of readdirSync(dist).filter((name) => name.endsWith('.d.ts'))) {
    const name = file.slice(0, -'.d.ts'.length)
    if (isPortable(name)) continue // for bundlers, which need no CommonJS
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
