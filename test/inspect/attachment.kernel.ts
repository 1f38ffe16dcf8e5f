import { spawnSync } from 'node:child_process'
import { queryFile } from 'apparmor'
import t from 'tap'
import { PATTERNS } from '../support/patterns.ts'

const PREFIX = 'apparmor-test-pattern'
const rule = (pattern: string): string => `"${pattern.replaceAll('\n', '\\n')}" r,`
const input = PATTERNS.map(([pattern], i) => `profile ${PREFIX}-${i} { ${rule(pattern)} }\n`).join(
  '',
)

spawnSync('apparmor_parser', ['-r', '-K'], { input })
t.teardown(() => spawnSync('apparmor_parser', ['-R', '-K'], { input }))

// What test/attachment.test.ts says of our reading of them, said by the kernel.
for (const [i, [pattern, yes, no]] of PATTERNS.entries()) {
  t.test(`the kernel's own reading of ${JSON.stringify(pattern)}`, async (t) => {
    for (const path of yes) t.equal(queryFile(`${PREFIX}-${i}`, path, 'r').allowed, true, path)
    for (const path of no) t.equal(queryFile(`${PREFIX}-${i}`, path, 'r').allowed, false, path)
  })
}
