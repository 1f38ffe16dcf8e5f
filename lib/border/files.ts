/** Where the package's own files are: the binary, and the launcher of confined children. */
import { createRequire } from 'node:module'
import { fs, path, url } from './node.ts'

/** Loads the binary, a build of one's own before the prebuilt one for this machine, and finds the launcher. */
export function loadFiles(): { addon: unknown; launcher: string } {
  const root = packageRoot()
  // in words that tracers of dependencies understand
  const requireHere = createRequire(import.meta.url)
  const { resolve } = requireHere('node-gyp-build') as { resolve(directory: string): string }
  return { addon: requireHere(ownFile(resolve(root), root)), launcher: findLauncher(root) }
}

// node-gyp-build also looks where APPARMOR_PREBUILD says and beside the executable. Code that
// confines must not come from where the environment points.
function ownFile(file: string, root: string): string {
  if (file.startsWith(root)) return file
  const built = path.join(root, 'build/Release/apparmor.node')
  if (fs.existsSync(built)) return built
  throw new Error(`${file} is outside the package (is APPARMOR_PREBUILD set?)`)
}

function findLauncher(root: string): string {
  const name = path.join(`linux-${process.arch}`, 'apparmor-launcher')
  const built = path.join(root, 'build/launcher', name)
  return fs.existsSync(built) ? built : path.join(root, 'prebuilds', name)
}

// In a bundle this code lies in another program's directory. What is found there is not ours: a program called
// "myapp" would have MYAPP_PREBUILD name the binary to load.
function packageRoot(): string {
  // some bundlers leave import.meta empty, others write in it the place of this file where they ran
  const here: string | undefined = import.meta.url
  if (here !== undefined && isRunning(here)) {
    const root = url.fileURLToPath(new URL('..', here))
    if (isPackage(path.join(root, 'package.json'))) return root
  }
  throw new Error('this is a bundle, away from the files of the package: setNative names them')
}

// Whether this code comes from there, as far as the engine tells.
function isRunning(file: string): boolean {
  const { prepareStackTrace, stackTraceLimit } = Error
  try {
    Object.assign(Error, { prepareStackTrace: fileOfTop, stackTraceLimit: 1 })
    const { stack } = new Error() as { stack?: unknown }
    Object.assign(Error, { prepareStackTrace, stackTraceLimit })
    return typeof stack !== 'string' || stack === file || stack === url.fileURLToPath(file)
  } catch {
    return true // a program may have frozen Error
  }
}

function fileOfTop(_error: Error, [site]: NodeJS.CallSite[]): unknown {
  return site?.getFileName()
}

function isPackage(file: string): boolean {
  try {
    const { name } = JSON.parse(fs.readFileSync(file, 'utf8')) as { name?: unknown }
    return name === 'apparmor'
  } catch {
    return false
  }
}
