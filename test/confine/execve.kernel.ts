import { spawnSync } from 'node:child_process'
import t from 'tap'
import type { Step } from '../support/child.ts'
import { makeFiles } from '../support/files.ts'
import { PACKAGE } from '../support/package.ts'
import { type ProgramOptions, runProgram } from '../support/program.ts'

const PROFILE = 'apparmor-test-process'

t.setTimeout(180_000)

const { denied, allowed } = makeFiles(t)

// What a program says of itself, by the shell's own commands alone.
const SCRIPT = `
read -r label < /proc/self/attr/current
for file; do
  { read -r text < "$file"; } 2>/dev/null || [ "$text" ] || text=denied-it
  texts="$texts $text"; text=
done
echo "$0|$label|$texts|$WHO"`

const execve = (options: object): Step => [
  'call',
  'execve',
  '/bin/sh',
  ['-c', SCRIPT, 'zero', denied, allowed],
  options,
]

/** The lines of JSON of the steps, and what the program said that replaced them. */
function run(steps: readonly Step[], options?: ProgramOptions) {
  const ran = runProgram('child', [JSON.stringify(steps)], options)
  const lines = ran.stdout.trimEnd().split('\n')
  const said = lines.filter((line) => !line.startsWith('{')).join('\n')
  const outcomes = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
  return { ...ran, said, outcomes }
}

t.test('replaces the program under a profile', async (t) => {
  const ran = run([execve({ profile: PROFILE, env: { WHO: 'me', GONE: undefined } })])
  t.equal(ran.said, `zero|${PROFILE} (enforce)| denied-it allowed|me`)
  t.strictSame([ran.status, ran.stderr, ran.outcomes], [0, '', []])
})

t.test('or with one stacked on the label', async (t) => {
  const { said } = run([execve({ stack: PROFILE })])
  const [, label, texts] = said.split('|')
  t.match(label, /apparmor-test-process/)
  t.match(label, /unconfined/)
  t.equal(texts, ' denied-it allowed')
})

t.test('from a Worker: the whole process', async (t) => {
  const { said } = run([['worker', [execve({ profile: PROFILE })]]])
  t.equal(said, `zero|${PROFILE} (enforce)| denied-it allowed|`)
})

t.test('a refusal leaves the program intact', async (t) => {
  const path = '/apparmor-test-missing'
  const { outcomes } = run([
    ['call', 'execve', '/bin/sh', [], { profile: 'apparmor-test-missing' }],
    ['call', 'getProcAttr', 'exec'],
    ['call', 'execve', path, [], { profile: PROFILE }],
    ['call', 'getcon'],
    ['call', 'getProcAttr', 'exec'],
    ['read', denied],
    ['spawn', 'cat', denied],
    ['spawn', 'cat', allowed],
  ])
  const [missing, unset, failed, con, set, read, ...children] = outcomes
  t.match(missing.error, { code: 'ENOENT', syscall: 'aa_change_onexec' })
  t.strictSame(unset, { ok: null }, 'the profile was refused: nothing is set')
  t.match(failed.error, {
    code: 'ENOENT',
    syscall: 'execve',
    path,
    message: /stays set for the next exec/,
  })
  t.strictSame(con, { ok: { label: 'unconfined', mode: null } })
  t.match(set, { ok: { label: PROFILE } }, 'the program was not there: the profile stays set')
  t.strictSame(read, { ok: 'denied' })
  t.match(children, [{ ok: { status: 1 } }, { ok: { stdout: 'allowed' } }], 'for every child')
})

t.test('a profile without a value is refused, and nothing is executed', async (t) => {
  // JSON has no undefined.
  const script = `
    import { execve } from ${PACKAGE}
    for (const options of [
      { profile: undefined },
      { stack: undefined },
      { profile: undefined, stack: undefined },
      { profile: null },
      { profile: '${PROFILE}', stack: undefined },
    ]) {
      try {
        execve('/bin/echo', ['executed'], options)
      } catch ({ name, code }) {
        console.log(name, code)
      }
    }
    execve('/bin/cat', ['/proc/self/attr/current'], { profile: '${PROFILE}' })`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  const type = 'TypeError ERR_INVALID_ARG_TYPE'
  const value = 'TypeError ERR_INVALID_ARG_VALUE'
  const confined = `${PROFILE} (enforce)`
  t.strictSame(stdout.trimEnd().split('\n'), [type, type, value, type, value, confined])
})

t.test('honours Node’s permission model', async (t) => {
  const flags = [
    process.allowedNodeEnvironmentFlags.has('--permission')
      ? '--permission'
      : '--experimental-permission',
    '--allow-fs-read=*',
    '--allow-addons',
  ]
  const steps = [execve({ profile: PROFILE }), ['call', 'getProcAttr', 'exec']] as const
  const refused = run(steps, { flags })
  t.match(refused.outcomes[0].error, { code: 'ERR_ACCESS_DENIED', permission: 'ChildProcess' })
  t.strictSame(refused.outcomes[1], { ok: null }, 'before anything is set')
  const allowedTo = run(steps, { flags: [...flags, '--allow-child-process'] })
  t.equal(allowedTo.said, `zero|${PROFILE} (enforce)| denied-it allowed|`)
})
