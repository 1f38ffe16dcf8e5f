import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import t from 'tap'
import { spawnSync as spawnConfined } from 'apparmor/child_process'
import { remove, replace } from 'apparmor/policy'
import { apparmor, LIMIT, PROGRAM } from '../support/cli.ts'
import { makeFiles } from '../support/files.ts'
import { matchesSchema } from '../support/schema.ts'

const PROFILE = 'apparmor-test-cli-log'
const { denied } = makeFiles(t)

t.before(() => replace(`profile ${PROFILE} { file, unix, audit deny ${denied} r, }`))
t.teardown(() => remove({ profile: PROFILE }))

const provoke = () => spawnConfined('cat', [denied], { profile: PROFILE })

// What other tests have caused may be told as lost.
const about = (text: string): readonly string[] =>
  text.split('\n').filter((line) => line.includes(PROFILE))

t.test('log shows what was refused, once, with a count', async (t) => {
  for (let i = 0; i < 3; i++) provoke()
  const { stdout, status } = await apparmor(['log', '-p', PROFILE, '-e', 'denied'])
  t.equal(status, 0)
  t.match(stdout, new RegExp(`denied +${PROFILE} +open r ${denied} +by cat\\[\\d+\\] +×3$`, 'm'))
  t.equal(about(stdout).length, 1)
  const all = await apparmor(['log', '--all', '-p', PROFILE, '-e', 'denied', '--since', '1h'])
  t.equal(about(all.stdout).length, 3)
  const json = await apparmor(['log', '--json', '-p', PROFILE, '-e', 'denied'])
  for (const line of json.stdout.trim().split('\n')) await matchesSchema(t, 'log', JSON.parse(line))
})

t.test('log -f shows a refusal when it happens, and ends at once by Ctrl-C', async (t) => {
  const child = spawn(process.execPath, [PROGRAM, 'log', '-f', '-p', PROFILE], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LIMIT,
  })
  const lines = createInterface(child.stdout)
  const first = once(lines, 'line')
  // It starts to look some time after it was started.
  const timer = setInterval(provoke, 500)
  const [line] = await first
  clearInterval(timer)
  t.match(String(line), `open r ${denied}`)
  const ended = once(child, 'exit')
  child.kill('SIGINT')
  t.strictSame(await ended, [null, 'SIGINT'])
})

t.test('watch tells of a change of policy as a line, and a reader who goes ends it', async (t) => {
  const { stdout, status } = spawnSync(
    'sh',
    ['-c', '"$0" "$1" watch | head -n 1; exit 0', process.execPath, PROGRAM],
    { encoding: 'utf8', timeout: LIMIT },
  )
  t.equal(status, 0)
  t.match(stdout, /revision \d+ {2}profiles: .*\d+ enforce/)
})
