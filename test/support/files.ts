import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/**
 * Makes a directory with a file that the profiles of test/guest/profiles deny and one that they allow.
 * Not below the project: there the directories may be closed to other users.
 */
export function makeFiles(t: Test): { dir: string; denied: string; allowed: string } {
  const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
  chmodSync(dir, 0o755)
  t.teardown(() => rmSync(dir, { recursive: true }))
  const [denied, allowed] = [join(dir, 'denied'), join(dir, 'allowed')]
  writeFileSync(denied, 'denied')
  writeFileSync(allowed, 'allowed')
  return { dir, denied, allowed }
}
