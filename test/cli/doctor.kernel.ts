import { once } from 'node:events'
import { spawn } from 'node:child_process'
import t, { type Test } from 'tap'
import { spawn as spawnConfined } from 'apparmor/child_process'
import { remove, replace } from 'apparmor/policy'
import { apparmor } from '../support/cli.ts'
import { matchesSchema } from '../support/schema.ts'

const PROFILE = 'apparmor-test-cli-doctor'
const ATTACHED = '/usr/bin/tail'

interface Found {
  readonly check: string
  readonly state: string
  readonly seen: string
}

async function findings(t: Test, ...argv: string[]) {
  const { stdout, status } = await apparmor(['doctor', '--json', ...argv])
  const found = JSON.parse(stdout)
  await matchesSchema(t, 'doctor', found)
  const of = (check: string): Found | undefined =>
    found.findings.find((one: Found) => one.check === check)
  return { status, of }
}

t.test('a machine where it works, and where records arrive', async (t) => {
  await replace(`profile ${PROFILE} { }`)
  t.teardown(() => remove({ profile: PROFILE }))
  const { of } = await findings(t, '--probe')
  t.match(of('AppArmor'), { state: 'ok' })
  t.match(of('policy interface'), { state: 'ok', seen: '/sys/kernel/security/apparmor' })
  t.match(of('policy'), { state: 'ok', seen: /^\d+ profiles? loaded/ })
  t.match(of('capabilities'), { state: 'ok' })
  t.match(of('apparmor_parser'), { state: 'ok', seen: /^\d+\.\d+/ })
  t.match(of('native part'), { state: 'ok', seen: /apparmor.*\.node, libapparmor / })
  t.match(of('audit log'), { state: 'ok', seen: 'records arrive, by kmsg' })
})

t.test(
  'a process that was started before its profile is told from one that none is meant for',
  async (t) => {
    const child = spawn(ATTACHED, ['-f', '/dev/null'])
    await once(child, 'spawn')
    t.teardown(async () => {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
      await remove({ profile: ATTACHED })
    })
    const before = await findings(t, String(child.pid))
    t.match([before.status, before.of('label')], [0, { state: 'note', seen: 'unconfined' }])
    await replace(`${ATTACHED} { file, }`)
    const after = await findings(t, String(child.pid))
    t.match(
      [after.status, after.of('label')],
      [
        1,
        {
          state: 'problem',
          means: new RegExp(`^the profile ${ATTACHED} is meant for`),
          remedy: 'restart the process',
        },
      ],
    )
    const profile = await findings(t, '--profile', ATTACHED)
    t.match([profile.status, profile.of('loaded')], [1, { state: 'ok' }])
  },
)

t.test('a profile is examined: loaded or not, its mode, and who runs under it', async (t) => {
  const missing = await findings(t, '-p', PROFILE)
  t.match([missing.status, missing.of('loaded')], [1, { state: 'problem', seen: 'no' }])
  await replace(`profile ${PROFILE} flags=(complain) { file, signal, }`)
  t.teardown(() => remove({ profile: PROFILE }))
  const child = spawnConfined('sleep', ['600'], { profile: PROFILE })
  await once(child, 'spawn')
  const found = await findings(t, '-p', PROFILE)
  t.match(found.of('mode'), { state: 'problem', seen: 'complain' })
  t.match(found.of('processes'), { state: 'ok', seen: `1 process under it: ${child.pid} sleep` })
  const process = await findings(t, String(child.pid))
  t.match(process.of('label'), { state: 'problem', seen: `${PROFILE} (complain)` })
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
})
