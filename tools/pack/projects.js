// Empty projects that install the tarball, as a user's would.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { nodeProgram } from '../node-program.js'
import { npmPackage, plainEnv } from '../npm.js'

/**
 * Package managers, each as a user has it: where its program is in npm's package of it, what adds a package, and
 * what runs a command of one.
 */
const npm = {
  file: 'bin/npm-cli.js',
  add: ['install', '--no-audit', '--no-fund'],
  exec: ['exec', '--'],
}
const pnpm = { file: 'bin/pnpm.cjs', add: ['add'], exec: ['exec'] }
const MANAGERS = {
  'npm@10': npm,
  'npm@11': npm,
  'npm@12': npm,
  'pnpm@10': pnpm,
  'pnpm@11': { ...pnpm, file: 'bin/pnpm.mjs' },
  'pnpm@12': { ...pnpm, file: 'bin/pnpm.mjs' },
  'yarn@1': { file: 'bin/yarn.js', add: ['add', '--no-progress'], exec: ['run', '--silent'] },
  '@yarnpkg/cli-dist@4': { file: 'bin/yarn.js', add: ['add'], exec: ['run'] },
  '@oven/bun-linux-x64@1.4.5': { file: 'bin/bun', add: ['add'], exec: ['run'] },
}

/** @typedef {keyof typeof MANAGERS} Manager */

export const managers = /** @type {readonly Manager[]} */ (Object.keys(MANAGERS))

/**
 * @param {Manager} manager
 * @param {readonly string[]} args
 * @param {string} directory
 */
function manage(manager, args, directory) {
  const program = join(npmPackage(manager), MANAGERS[manager].file)
  // pnpm 11 and newer do not run under Node 20
  const command = program.endsWith('js') ? [nodeProgram('24'), program] : [program]
  const [file = '', ...rest] = [...command, ...args]
  return run(file, rest, directory)
}

/**
 * Installs the tarball as a user would, who is asked nothing: a package manager that would ask fails.
 *
 * @param {string} directory emptied first
 * @param {Manager} manager
 * @param {string} tarball
 */
export function makeProject(directory, manager, tarball) {
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'package.json'), '{ "name": "user", "private": true }\n')
  writeFileSync(join(directory, 'yarn.lock'), '') // else yarn 4 looks for a project above
  writeFileSync(join(directory, '.yarnrc.yml'), 'nodeLinker: node-modules\n')
  writeFileSync(join(directory, 'pnpm-workspace.yaml'), 'packages: []\n') // the same for pnpm
  manage(manager, [...MANAGERS[manager].add, `apparmor@file:${resolve(tarball)}`], directory)
}

/**
 * Yarn's Plug'n'Play: there is no node_modules, and packages stay in archives unless they have to be real files.
 *
 * @param {string} directory emptied first
 * @param {string} tarball
 */
export function usePlugAndPlay(directory, tarball) {
  const manager = '@yarnpkg/cli-dist@4'
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'package.json'), '{ "name": "user", "private": true }\n')
  writeFileSync(join(directory, 'yarn.lock'), '')
  writeFileSync(join(directory, '.yarnrc.yml'), 'nodeLinker: pnp\nenableGlobalCache: false\n')
  manage(manager, [...MANAGERS[manager].add, `apparmor@file:${resolve(tarball)}`], directory)
  if (existsSync(join(directory, 'node_modules'))) throw new Error('there is a node_modules')
  writeFileSync(join(directory, 'anywhere.mjs'), ANYWHERE)
  const said = manage(manager, ['node', 'anywhere.mjs'], directory)
  if (said.trim() !== 'fine') throw new Error(said)
}

/**
 * Other ways to start a program that uses the installed package: other runtimes, and Node's permission model.
 *
 * @param {string} project with the package below its node_modules
 * @returns {[name: string, use: () => void][]}
 */
export function otherStarts(project) {
  writeFileSync(join(project, 'anywhere.mjs'), ANYWHERE)
  writeFileSync(join(project, 'refused.mjs'), REFUSED)
  const fine = (/** @type {readonly string[]} */ [file = '', ...args]) => {
    const said = run(file, args, project)
    if (said.trim() !== 'fine') throw new Error(said)
  }
  const permission = [
    nodeProgram('24'),
    '--permission',
    '--allow-fs-read=*',
    '--allow-child-process',
  ]
  const bun = join(npmPackage('@oven/bun-linux-x64@1.4.5'), 'bin/bun')
  const deno = join(npmPackage('@deno/linux-x64-glibc'), 'deno')
  return [
    ['Node’s permission model', () => fine([...permission, '--allow-addons', 'anywhere.mjs'])],
    ['Node’s permission model, without addons', () => fine([...permission, 'refused.mjs'])],
    ['Bun', () => fine([bun, 'run', 'anywhere.mjs'])],
    [
      'Deno',
      () =>
        fine([deno, 'run', '--quiet', '--allow-all', '--node-modules-dir=manual', 'anywhere.mjs']),
    ],
  ]
}

// Says nothing of where the package is.
const ANYWHERE = `import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { confineCommand, isEnabled } from 'apparmor'
import { spawn } from 'apparmor/child_process'
import { format, parseProfile } from 'apparmor/policy'
import { parseRecord } from 'apparmor/audit'
assert.equal(typeof isEnabled(), 'boolean')
assert.equal(format(parseProfile('profile a { }\\n')), 'profile a { }\\n')
assert.equal(parseRecord(''), null)
const { file } = confineCommand('x', 'true')
accessSync(file, constants.X_OK)
assert.equal(spawnSync(file).status, 126)
assert.throws(() => spawn('true', [], { profile: 'apparmor-test-missing' }), { name: 'AppArmorError' })
console.log('fine')
`

// Without its binary the package imports, and each call says what to do.
const REFUSED = `import assert from 'node:assert/strict'
import { isEnabled } from 'apparmor'
assert.throws(isEnabled, { code: 'ERR_APPARMOR_ADDONS_DENIED' })
console.log('fine')
`

/**
 * Builds the installed package from source by its command, and loads that.
 *
 * @param {string} project
 * @param {Manager} manager
 */
export function buildProject(project, manager) {
  manage(manager, [...MANAGERS[manager].exec, 'apparmor-build'], project)
  writeFileSync(join(project, 'built.mjs'), BUILT)
  run(process.execPath, ['built.mjs'], project)
}

const BUILT = `import assert from 'node:assert/strict'
import { readFileSync, realpathSync } from 'node:fs'
import { confineCommand, isEnabled } from 'apparmor'
assert.equal(typeof isEnabled(), 'boolean')
const build = realpathSync('node_modules/apparmor') + '/build/'
assert.ok(readFileSync('/proc/self/maps', 'utf8').includes(build + 'Release/apparmor.node'))
assert.ok(confineCommand('x', 'true').file.startsWith(build + 'launcher/'))
`

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 */
export function run(command, args, cwd) {
  return execFileSync(command, args, {
    cwd,
    env: plainEnv(),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 2],
  })
}

const TS = `
import { availability, changeProfile, getcon, isEnabled, type Confinement } from 'apparmor'
import { spawn, spawnSync } from 'apparmor/child_process'
import assert from 'node:assert/strict'

const enabled: boolean = isEnabled()
assert.equal(availability().enabled, enabled)
if (enabled) {
  const { label, mode }: Confinement = getcon()
  assert.equal(typeof label, 'string')
  assert.notEqual(mode, 'mixed')
}
// @ts-expect-error: a profile is a string
assert.throws(() => changeProfile(1), { code: 'ERR_INVALID_ARG_TYPE' })
assert.equal(typeof spawn, 'function')
const missing = { profile: 'apparmor-test-missing' }
assert.throws(() => spawnSync('true', [], missing), { name: 'AppArmorError' })
console.log('fine')
`

const JS = `
assert.equal(typeof isEnabled(), 'boolean')
const { file } = confineCommand('x', 'true')
assert.ok(file.startsWith(realpathSync('node_modules/apparmor')), file)
accessSync(file, constants.X_OK)
assert.equal(spawnSync(file).status, 126)
assert.throws(() => spawn('true', [], { profile: 'apparmor-test-missing' }), { name: 'AppArmorError' })
console.log('fine')
`
const PROGRAMS = {
  'module.mjs': `import assert from 'node:assert/strict'
import { accessSync, constants, realpathSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { confineCommand, isEnabled } from 'apparmor'
import { spawn } from 'apparmor/child_process'
${JS}`,
  'script.cjs': `const assert = require('node:assert/strict')
const { accessSync, constants, realpathSync } = require('node:fs')
const { spawnSync } = require('node:child_process')
const { confineCommand, isEnabled } = require('apparmor')
const { spawn } = require('apparmor/child_process')
${JS}`,
  'program.ts': TS,
  'common.cts': `import apparmor = require('apparmor')
import { spawnSync } from 'apparmor/child_process'
import { AppArmorError, isEnabled, type Confinement } from 'apparmor'
const own: Confinement | false = isEnabled() && apparmor.getcon()
const run: typeof spawnSync = spawnSync
console.log(run === spawnSync && new Error() instanceof AppArmorError ? own : 'fine')
`,
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      module: 'node16',
      target: 'es2022',
      strict: true,
      skipLibCheck: false,
      types: ['node'],
      outDir: 'out',
    },
    files: ['program.ts', 'common.cts'],
  }),
}

/**
 * Uses the installed package: as a module, by require, and from TypeScript.
 *
 * @param {string} project
 * @param {string} root where TypeScript is
 * @param {readonly string[]} node the command that runs a program
 */
export function useProject(project, root, node = [process.execPath]) {
  for (const [name, text] of Object.entries(PROGRAMS)) writeFileSync(join(project, name), text)
  const [command = '', ...args] = node
  const fine = (/** @type {string} */ file) => {
    const output = run(command, [...args, file], project)
    if (output.trim() !== 'fine') throw new Error(`${file}: ${output}`)
  }
  fine('module.mjs')
  fine('script.cjs')
  const types = join(project, 'node_modules/@types')
  if (!existsSync(types)) {
    mkdirSync(dirname(types), { recursive: true })
    run('cp', ['-r', join(root, 'node_modules/@types'), types], root)
    run('cp', ['-r', join(root, 'node_modules/undici-types'), dirname(types)], root)
  }
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')], project)
  writeFileSync(join(project, 'out/package.json'), '{ "type": "commonjs" }')
  fine('out/program.js')
}

/** @param {string} project */
export function launcherRuns(project) {
  const file = join(
    project,
    `node_modules/apparmor/prebuilds/linux-${process.arch}/apparmor-launcher`,
  )
  return (statSync(file).mode & 0o111) === 0o111
}
