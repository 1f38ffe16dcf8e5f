import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCE = fileURLToPath(new URL('../../../test/guest/adversary.c', import.meta.url))

/** Compiles test/guest/adversary.c into a directory: the addon's file. */
export function buildAdversary(directory: string): string {
  const headers = createRequire(import.meta.url).resolve('node-api-headers')
  const file = join(directory, 'adversary.node')
  const include = join(dirname(headers), 'include')
  execFileSync('cc', ['-shared', '-fPIC', '-pthread', '-I', include, '-o', file, SOURCE])
  return file
}
