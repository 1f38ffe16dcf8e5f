import { once } from 'node:events'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { learn } from 'apparmor/audit'
import { processes, profiles } from 'apparmor'
import { spawnSync } from 'apparmor/child_process'
import { load, parseProfile, remove } from 'apparmor/policy'
import t, { type Test } from 'tap'
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

// What perl needs, so that only the files of a test are missing.
const BASE = `
  /{usr,lib*,etc,proc,dev,bin,sbin}/** mrix,
  /{,**/} r,
  ${dir}/script* mrix,
`
const base = (name: string) => parseProfile(`abi <kernel>,\nprofile ${name} {${BASE}}\n`)
const isLeft = async (profile: string) =>
  (await processes({ label: (label) => label.startsWith(profile) })).length > 0 ||
  (await profiles()).some(({ name }) => name.startsWith(profile))

function setting(t: Test, name: string, value: string): void {
  const file = `/proc/sys/kernel/${name}`
  const before = fs.readFileSync(file)
  t.teardown(() => fs.writeFileSync(file, before))
  fs.writeFileSync(file, value)
}

t.test('a run whose records the kernel has lost is repeated, and proves nothing', async (t) => {
  const name = 'apparmor-test-learn-lost'
  setting(t, 'printk_ratelimit', '1')
  setting(t, 'printk_ratelimit_burst', '40')
  const names = Array.from({ length: 60 }, (_, i) => at(`many${i}`))
  for (const file of names) fs.writeFileSync(file, '')
  const open = `open(F, "<", "${at('many')}$_") or exit 1 for 0..59; select(undef, undef, undef, 1.5)`
  const options = {
    name,
    policy: base(name),
    source: 'kmsg',
    stdio: 'ignore',
  } as const
  const command = ['/usr/bin/perl', '-e', open] as const
  const { rounds, proven, text } = await learn(command, options)
  t.not(rounds[0]?.lost.length, 0, 'it is told what is lost')
  for (const [i, { lost, mode }] of rounds.entries()) {
    if (lost.length > 0) t.equal(rounds[i + 1]?.mode, mode, 'and the round is repeated')
  }
  t.strictSame(rounds.at(-1)?.lost, [])
  t.ok(proven)
  for (const file of names) t.match(text, `${file} r,`)
  t.notOk(await isLeft(name))
})

t.test(
  'aborted: the program is ended, with what it has started, and the profile removed',
  async (t) => {
    const name = 'apparmor-test-learn-aborted'
    const script = `trap "" TERM; setsid sh -c 'trap "" TERM; echo > ${at('begun')}; while :; do sleep 1; done' & wait`
    const abort = new AbortController()
    const policy = base(name)
    const learning = learn(['/bin/sh', '-c', script], {
      name,
      policy,
      stdio: 'ignore',
      signal: abort.signal,
      exercise: async () => {
        while (!fs.existsSync(at('begun'))) await sleep(50)
        abort.abort()
      },
    })
    await t.rejects(learning, { name: 'AbortError' })
    t.notOk(await isLeft(name))
  },
)

t.test('a program that may not be sent a signal is ended all the same', async (t) => {
  const name = 'apparmor-test-learn-signal'
  let runs = 0
  const { rounds, proven } = await learn(
    ['/bin/sh', '-c', `until test -e ${at('end')}; do sleep 0.1; done`],
    {
      name,
      policy: base(name),
      stdio: 'ignore',
      exercise: async (child) => {
        const first = runs++ === 0
        if (!first) child.kill('SIGKILL')
        else fs.writeFileSync(at('end'), '')
        await once(child, 'exit')
        fs.rmSync(at('end'), { force: true })
      },
      works: () => true,
    },
  )
  t.match(rounds[1], { mode: 'enforce', records: [{ class: 'signal', event: 'denied' }] })
  t.match(rounds.at(-1), { outcome: { signal: 'SIGKILL' }, records: [] })
  t.ok(proven)
  t.notOk(await isLeft(name))
})

t.test(
  'a profile of another program is learned, but not one that others have loaded',
  async (t) => {
    const name = 'apparmor-test-learn-px'
    for (const name of ['script-own', 'script-other']) {
      fs.writeFileSync(at(name), `#!/bin/sh\nread word < ${at('input')}\n`)
      fs.chmodSync(at(name), 0o755)
    }
    const other = `profile ${at('script-other')} {\n  file,\n}\n`
    await load(other)
    t.teardown(() => remove({ profile: at('script-other') }))
    const hash = async () =>
      (await profiles()).find(({ name }) => name === at('script-other'))?.hash
    const before = await hash()
    const { proven, problems, policy } = await learn(
      ['/bin/sh', '-c', `${at('script-own')}; ${at('script-other')}`],
      { name, stdio: 'ignore', exec: (program) => (program.startsWith(dir) ? 'Px' : 'ix') },
    )
    t.ok(proven)
    t.match(problems, [/script-other is loaded already/])
    const names = policy.rules.flatMap((rule) =>
      rule.kind === 'profile' ? [String(rule.name)] : [],
    )
    t.strictSame(names.sort(), [at('script-own'), name].sort())
    t.equal(await hash(), before, 'it is there as before')
    t.notOk(await isLeft(name))
  },
)
