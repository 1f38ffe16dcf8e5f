// Packages of npm's in the user's cache: other versions of Node.js, package managers, bundlers, runtimes.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory } from './cache.js'

/**
 * @param {string} spec such as `yarn@1`
 * @param {readonly string[]} [options] of npm
 * @returns {string} the package's directory
 */
export function npmPackage(spec, options = []) {
  return join(npmPackages(spec, [spec], options), nameOf(spec))
}

/**
 * @param {string} name of the directory for them in the cache
 * @param {readonly string[]} specs
 * @param {readonly string[]} [options] of npm
 * @returns {string} the directory that they are in
 */
export function npmPackages(name, specs, options = []) {
  const directory = join(cacheDirectory('apparmor-npm'), name)
  const place = join(directory, 'node_modules')
  if (specs.every((spec) => existsSync(join(place, nameOf(spec))))) return place
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n')
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save']
  execFileSync('npm', ['install', ...quiet, ...options, ...specs], {
    cwd: directory,
    env: plainEnv(),
    stdio: ['ignore', 2, 2],
  })
  return place
}

/** The environment without what npm tells its scripts, which other programs would take for settings. */
export const plainEnv = () =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(?!config_registry)/i.test(name)),
  )

const nameOf = (/** @type {string} */ spec) => spec.replace(/(?<=.)@.*/, '')
