// Empty projects that install the tarball, as a user's would, with install scripts forbidden.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { cacheDirectory } from '../cache.js'

/** Package managers by the npm package, and version, that has them. */
const MANAGERS = {
  npm: { spec: null, add: ['install', '--ignore-scripts', '--no-audit', '--no-fund'] },
  pnpm: { spec: 'pnpm@10', add: ['add', '--ignore-scripts'] },
  yarn: { spec: 'yarn@1', add: ['add', '--ignore-scripts', '--no-progress'] },
}

/** @typedef {keyof typeof MANAGERS} Manager */

export const managers = /** @type {readonly Manager[]} */ (Object.keys(MANAGERS))

/**
 * @param {string} directory emptied first
 * @param {Manager} manager
 * @param {string} tarball
 */
export function makeProject(directory, manager, tarball) {
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'package.json'), '{ "name": "user", "private": true }\n')
  const { spec, add } = MANAGERS[manager]
  const program = spec === null ? ['npm'] : [process.execPath, managerOf(manager, spec)]
  const [command = '', ...args] = [...program, ...add, resolve(tarball)]
  run(command, args, directory)
}

/**
 * @param {string} name
 * @param {string} spec
 */
function managerOf(name, spec) {
  const directory = npmPackage(spec)
  return join(directory, 'bin', name === 'pnpm' ? 'pnpm.cjs' : 'yarn.js')
}

/**
 * A package of npm's in the user's cache.
 *
 * @param {string} spec such as `yarn@1`
 * @param {readonly string[]} options
 * @returns {string} its directory
 */
export function npmPackage(spec, options = []) {
  const directory = join(cacheDirectory('apparmor-npm'), spec)
  const name = spec.replace(/(?<=.)@.*/, '')
  const place = join(directory, 'node_modules', name)
  if (existsSync(place)) return place
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n')
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save']
  run('npm', ['install', ...quiet, ...options, spec], directory)
  return place
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 */
export function run(command, args, cwd) {
  // what npm tells its scripts would be taken for settings
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(?!config_registry)/i.test(name)),
  )
  return execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 2] })
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
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      module: 'nodenext',
      target: 'es2022',
      strict: true,
      skipLibCheck: false,
      types: ['node'],
      outDir: 'out',
    },
    files: ['program.ts'],
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
