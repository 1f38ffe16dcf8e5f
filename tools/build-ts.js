// Builds lib/ into dist/: one file per entry of the package and one for what they share, since each further
// file costs a millisecond at every start; their declarations likewise, without those of what is not public.
// The single modules, for the tests and tools that look inside, lie in build/lib/, by tsc, which checks the
// types.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { rollup } from 'rollup'
import { dts } from 'rollup-plugin-dts'

const root = fileURLToPath(new URL('..', import.meta.url))
const at = (/** @type {string} */ path) => `${root}/${path}`

/** @returns {Promise<boolean>} whether it was built */
export async function buildTs() {
  for (const directory of ['dist', 'build/lib'])
    rmSync(at(directory), { recursive: true, force: true })
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  // stdout belongs to the caller's results
  const { status } = spawnSync(process.execPath, [tsc], { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) return false

  const { engines } = JSON.parse(readFileSync(at('package.json'), 'utf8'))
  /** @type {import('esbuild').BuildOptions} */
  const common = {
    absWorkingDir: root,
    outdir: 'dist',
    bundle: true,
    format: 'esm',
    target: `node${/\d+(\.\d+)*/.exec(engines.node)?.[0]}`,
    logLevel: 'warning',
  }
  const builds = [
    build({
      ...common,
      entryPoints: { index: 'lib/index.ts', child_process: 'lib/child_process/index.ts' },
      chunkNames: 'shared',
      splitting: true,
      packages: 'external',
      platform: 'node',
    }),
    // Runs anywhere: a module of Node in it is an error here.
    build({ ...common, entryPoints: { policy: 'lib/policy/index.ts' }, platform: 'neutral' }),
  ]
  for (const { errors } of await Promise.all(builds)) if (errors.length > 0) return false

  await writeDeclarations({ index: 'index', child_process: 'child_process/index' })
  await writeDeclarations({ policy: 'policy/index' })
  return true
}

/** @param {Record<string, string>} entries modules of lib/ by the name that their declarations get */
async function writeDeclarations(entries) {
  const input = Object.entries(entries).map(([name, module]) => [
    name,
    at(`build/lib/${module}.d.ts`),
  ])
  const declarations = await rollup({
    input: Object.fromEntries(input),
    external: /^node:/,
    plugins: [dts()],
  })
  await declarations.write({ dir: at('dist'), chunkFileNames: 'shared.d.ts' })
}

if (process.argv[1] === fileURLToPath(import.meta.url) && !(await buildTs())) process.exitCode = 1
