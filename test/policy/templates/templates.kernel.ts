// Runs as root under a kernel that enforces AppArmor. The short form: tools/nodes.js runs each task of a program alone,
// with every Node.js.
import { spawnSync } from 'apparmor/child_process'
import { dockerDefault, load, remove } from 'apparmor/policy'
import t from 'tap'
import { NodeTemplate } from '../../support/node_template.ts'
import { REFUSED } from '../../support/node_template_acts.ts'

t.setTimeout(120_000)

t.test('nodeDefault: a program does what it was given, and nothing else', async (t) => {
  const template = new NodeTemplate(process.execPath)
  t.teardown(() => template.end())
  t.match(await template.together(), /^ok$/m)
  t.strictSame(await template.acts(), REFUSED)
})

t.test('dockerDefault: a container is the machine’s guest', async (t) => {
  const name = 'apparmor-test-docker'
  const policy = dockerDefault({ name })
  await load(policy)
  t.teardown(() => remove(policy))
  const refused = [
    'mount -t tmpfs none /mnt',
    'echo 1 > /proc/sys/vm/swappiness',
    'echo h > /proc/sysrq-trigger',
    'echo core > /proc/sys/kernel/core_pattern',
    'ls /sys/kernel/security/apparmor',
  ]
  const permitted = [
    'cat /proc/sys/vm/swappiness',
    'echo 4096 > /proc/sys/kernel/shmmni',
    'echo 0 > /proc/self/oom_score_adj',
    'ls /sys/kernel',
    'touch /tmp/apparmor-test-docker && rm /tmp/apparmor-test-docker',
  ]
  const each = [...refused, ...permitted].map((act) => `(${act}) >/dev/null 2>&1; echo $?`)
  const { stdout } = spawnSync('/bin/sh', ['-c', each.join('\n')], {
    profile: name,
    encoding: 'utf8',
  })
  const statuses = stdout.trimEnd().split('\n')
  for (const [i, act] of [...refused, ...permitted].entries()) {
    const done = statuses[i] === '0'
    t.equal(done, i >= refused.length, act)
  }
})
