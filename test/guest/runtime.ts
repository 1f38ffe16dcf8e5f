// Runs under Bun, Deno or Node (tools/runtimes.js): children that the runtime itself starts through
// confineCommand, and apparmor/child_process. Prints what went wrong; ends with status 0 or 1.
import assert from 'node:assert/strict'
import * as node from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { confineCommand, getcon } from 'apparmor'
import * as ours from 'apparmor/child_process'

const PROFILE = 'apparmor-test-child'
const MISSING = 'apparmor-test-missing'
const LABEL = `${PROFILE} (enforce)\n`
const CAT = ['cat', ['/proc/self/attr/current']] as const
const { Bun, Deno } = globalThis as any

const through = (profile: string, file: string = CAT[1][0]) =>
  confineCommand(profile, 'cat', [file])

const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
for (const name of ['denied', 'allowed']) writeFileSync(join(dir, name), name)
type Command = ReturnType<typeof through>

/** Each gives the status and what was printed. */
const ways: Record<string, (command: Command) => [number, string]> = {
  'node:child_process'({ file, args }) {
    const { status, stdout } = node.spawnSync(file, args, { encoding: 'utf8' })
    return [status ?? -1, stdout]
  },
}
if (Bun) {
  ways['Bun.spawnSync'] = ({ file, args }) => {
    const { exitCode, stdout } = Bun.spawnSync([file, ...args])
    return [exitCode, stdout.toString()]
  }
}
if (Deno) {
  ways['Deno.Command'] = ({ file, args }) => {
    const { code, stdout } = new Deno.Command(file, { args }).outputSync()
    return [code, new TextDecoder().decode(stdout)]
  }
}

assert.equal(getcon().label, 'unconfined')
for (const [name, run] of Object.entries(ways)) {
  assert.deepEqual(run(through(PROFILE)), [0, LABEL], name)
  assert.deepEqual(run(through(PROFILE, join(dir, 'denied'))), [1, ''], name)
  assert.deepEqual(run(through(PROFILE, join(dir, 'allowed'))), [0, 'allowed'], name)
  assert.deepEqual(run(through(MISSING)), [126, ''], `${name} executes nothing unconfined`)
}

const child = ours.spawn(...CAT, { profile: PROFILE })
let text = ''
child.stdout?.on('data', (data) => (text += data))
await once(child, 'close')
assert.equal(text, LABEL, 'spawn of apparmor/child_process')
assert.throws(() => ours.spawn(...CAT, { profile: MISSING }), { code: 'ENOENT' })

const sync = () => ours.spawnSync(...CAT, { profile: PROFILE, encoding: 'utf8' }).stdout
assert.equal(sync(), LABEL, 'spawnSync of apparmor/child_process')
assert.throws(() => ours.spawnSync(...CAT, { profile: MISSING }))

const { bun, deno, node: version } = process.versions
console.log(`ok ${bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${version}`}`)
process.exit()
