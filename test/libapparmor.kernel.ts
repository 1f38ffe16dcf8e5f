// Each public function calls its namesake in libapparmor: a small library that stands before it writes down
// which functions are called. It needs an addon that loads libapparmor; the prebuilt one has it inside.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { child, type Step } from './support/child.ts'
import { MISSING } from './support/calls.ts'

const dir = mkdtempSync(join(tmpdir(), 'apparmor-'))
t.teardown(() => rmSync(dir, { recursive: true }))
const library = join(dir, 'namesakes.so')
const NEXT = ['-Wl,--no-as-needed', '-lapparmor', '-ldl']
execFileSync('cc', ['-shared', '-fPIC', '-o', library, 'test/guest/namesakes.c', ...NEXT])

/** Which functions of libapparmor are called during a step. */
function calledBy(step: Step, number: number): readonly string[] {
  const file = join(dir, String(number))
  child([step], { env: { LD_PRELOAD: library, CALLED: file } })
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []
}

const THREAD = { scope: 'thread' } as const
const STEPS: readonly (readonly [namesake: string, step: Step])[] = [
  ['aa_is_enabled', ['call', 'isEnabled']],
  ['aa_find_mountpoint', ['call', 'findMountpoint']],
  ['aa_getcon', ['call', 'getcon']],
  ['aa_getprocattr', ['call', 'getProcAttr', 'exec']],
  ['aa_gettaskcon', ['call', 'getTaskCon', 1]],
  ['aa_getpeercon', ['call', 'getPeerCon', 0]],
  ['aa_change_profile', ['call', 'changeProfile', 'apparmor-test-web', THREAD]],
  ['aa_stack_profile', ['call', 'stackProfile', 'apparmor-test-web', THREAD]],
  ['aa_change_profile', ['call', 'changeProfile', MISSING, THREAD]],
  ['aa_change_onexec', ['call', 'changeOnexec', 'apparmor-test-web']],
  ['aa_stack_onexec', ['call', 'stackOnexec', 'apparmor-test-web']],
  ['aa_change_hat', ['call', 'changeHat', 'hat']],
  ['aa_change_hatv', ['call', 'changeHat', ['hat', 'other']]],
  ['aa_query_label', ['call', 'queryFile', 'unconfined', '/', 'r']],
  ['aa_query_label', ['call', 'queryDbus', 'unconfined', { access: 'eavesdrop', bus: 'system' }]],
  ['aa_features_new_from_kernel', ['call', 'featureId']],
]

for (const [number, [namesake, step]] of STEPS.entries()) {
  t.test(`${String(step[1])} calls ${namesake}`, async (t) => {
    t.ok(calledBy(step, number).includes(namesake))
  })
}
