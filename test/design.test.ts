import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const sources = (directory: string): readonly string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|cc|h)$/.test(file))
    .map((file) => join(directory, file))

const read = (file: string): string => readFileSync(file, 'utf8')

/** What a module imports or exports again. */
const imports = (file: string): readonly string[] =>
  Array.from(
    read(file).matchAll(/^(?:import|export)\b[\w\s{},*]*?\bfrom '([^']+)'|\bimport\('([^']+)'\)/gm),
    ([, fixed, dynamic]) => fixed ?? dynamic ?? '',
  )

t.test('the core does not know JavaScript', async (t) => {
  const core = sources('src/core')
  t.not(core.length, 0)
  for (const file of core) {
    t.notMatch(read(file), /#include\s*[<"][^>"]*(napi|node_api|node|v8|uv)\.h[>"]|Napi::/, file)
    for (const [, included = ''] of read(file).matchAll(/#include\s*"([^"]+)"/g)) {
      t.match(join(file, '..', included), /^src\/core\//, `${file} includes the core only`)
    }
  }
})

// What goes to the kernel's interface itself: its files, the system calls for attributes, a socket's label.
const DIRECT =
  /"[^"\n]*(\/proc\/(?!self")|\battr\/|\/sys\/|\.access\b|\bpolicy\/|\brevision\b)|SO_PEERSEC|\b(459|460)\b|lsm_[gs]et/

t.test('what goes past libapparmor is in one folder, each with its reason', async (t) => {
  for (const file of [...sources('src/core'), ...sources('src/node'), 'src/addon.cc']) {
    const text = read(file)
    if (!file.startsWith('src/core/direct/')) {
      t.notMatch(text.replaceAll(/\/\/.*|^#include.*/gm, ''), DIRECT, file)
    } else if (file.endsWith('.h')) {
      t.match(text, /^\/\/ Not by libapparmor\b/m, file)
    }
  }
})

t.test('the main module only exports again', async (t) => {
  const rest = read('lib/index.ts').replaceAll(/^export (type )?\{[^}]*\} from '\.\/[^']+'\n/gm, '')
  t.equal(rest, '')
})

// Which folders of lib/ a folder may import. Nothing imports a folder above it.
const FLOORS: Readonly<Record<string, readonly string[]>> = {
  border: [],
  inspect: ['border'],
  launch: ['border', 'inspect'],
  confine: ['border', 'inspect', 'launch'],
  child_process: ['border', 'inspect', 'launch'],
  policy: ['border', 'inspect', 'launch', 'confine', 'child_process'],
  audit: ['border', 'inspect', 'launch', 'confine', 'child_process', 'policy'],
}

t.test('a folder of lib/ imports only folders below it', async (t) => {
  const folderOf = (file: string): string => file.split('/')[1] ?? ''
  for (const file of sources('lib').filter((file) => file.split('/').length > 2)) {
    const folder = folderOf(file)
    const below = FLOORS[folder]
    t.ok(below || folder === 'cli', `${file} is in a known folder`)
    for (const specifier of imports(file).filter((specifier) => specifier.startsWith('.'))) {
      const imported = folderOf(join(file, '..', specifier))
      t.ok(
        imported === folder || !below || below.includes(imported),
        `${file} may import ${specifier}`,
      )
    }
  }
})

/** A module and all that it imports, but for types. */
function closure(file: string, seen: Set<string> = new Set()): ReadonlySet<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  const text = read(file)
  for (const [, specifier = ''] of text.matchAll(
    /^(?:import|export)\b(?! type\b)[\w\s{},*]*?\bfrom '([^']+)'|\bimport\('/gm,
  )) {
    if (specifier.startsWith('.')) closure(join(file, '..', specifier), seen)
    else seen.add(specifier)
  }
  return seen
}

// What runs on any system and in a browser: neither Node's modules nor native code.
const PURE = ['lib/audit/index.ts', 'lib/policy/index.ts']

t.test('what has to run anywhere imports neither Node nor native code', async (t) => {
  for (const file of PURE) {
    const modules = [...closure(file)]
    t.strictSame(
      modules.filter(
        (module) => !module.startsWith('lib/') || /border\/(node|native)\.ts$/.test(module),
      ),
      [],
      file,
    )
  }
})

t.test('no module of the library imports the command line', async (t) => {
  for (const file of sources('lib').filter((file) => !file.startsWith('lib/cli/'))) {
    for (const specifier of imports(file)) t.notMatch(specifier, /\bcli\b/, file)
  }
})

t.test('the command line is made of the public API', async (t) => {
  const faces = ['index', 'child_process/index', 'policy/node', 'audit/node']
  const helpers = ['border/node', 'border/text', 'border/visible'] // small, and bundled
  for (const file of sources('lib/cli')) {
    for (const specifier of imports(file).filter((specifier) => specifier.startsWith('.'))) {
      const module = join(file, '..', specifier).replace(/^lib\/|\.ts$/g, '')
      t.ok(
        module.startsWith('cli/') || [...faces, ...helpers].includes(module),
        `${file}: ${specifier}`,
      )
    }
  }
})

t.test('imports are relative with their ending, of Node, or of a dependency', async (t) => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as {
    dependencies: object
    devDependencies: object
  }
  for (const file of sources('lib')) {
    // What the command line needs is bundled into it.
    const bundled = file.startsWith('lib/cli/') ? devDependencies : {}
    for (const specifier of imports(file)) {
      const fine =
        /^node:|^\.\.?\/.*\.ts$/.test(specifier) ||
        specifier in dependencies ||
        specifier in bundled
      t.ok(fine, `${file}: ${specifier}`)
    }
  }
})

t.test("lib/ takes Node's modules from lib/border/node.ts, not by slow ES imports", async (t) => {
  for (const file of sources('lib').filter((file) => !file.startsWith('lib/child_process'))) {
    const fromNode = Array.from(
      read(file).matchAll(/^import (?!type).*'(node:.*)'/gm),
      ([, id]) => id,
    )
    t.strictSame(fromNode, file === 'lib/border/files.ts' ? ['node:module'] : [], file)
  }
})

t.test('every source of the addon is in binding.gyp', async (t) => {
  const listed = Array.from(read('binding.gyp').matchAll(/'(src\/[^']+\.cc)'/g), ([, file]) => file)
  t.strictSame(
    listed.sort(),
    sources('src')
      .filter((file) => file.endsWith('.cc'))
      .sort(),
  )
})
