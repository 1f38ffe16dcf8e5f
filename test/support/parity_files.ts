import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { makeFiles } from './files.ts'

/** The files that test/support/parity.ts speaks of, in a directory. */
export function fillParityFiles(dir: string): void {
  chmodSync(dir, 0o755)
  for (const name of ['denied', 'allowed']) writeFileSync(join(dir, name), name)
  writeFileSync(join(dir, 'script'), 'echo "$0 $1"')
  chmodSync(join(dir, 'script'), 0o755)
  writeFileSync(join(dir, 'private'), '#!/bin/sh\n')
  chmodSync(join(dir, 'private'), 0o700)
}

/** A directory with them for a test. */
export function makeParityFiles(t: Test): string {
  const { dir } = makeFiles(t)
  fillParityFiles(dir)
  return dir
}
