import { cpSync, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

// The package that the tests test, for programs that are written on a command line: those would find the one
// of the directory that they run in, and where an installed package is tested, that is another.
export const PACKAGE = JSON.stringify(import.meta.resolve('apparmor'))
export const CHILD_PROCESS = JSON.stringify(import.meta.resolve('apparmor/child_process'))
export const AUDIT = JSON.stringify(import.meta.resolve('apparmor/audit'))

/**
 * Copies the package with all it needs, as two versions of a dependency lie in one program.
 *
 * @returns the address of its directory, with a slash
 */
export function copyPackage(directory: string): string {
  const root = fileURLToPath(new URL('..', JSON.parse(PACKAGE)))
  for (const name of [
    'package.json',
    'dist',
    'build/Release/apparmor.node',
    'build/launcher',
    'prebuilds',
  ]) {
    if (!existsSync(join(root, name))) continue
    cpSync(join(root, name), join(directory, name), { recursive: true, dereference: true })
  }
  const needed = dirname(createRequire(import.meta.url).resolve('node-gyp-build/package.json'))
  const modules = join(directory, 'node_modules/node-gyp-build')
  cpSync(needed, modules, { recursive: true, dereference: true })
  return `${pathToFileURL(directory)}/`
}
