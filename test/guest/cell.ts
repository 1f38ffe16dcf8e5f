// What a cell of tools/matrix.js runs: children under a profile, then the process as a whole.
import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getcon } from 'apparmor'
import { spawnSync } from 'apparmor/child_process'
import { isMainThread } from 'node:worker_threads'

const PROFILE = 'apparmor-test-process'

if (isMainThread) {
  const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
  for (const name of ['denied', 'allowed']) {
    writeFileSync(join(dir, name), name)
    const cat = spawnSync('cat', [join(dir, name)], { profile: PROFILE, encoding: 'utf8' })
    assert.equal(cat.error, undefined)
    assert.equal(cat.stdout, name === 'allowed' ? name : '')
    assert.equal(cat.status, name === 'allowed' ? 0 : 1)
  }
  const missing = () => spawnSync('true', [], { profile: 'apparmor-test-missing' })
  assert.throws(missing, { code: 'ENOENT' })
  assert.equal(getcon().label, 'unconfined')
}
await import('./broadcast.ts')
