import * as fs from 'node:fs'
import { join } from 'node:path'
import { learn } from 'apparmor/audit'
import { profiles } from 'apparmor'
import { spawnSync } from 'apparmor/child_process'
import { load, remove } from 'apparmor/policy'
import t from 'tap'
import { makeFiles } from '../support/files.ts'

const { dir } = makeFiles(t)
const at = (name: string) => join(dir, name)
fs.writeFileSync(
  at('script'),
  `#!/bin/sh
read word < ${at('input')}
(echo "$word" | cat > ${at('output')})
test "$1" = neighbour && exec cat ${at('secret')}
exit 3
`,
)
fs.chmodSync(at('script'), 0o755)
for (const name of ['input', 'secret']) fs.writeFileSync(at(name), `${name}\n`)

t.test(
  'a shell script with children: it works, nothing is refused, and its neighbour is',
  async (t) => {
    const lesson = await learn([at('script')], { signal: AbortSignal.timeout(120_000) })
    t.strictSame(lesson.problems, [])
    t.ok(lesson.proven)
    t.equal(lesson.rounds.at(-1)?.mode, 'enforce')
    t.equal(lesson.rounds.at(-1)?.outcome.status, 3)
    t.strictSame(lesson.rounds.at(-1)?.records, [])
    t.ok(lesson.refused.some(({ path }) => path === `${at('input')}.neighbour`))
    t.match(lesson.text, `${at('input')} r,`)
    t.match(lesson.text, new RegExp(`${at('output')} r?w,`))
    const names = (await profiles()).map(({ name }) => name)
    t.notOk(names.includes(lesson.profile), 'the profile is unloaded')

    await load(lesson.text)
    t.teardown(() => remove({ profile: lesson.profile }))
    const run = (...args: string[]) =>
      spawnSync(at('script'), args, { profile: lesson.profile, encoding: 'utf8' })
    fs.rmSync(at('output'))
    t.equal(run().status, 3)
    t.equal(fs.readFileSync(at('output'), 'utf8'), 'input\n')
    const { stdout, status } = run('neighbour')
    t.equal(stdout, '', 'what it was not taught is refused')
    t.not(status, 0)
  },
)

t.test(
  'a profile that is loaded is left alone; a program that does not start is an error',
  async (t) => {
    await load('profile apparmor-test-learn {\n}\n')
    t.teardown(() => remove({ profile: 'apparmor-test-learn' }))
    await t.rejects(learn(['/bin/true'], { name: 'apparmor-test-learn' }), { code: 'EEXIST' })
    await t.rejects(learn([at('missing')]), { code: 'ENOENT' })
    await t.rejects(learn([] as never), { code: 'ERR_INVALID_ARG_TYPE' })
    await t.rejects(learn(['/bin/true'], { rounds: 1 }), { code: 'ERR_OUT_OF_RANGE' })
  },
)
