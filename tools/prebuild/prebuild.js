// Builds the binaries of the npm package, with prebuildify: prebuilds/linux-ARCH/apparmor.LIBC.node, and beside them
// apparmor-launcher.
//
//   npm run prebuildify [-- --check] [-- --out DIR]
//
// Needs Debian 12 and what programs.js names; headers, libraries and libapparmor's sources come from
// Debian by pinned checksums (pins.js). --check builds into other directories and compares with what is
// there: the same sources make the same bytes.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildLauncher } from '../build-launcher.js'
import { checkPrograms, run } from './programs.js'
import { prebuiltFiles, TARGETS } from './targets.js'
import { makeNodedir, toolchain } from './toolchain.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const require = createRequire(import.meta.url)

/** @param {string} out beside the files of README.md, which git has */
async function prebuild(out) {
  checkPrograms()
  const work = mkdtempSync(join(tmpdir(), 'apparmor-prebuild-'))
  try {
    const nodedir = join(work, 'node')
    makeNodedir(nodedir, require('node-api-headers').include_dir)
    for (const target of TARGETS) await prebuildify(target, join(work, target.triple), nodedir)
    for (const { arch } of TARGETS) {
      buildLauncher({ arch, out: join(work, 'prebuilds'), compiler: 'clang' })
    }
    for (const file of prebuiltFiles()) cpSync(join(work, 'prebuilds', file), join(out, file))
  } finally {
    rmSync(work, { recursive: true })
  }
}

/**
 * @param {import('./targets.js').Target} target
 * @param {string} work
 * @param {string} nodedir
 */
async function prebuildify(target, work, nodedir) {
  const stage = join(work, 'apparmor') // node-gyp empties build/ there
  const libraries = join(work, 'lib')
  for (const directory of [stage, libraries]) mkdirSync(directory, { recursive: true })
  for (const file of ['binding.gyp', 'package.json', 'src'])
    cpSync(join(root, file), join(stage, file), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(stage, 'node_modules'))
  const env = await toolchain(target, libraries, stage)
  const args = ['--napi', `--target=${NODE}`, `--arch=${target.arch}`, `--tag-libc=${target.libc}`]
  await run(require.resolve('prebuildify/bin.js'), [...args, `--out=${join(work, '..')}`], {
    cwd: stage,
    env: {
      ...env,
      npm_config_nodedir: nodedir,
      npm_config_loglevel: 'error',
      npm_config_jobs: 'max',
    },
  })
}

/** node-gyp wants a version; the headers are those of nodedir. */
const NODE = '20.19.0'

/** @param {string[]} args */
async function main(args) {
  const { values } = parseArgs({
    args,
    options: { check: { type: 'boolean' }, out: { type: 'string' } },
  })
  const out = resolve(values.out ?? join(root, 'prebuilds'))
  if (!values.check) {
    for (const { arch } of TARGETS)
      rmSync(join(out, `linux-${arch}`), { recursive: true, force: true })
    await prebuild(out)
    for (const file of prebuiltFiles())
      console.log(`${readFileSync(join(out, file)).length}\t${file}`)
    console.log((await run('clang', ['--version'])).split('\n')[0])
    return
  }
  const again = mkdtempSync(join(tmpdir(), 'apparmor-prebuilds-'))
  try {
    await prebuild(again)
    const differ = prebuiltFiles().filter(
      (file) => !readFileSync(join(out, file)).equals(readFileSync(join(again, file))),
    )
    if (differ.length > 0) throw new Error(`other bytes than in ${out}: ${differ.join(', ')}`)
    console.log(`${prebuiltFiles().length} files, built again: the same bytes`)
  } finally {
    rmSync(again, { recursive: true })
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(`prebuildify: ${/** @type {Error} */ (error).message}`)
  process.exitCode = 1
}
