// Tests the package as it is shipped: the tarball's contents and size, its installation by the package managers,
// its use, a build from source by its own command, bundles, and the kernel tests against what was installed.
//
//   npm run test:pack [-- --no-guest] [-- --no-build] [-- KERNEL-TEST…]
//
// Needs the prebuilt binaries: npm run prebuildify. The last line is "N passed, N failed".
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildTests } from '../build-ts.js'
import { TARGETS } from '../prebuild/targets.js'
import { fail, say, total } from '../test/report.js'
import { bundlerChecks } from './bundlers.js'
import { compareContents } from './contents.js'
import { confineInstalled, testInstalled } from './guest.js'
import { noEmulator, runArm64 } from './machines.js'
import { muslHosts, runMusl } from './musl.js'
import {
  buildProject,
  launcherRuns,
  makeProject,
  managers,
  otherStarts,
  usePlugAndPlay,
  useProject,
} from './projects.js'

const WORK = 'build/pack'
// Not met: the binaries of four machines take 224 kB, and the sources and headers that one can build them from 107.
const SIZE = 400_000
/** The manager whose project the further tests use. */
const FIRST = 'npm@11'
const KERNEL_TESTS =
  'child_process/async child_process/sync confine/execve confine/hat confine/onexec confine/process inspect/availability inspect/identity launch/command'
    .split(' ')
    .map((name) => `${name}.kernel`)

const root = fileURLToPath(new URL('../..', import.meta.url))
process.chdir(root)
const { values, positionals } = parseArgs({
  options: { 'no-guest': { type: 'boolean' }, 'no-build': { type: 'boolean' } },
  allowPositionals: true,
})

/**
 * @param {string} name
 * @param {() => unknown} check throws, or tells more
 */
async function check(name, check) {
  try {
    const more = await check()
    total.passed++
    say(`✓ ${name}${typeof more === 'string' ? `: ${more}` : ''}`)
    return true
  } catch (error) {
    fail(name, /** @type {Error} */ (error).message)
    return false
  }
}

function pack() {
  const output = execFileSync('npm', ['pack', '--json', '--pack-destination', WORK], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 2],
  })
  const [{ filename, size, files }] = JSON.parse(output)
  return {
    tarball: join(WORK, filename),
    size: /** @type {number} */ (size),
    files: /** @type {{ path: string, mode: number }[]} */ (files),
  }
}

/**
 * @param {string} name of a program of the development dependencies
 * @param {readonly string[]} args
 */
function tool(name, ...args) {
  const { status, stdout, stderr } = spawnSync(join('node_modules/.bin', name), args, {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stdout + stderr)
}

async function main() {
  buildTests()
  rmSync(WORK, { recursive: true, force: true })
  mkdirSync(WORK, { recursive: true })

  await check('the binaries keep their promises', () => {
    execFileSync(process.execPath, ['tools/prebuild/check-abi.js'], { stdio: ['ignore', 2, 2] })
  })
  const { tarball, size, files } = pack()
  await check('the tarball has what it should have', () => {
    const differences = compareContents(files.map(({ path }) => path))
    if (differences.length > 0) throw new Error(differences.join('\n'))
    return `${files.length} files`
  })
  await check(`the tarball has at most ${SIZE} bytes`, () => {
    if (size > SIZE) throw new Error(`${size}`)
    return `${size}`
  })
  await check('publint --strict', () => tool('publint', tarball, '--strict'))
  // require returns the module's namespace, which has a "default"; attw sees "module.exports =" only
  const known = ['--ignore-rules', 'false-export-default']
  await check('arethetypeswrong', () => tool('attw', tarball, '--profile', 'node16', ...known))

  const project = (/** @type {string} */ name) => join(root, WORK, name.replaceAll('/', '-'))
  for (const manager of managers) {
    await check(`installed by ${manager} and used: ESM, require, TypeScript`, () => {
      makeProject(project(manager), manager, tarball)
      if (!launcherRuns(project(manager))) throw new Error('the launcher lost its run bit')
      useProject(project(manager), root)
    })
  }
  await check('installed by Yarn’s Plug’n’Play and used', () =>
    usePlugAndPlay(project('yarn-pnp'), tarball),
  )
  for (const [name, use] of otherStarts(project(FIRST))) await check(`used under ${name}`, use)
  for (const [name, bundle] of bundlerChecks(project(FIRST)))
    await check(`bundled: ${name}`, bundle)
  const asked = positionals.map((name) => `${name}.kernel`)
  const emulated = noEmulator()
  if (emulated) say(`! arm64 not run: ${emulated}`)
  else await check('arm64 in emulation', () => runArm64(project(FIRST)))
  for (const target of TARGETS.filter(({ libc }) => libc === 'musl')) {
    const here = target.arch === process.arch
    if (!here && emulated) continue
    const confined = here && !values['no-guest']
    await check(`used ${confined ? 'and confined ' : ''}with musl on ${target.arch}`, async () => {
      const said = []
      for (const host of await muslHosts(project(`musl-${target.arch}`), target)) {
        said.push(runMusl(project(FIRST), host))
        if (here) useProject(project(FIRST), root, host)
        if (confined) await confineInstalled(project(FIRST), host)
      }
      return said.join(', ')
    })
  }
  if (!values['no-guest'])
    await testInstalled(project(FIRST), asked.length > 0 ? asked : KERNEL_TESTS)
  if (values['no-build']) return
  for (const manager of managers) {
    await check(`built from source by ${manager}`, () => buildProject(project(manager), manager))
  }
}

try {
  await main()
} catch (error) {
  fail('test:pack', /** @type {Error} */ (error).message)
}
say(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1
