import { spawnSync } from 'node:child_process'
import t from 'tap'
import { apparmor, LIMIT, PROGRAM } from '../support/cli.ts'
import { useAll, useJson } from '../support/use.ts'
import { everyUse } from '../support/uses.ts'

const uses = everyUse(t)
const WHY = 'AppArmor was disabled when the kernel started'

t.test('each command does what it can, or says that AppArmor is off', async (t) => {
  const ran = useAll(t, uses, { place: 'off', columns: 40 })
  for (const [i, { argv, status }] of uses.entries()) {
    if (status.root === 0 && status.off !== 0 && argv[0] !== 'doctor') {
      t.match(ran[i]?.stderr.replaceAll(/\s+/g, ' '), WHY, argv[0])
    }
  }
})

t.test('--json and what is said of errors is as documented', (t) => useJson(t, uses, 'off'))

t.test('watch and exec end with that, and exec runs nothing', async (t) => {
  t.match(await apparmor(['watch']), { status: 2, stdout: '', stderr: WHY })
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [PROGRAM, 'exec', '-p', 'web', 'echo', 'ran'],
    { encoding: 'utf8', timeout: LIMIT },
  )
  t.strictSame([status, stdout], [125, ''])
  t.match(stderr, WHY)
})
