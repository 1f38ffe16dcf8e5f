// npm run stress:children: many confined and unconfined children, in sequence and at once, from the main
// thread and from Workers; each has to report the label that was asked for.
//
//   node tools/stress-children.js [--children N] [--kernel K]
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildTests } from './build-ts.js'
import { runWithProfiles } from './kernel.js'

const TIMEOUT = 4 * 3600

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const { values } = parseArgs({
  options: { children: { type: 'string', default: '2000' }, kernel: { type: 'string' } },
})

buildTests()

process.exitCode = await runWithProfiles(
  ['children', 'launcher'],
  [[process.execPath, 'build/test/child_process/many.kernel.js']],
  {
    kernel: values.kernel,
    env: { ...process.env, APPARMOR_CHILDREN: values.children },
    timeout: TIMEOUT,
  },
)
