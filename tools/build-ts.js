// Builds lib/ into dist/: one file per entry of the package and what they share, since each further file
// costs a millisecond at every start; their declarations likewise, without those of what is not public.
// The single modules, for the tests and tools that look inside, lie in build/lib/, by tsc, which checks the
// types.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * What package.json exports of dist/.
 *
 * @returns {string[]}
 */
export const entries = () => namedInDist('js')

/** @param {string} name of an entry */
export const isForCommonJs = (name) => namedInDist('cjs').includes(name)

/** @param {string} ending */
function namedInDist(ending) {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const files = JSON.stringify(exports).matchAll(/"(?:\.\/)?dist\/(\w+)\.(\w+)"/g)
  return Array.from(files).flatMap(([, name = '', found]) => (found === ending ? [name] : []))
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

/** @type {import('tsdown').InlineConfig} */
const SETTINGS = {
  config: false,
  cwd: root,
  platform: 'node', // the target is what package.json's engines say
  fixedExtension: false,
  hash: false,
  dts: true,
  clean: false,
  logLevel: 'error',
  failOnWarn: true,
}

// The command line takes the library by its name, as any other program does: nothing of it is there twice.
const byName = () => {
  const faces = new Map(
    ['index', 'child_process', 'policy', 'audit'].map((name) => [
      join(root, moduleOf(name)),
      name === 'index' ? 'apparmor' : `apparmor/${name}`,
    ]),
  )
  return {
    name: 'library-by-name',
    resolveId(/** @type {string} */ id, /** @type {string | undefined} */ importer) {
      const face = id.startsWith('.') && importer ? faces.get(resolve(importer, '..', id)) : null
      return face ? { id: face, external: true } : null
    },
  }
}

// What every command needs: in one file, since each costs at every start.
const FRAME =
  /\blib\/(cli\/(args|command|commands|failure|group|json|main|mode|screen|similar|width)|border\/(node|visible))\.ts$|string-(truncated-)?width|rolldown\/runtime/

/** Builds the command line, a file for each command, so that no command loads another; and its manual. */
async function bundleProgram() {
  const { build } = await import('tsdown')
  await build({
    ...SETTINGS,
    entry: { cli: 'lib/cli/index.ts', cli_main: 'lib/cli/main.ts' }, // the second for tests
    outputOptions: {
      chunkFileNames: 'cli_[name].js',
      comments: false,
      codeSplitting: { groups: [{ name: 'frame', test: FRAME }] },
    },
    minify: true, // nobody imports it
    dts: false,
    plugins: [byName()],
  })
  const { manual } = await import('./cli/man.js') // of what tsc has just built
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  writeFileSync(join(root, 'dist/apparmor.1'), await manual(version))
}

const CHILDREN = /\blib\/child_process\/\w+(?<!\.d)\.ts$/

/** Builds dist/, but for what CommonJS needs. */
async function bundle() {
  const { build } = await import('tsdown')
  /** @type {Set<string>} */
  const anywhere = new Set()
  // Each further file costs at every start. Policy and audit are large, and children need modules of Node that
  // take long to load: nothing else loads theirs.
  const chunkOf = (/** @type {string} */ id) => {
    const wing = /\blib\/(policy|audit)\//.exec(id)?.[1]
    if (CHILDREN.test(id)) return null
    if (anywhere.has(id)) return wing ? `${wing}_anywhere` : 'anywhere'
    return wing ? null : 'shared'
  }
  await build({
    ...SETTINGS,
    entry: Object.fromEntries(entries().map((name) => [name, moduleOf(name)])),
    outputOptions: {
      codeSplitting: {
        groups: [
          // A group takes along what its modules need, unless one of more priority has it.
          { name: chunkOf, test: /(?<!\.d)\.ts$/, minShareCount: 2, priority: 1 },
          { name: 'children', test: CHILDREN, minShareCount: 2 },
        ],
      },
      chunkFileNames: ({ name }) =>
        /^(shared|children|(\w+_)?anywhere)$/.test(name) ? '[name].js' : 'shared.js',
      comments: false,
    },
    plugins: [runsAnywhere(anywhere)],
  })
}

/**
 * Finds the modules that the portable entries are made of; one of Node among them is an error.
 *
 * @param {Set<string>} found
 * @returns {import('rolldown').Plugin}
 */
const runsAnywhere = (found) => ({
  name: 'runs-anywhere',
  buildEnd() {
    const visit = (/** @type {string} */ id) => {
      if (isBuiltin(id)) throw new Error(`${id} is imported by what runs outside of Node, too`)
      if (found.has(id)) return
      found.add(id)
      for (const imported of this.getModuleInfo(id)?.importedIds ?? []) visit(imported)
    }
    for (const name of entries().filter(isPortable)) visit(join(root, moduleOf(name)))
  },
})

/** @returns {Promise<boolean>} whether it was built */
export async function buildTs() {
  for (const directory of ['dist', 'build/lib'])
    rmSync(join(root, directory), { recursive: true, force: true })
  try {
    const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
    // stdout belongs to the caller's results
    const { status } = spawnSync(process.execPath, [tsc], { cwd: root, stdio: ['ignore', 2, 2] })
    if (status !== 0) return false
    await bundle()
    await bundleProgram()
    await addCommonJs()
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
async function addCommonJs() {
  const { default: ts } = await import('typescript')
  const typesOf = (/** @type {string} */ name) => join(root, 'dist', `${name}.d.ts`)
  const names = entries().filter(isForCommonJs)
  const program = ts.createProgram(names.map(typesOf), {
    module: ts.ModuleKind.NodeNext,
    noLib: true,
  })
  const checker = program.getTypeChecker()
  for (const name of names) {
    const source = program.getSourceFile(typesOf(name))
    const module = source && checker.getSymbolAtLocation(source)
    if (!module) throw new Error(`dist/${name}.d.ts exports nothing`)
    const exported = checker.getExportsOfModule(module).map((symbol) => {
      const isAlias = symbol.flags & ts.SymbolFlags.Alias
      const { flags } = isAlias ? checker.getAliasedSymbol(symbol) : symbol
      return { name: symbol.name, flags }
    })
    writeFileSync(join(root, 'dist', `${name}.cjs`), `module.exports = require('./${name}.js')\n`)
    writeFileSync(join(root, 'dist', `${name}.d.cts`), commonJsTypes(ts, exported, name))
  }
}

/**
 * The declarations of an entry for CommonJS lead to those of the ES module. `export type *` passes on types alone,
 * so each value is declared again, and with it the type that has its name: that of a class.
 *
 * @param {typeof import('typescript')} ts
 * @param {readonly Pick<import('typescript').Symbol, 'name' | 'flags'>[]} exported by the entry
 * @param {string} name of the entry
 */
function commonJsTypes({ SymbolFlags }, exported, name) {
  const from = `from './${name}.js' with { 'resolution-mode': 'import' }\n`
  const declare = (/** @type {string} */ name) =>
    name === 'default'
      ? `declare const all: typeof module.default\nexport default all\n`
      : `export declare const ${name}: typeof module.${name}\n`
  const values = exported
    .filter(({ flags }) => flags & SymbolFlags.Value)
    .map(({ name, flags }) => [
      declare(name),
      flags & SymbolFlags.Type ? `export type ${name} = module.${name}\n` : '',
    ])
  return `import type * as module ${from}export type * ${from}${values.flat().join('')}`
}

if (process.argv[1] === fileURLToPath(import.meta.url) && !(await buildTs())) process.exitCode = 1
