// Uses commands of `apparmor` one after the other, on the terminal that it has or on none, as root or as nobody.
import { closeSync, openSync, writeSync } from 'node:fs'
import { apparmor } from '../support/cli.ts'

export interface Work {
  readonly uses: readonly (readonly string[])[]
  readonly nobody: boolean
  /** a file for what was found: stdout may be a terminal */
  readonly results: string
}

const { uses, nobody, results } = JSON.parse(process.argv[2] ?? '') as Work
const around = { echo: true, env: { NO_COLOR: '1' } }

// Before it becomes another user, who may have no way to the code.
for (const [name = ''] of uses) await apparmor([name, '--help'])
const fd = openSync(results, 'w')
if (nobody) {
  const { setgroups, setgid, setuid } = process as Required<NodeJS.Process>
  setgroups([])
  setgid(65534)
  setuid(65534)
}
for (const argv of uses) writeSync(fd, `${JSON.stringify(await apparmor(argv, around))}\n`)
closeSync(fd)
