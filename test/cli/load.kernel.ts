import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { profiles } from 'apparmor'
import { spawn } from 'apparmor/child_process'
import { once } from 'node:events'
import { apparmor } from '../support/cli.ts'
import { matchesSchema } from '../support/schema.ts'

const PROFILE = 'apparmor-test-cli-load'
const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
t.teardown(async () => {
  rmSync(dir, { recursive: true })
})

const file = join(dir, 'web.profile')
writeFileSync(
  file,
  `profile ${PROFILE} {\n  file,\n  signal,\n  deny /srv/secret rw,\n  hat up { }\n}\n`,
)

const modes = async () =>
  Object.fromEntries(
    (await profiles())
      .filter(({ name }) => name.startsWith(PROFILE))
      .map(({ name, mode }) => [name, mode]),
  )

t.test('load, replace, mode, remove', async (t) => {
  const loaded = await apparmor(['load', file, '--json'])
  t.equal(loaded.status, 0, loaded.stderr)
  await matchesSchema(t, 'load', JSON.parse(loaded.stdout))
  t.strictSame(await modes(), { [PROFILE]: 'enforce', [`${PROFILE}//up`]: 'enforce' })

  t.match(await apparmor(['load', file]), { status: 2, stdout: '', stderr: /EEXIST/ })
  t.match(await apparmor(['replace', '--complain', file]), {
    status: 0,
    stdout: `replaced ${PROFILE}\n`,
  })
  t.strictSame(await modes(), { [PROFILE]: 'complain', [`${PROFILE}//up`]: 'complain' })

  const mode = await apparmor(['mode', 'enforce', '--children', PROFILE])
  t.match(mode, { status: 0, stdout: `${PROFILE}: enforce\n${PROFILE}//up: enforce\n` })
  t.strictSame(await modes(), { [PROFILE]: 'enforce', [`${PROFILE}//up`]: 'enforce' })

  t.match(await apparmor(['why', '-f', file, '-k', PROFILE, 'r', '/srv/secret']), {
    status: 1,
    stdout: /the kernel: denied/,
  })
  t.match(await apparmor(['why', '-f', file, '--kernel', PROFILE, 'r', '/srv/a']), { status: 0 })
  const other = join(dir, 'other.profile')
  writeFileSync(other, `profile ${PROFILE} { }\n`)
  t.match(await apparmor(['why', '-f', other, '--kernel', PROFILE, 'r', '/srv/a']), {
    status: 3,
    stdout: /What is loaded is not what/,
  })

  const child = spawn('sleep', ['600'], { profile: PROFILE })
  await once(child, 'spawn')
  t.match(await apparmor(['remove', PROFILE]), { status: 2, stderr: /ERR_APPARMOR_PROFILE_IN_USE/ })
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
  const removed = await apparmor(['remove', '--file', file, '--json'])
  await matchesSchema(t, 'remove', JSON.parse(removed.stdout))
  t.strictSame(await modes(), {})
  t.match(await apparmor(['remove', PROFILE]), { status: 2, stderr: /ENOENT/ })
})

t.test('compiled policy is loaded as it is', async (t) => {
  const binary = join(dir, 'web.bin')
  t.equal((await apparmor(['compile', file, '-o', binary])).status, 0)
  t.match(await apparmor(['replace', binary]), { status: 0, stdout: /replaced/ })
  t.match(await apparmor(['mode', 'disable', PROFILE]), {
    status: 0,
    stdout: `${PROFILE}: removed\n`,
  })
  t.strictSame(await modes(), {})
})

t.test('sync shows the plan, then does it', async (t) => {
  const [policy, state] = [join(dir, 'policy'), join(dir, 'state')]
  mkdirSync(policy)
  writeFileSync(join(policy, 'web'), `profile ${PROFILE} { }\n`)
  const argv = ['sync', policy, '--owner', 'apparmor-test', '--state', state]
  t.match(await apparmor([...argv, '--dry-run']), {
    status: 0,
    stdout: `would load    ${PROFILE}  web\n`,
  })
  t.strictSame(await modes(), {})
  const done = await apparmor([...argv, '--json'])
  await matchesSchema(t, 'sync', JSON.parse(done.stdout))
  t.strictSame(await modes(), { [PROFILE]: 'enforce' })
  rmSync(join(policy, 'web'))
  t.match(await apparmor(argv), { status: 0, stdout: `removed       ${PROFILE}  web\n` })
  t.strictSame(await modes(), {})
})
