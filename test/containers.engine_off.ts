// What docs/containers.md says of engines on a kernel without AppArmor.
import t from 'tap'
import { ENGINES, Machine, type EngineName } from './support/engines.ts'
import { CHILD_PROCESS } from './support/package.ts'

const machine = new Machine()
t.teardown(() => machine.remove())

/** `null`: the container runs, without a word. */
const REFUSALS: Readonly<Record<EngineName, RegExp | null>> = {
  runc: /unable to apply apparmor profile/,
  crun: null,
  podman: /apparmor profile "apparmor-test-none" specified, but Apparmor is not enabled/,
}

for (const engine of ENGINES) {
  t.test(`${engine}: a container with a profile`, async (t) => {
    const ran = machine.run(engine, { profile: 'apparmor-test-none' }, ['/bin/echo', 'it runs'])
    const refusal = REFUSALS[engine]
    if (refusal === null) return t.match(ran, { status: 0, stdout: 'it runs\n', stderr: '' })
    t.not(ran.status, 0)
    t.match(ran, { stdout: '', stderr: refusal })
  })
}

t.test('in a container, nothing runs that was to be confined', async (t) => {
  const source = `
import { spawnSync } from ${CHILD_PROCESS}
for (const options of [{ profile: 'a' }, {}]) {
  try { spawnSync('/bin/echo', ['it runs'], { ...options, stdio: 'inherit' }) }
  catch (error) { console.log(error.code) }
}`
  const command = [process.execPath, '--input-type=module', '-e', source]
  t.match(machine.run('crun', { profile: null }, command), { stdout: 'ECANCELED\nit runs\n' })
})
