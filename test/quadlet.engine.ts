// The drop-in of toPodman(), read by the generator that Podman has for systemd.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { toPodman } from 'apparmor/policy'
import t, { type Test } from 'tap'

// from Debian 13 (tools/test.js): Debian 12's Podman has none
const QUADLET = process.env['APPARMOR_TEST_QUADLET'] ?? 'quadlet'

function generate(t: Test, dropIn: string) {
  const dir = t.testdir({
    'web.container': '[Container]\nImage=localhost/web\n',
    'web.container.d': { 'apparmor.conf': dropIn },
  })
  const env = { ...process.env, QUADLET_UNIT_DIRS: join(dir) }
  return spawnSync(QUADLET, ['-dryrun'], { env, encoding: 'utf8' })
}

t.test('the unit starts the container with the profile', async (t) => {
  t.match(generate(t, toPodman('web')), {
    status: 0,
    stdout: /^ExecStart=.* --security-opt=apparmor=web localhost\/web$/m,
  })
})

t.test('a name with characters that mean something stays one argument', async (t) => {
  const { status, stdout } = generate(t, toPodman('a "b" $c %d \\ é'))
  t.equal(status, 0)
  const argument = '"--security-opt=apparmor=a \\"b\\" $$c %%d \\\\ é"'
  t.ok(stdout.includes(` ${argument} localhost/web\n`), stdout)
})

t.test('and what is no drop-in is refused', async (t) => {
  const { stdout, stderr } = generate(t, '[Container]\nNoSuchKey=web\n')
  t.notMatch(stdout, /ExecStart=.*web$/m)
  t.match(stderr, /NoSuchKey/)
})
