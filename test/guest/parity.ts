// Prints what differs between confined children and Node's own, for all cases or those that are named so
// (tools/parity.js). Ends with status 1 when one differs that is not known to, or the other way round.
import * as functions from 'apparmor/child_process'
import { mkdtempSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { CASES, compareCase, knownDifference } from '../support/parity.ts'
import { fillParityFiles } from '../support/parity_files.ts'

const names = Object.keys(CASES).filter((name) => name.includes(process.argv[2] ?? ''))
const show = (value: unknown) =>
  inspect(value, { depth: 9, breakLength: 120, maxStringLength: 200 })

const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
fillParityFiles(dir)
let wrong = 0
const alive = setInterval(() => {}, 1000) // a case that never ends is to be seen as such
const print = (text: string) => writeSync(1, `${text}\n`)
for (const name of names) {
  const { confined, plain, differs } = await compareCase(name, functions, dir)
  const why = knownDifference(name)
  if (differs === (why !== undefined)) continue
  wrong++
  print(`${name}\n  plain    ${show(plain)}\n  confined ${show(confined)}${why ? ` (${why})` : ''}`)
}
clearInterval(alive)
rmSync(dir, { recursive: true })
print(`Node ${process.versions.node}: ${names.length} cases, ${wrong} differ otherwise than known`)
process.exit(wrong === 0 ? 0 : 1)
