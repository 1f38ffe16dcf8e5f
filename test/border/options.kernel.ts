import { spawnSync } from 'node:child_process'
import * as apparmor from 'apparmor'
import t from 'tap'
import { OPTIONS, outcomeOf, pollute } from '../support/options.ts'
import { CHILD_PROCESS, PACKAGE } from '../support/package.ts'

/** The last line of what a program says that changes its own profile. */
function said(source: string): unknown {
  const args = ['--input-type=module', '-e', source]
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  try {
    return JSON.parse(stdout)
  } catch {
    return stdout + stderr
  }
}

for (const [name, { options, calls }] of Object.entries(OPTIONS)) {
  t.test(`${name}: Object.prototype decides nothing under a real kernel either`, async (t) => {
    for (const call of calls) {
      const expected = await outcomeOf(() => call(apparmor))
      const clean = pollute(options, 'thread')
      const found = await outcomeOf(() => call(apparmor))
      clean()
      t.strictSame(found, expected)
    }
  })
}

t.test('a scope that every object inherits leaves no thread out', async (t) => {
  const labels = said(`
    import { changeProfile, getThreadCons } from ${PACKAGE}
    Object.prototype.scope = 'thread'
    changeProfile('apparmor-test-process')
    changeProfile('apparmor-test-process-next', {})
    delete Object.prototype.scope
    console.log(JSON.stringify([...new Set(getThreadCons().map(({ label }) => label))]))`)
  t.strictSame(labels, ['apparmor-test-process-next'])
})

t.test('nor does a profile confine children that nobody asked to confine', async (t) => {
  const label = said(`
    import { spawnSync } from ${CHILD_PROCESS}
    Object.prototype.profile = 'apparmor-test-process'
    const plain = spawnSync('cat', ['/proc/self/attr/current'], { encoding: 'utf8' }).stdout
    let inherited
    try {
      spawnSync('cat', ['/proc/self/attr/current'], Object.create({ profile: 'apparmor-test-process' }))
    } catch ({ code }) {
      inherited = code
    }
    console.log(JSON.stringify([plain.trim(), inherited]))`)
  t.strictSame(label, ['unconfined', 'ERR_INVALID_ARG_VALUE'], 'an inherited one is refused')
})
