// The claim: `import 'apparmor'` adds at most 10 ms to Node's start. A program that imports it and an
// empty one take turns; the difference of their medians counts.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, report } from './report.js'

const ROUNDS = 41
const here = mkdtempSync(join(tmpdir(), 'apparmor-bench-'))
const apparmor = import.meta.resolve('apparmor')

/** @param {string} name @param {string} source */
function program(name, source) {
  const file = join(here, `${name}.mjs`)
  writeFileSync(file, source)
  return () => {
    const start = performance.now()
    const { status, stderr } = spawnSync(process.execPath, [file])
    if (status !== 0) throw new Error(String(stderr))
    return performance.now() - start
  }
}

try {
  const empty = program('empty', '')
  const ours = program('ours', `import ${JSON.stringify(apparmor)}\n`)
  empty()
  ours()
  const rounds = Array.from({ length: ROUNDS }, () => ({ empty: empty(), ours: ours() }))
  const without = median(rounds.map((r) => r.empty))
  const added = median(rounds.map((r) => r.ours)) - without
  console.log(`an empty program ${without.toFixed(1)} ms; medians of ${ROUNDS} starts of each`)
  report("what import 'apparmor' adds", `${added.toFixed(1)} ms`, 'at most 10 ms', added <= 10)
} finally {
  rmSync(here, { recursive: true })
}
