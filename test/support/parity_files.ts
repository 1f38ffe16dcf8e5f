import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { makeFiles } from './files.ts'

/** The files that test/support/parity.ts speaks of. */
export function makeParityFiles(t: Test): string {
  const { dir } = makeFiles(t)
  writeFileSync(join(dir, 'script'), 'echo "$0 $1"')
  chmodSync(join(dir, 'script'), 0o755)
  writeFileSync(join(dir, 'private'), '#!/bin/sh\n')
  chmodSync(join(dir, 'private'), 0o700)
  return dir
}
