import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { profiles } from 'apparmor'
import { spawnSync as spawnConfined } from 'apparmor/child_process'
import { remove, replace } from 'apparmor/policy'
import { makeFiles } from '../support/files.ts'
import { persons } from '../support/tmux.ts'

const PROFILE = 'apparmor-test-cli-terminal'
const { dir, denied } = makeFiles(t)
const policy = join(dir, 'policy')
mkdirSync(policy)
writeFileSync(join(policy, 'one'), `profile ${PROFILE}-synced { }\n`)

t.before(() =>
  replace(`profile ${PROFILE} { file, signal, unix, }
    profile ${PROFILE}-refused { file, audit deny ${denied} r, }`),
)
t.teardown(async () => {
  for (const name of [PROFILE, `${PROFILE}-refused`, `${PROFILE}-synced`]) {
    await remove({ profile: name }).catch(() => {})
  }
})

const SLEEP = `sh -c 'echo be""gun >&2; exec sleep 600'`

t.test('Ctrl-C ends each command that goes on, at once and cleanly', async (t) => {
  const at = persons(t, ['watch', 'log', 'sync', 'exec', 'denials', 'learn'], { columns: 200 })
  at.watch.types('apparmor watch')
  at.log.types(`apparmor log -f -p ${PROFILE}-refused -e denied`)
  at.sync.types(`apparmor sync ${policy} --owner apparmor-test --state ${dir}/state --watch`)
  at.exec.types(`apparmor exec -p ${PROFILE} -- ${SLEEP}`)
  at.denials.types(`apparmor exec --denials -p ${PROFILE} -- ${SLEEP}`)
  at.learn.types(`apparmor learn -p ${PROFILE}-learnt -- ${SLEEP}`)
  const timer = setInterval(
    () => spawnConfined('cat', [denied], { profile: `${PROFILE}-refused` }),
    500,
  )
  try {
    t.match(await at.watch.sees(/PROFILES/), /^enforce +\d+ +\d+/m)
    t.match(await at.log.sees(/by cat/), `open r ${denied}`)
    t.match(await at.sync.sees(/to change/), `loaded        ${PROFILE}-synced  one`)
    for (const one of [at.exec, at.denials, at.learn]) await one.sees(/^begun/m)
  } finally {
    clearInterval(timer)
  }
  for (const person of Object.values(at)) person.presses('C-c')
  for (const [name, person] of Object.entries(at)) {
    t.equal(await person.status(), 130, `${name}\n${person.screen()}`)
    t.notMatch(person.screen(), /^ +at |node:|Error/m, name)
  }
  t.match(at.learn.screen(), 'apparmor learn: ended by a signal: nothing was learned')
  t.match(at.denials.screen(), /Nothing was refused\.$/m)
  const loaded = (await profiles()).map(({ name }) => name)
  t.notOk(loaded.includes(`${PROFILE}-learnt`), 'learn has removed its profile')
})

t.test('watch draws its picture anew at 40 columns', async (t) => {
  const { one } = persons(t, ['one'], { columns: 40, rows: 24 })
  one.types('apparmor watch --interval 0.5')
  t.match(await one.sees(/^MODE +PROFILES +PROCESSES$/m), /^AppArmor {2}revision \d+/)
  await replace(`profile ${PROFILE} flags=(kill) { }`)
  const screen = await one.sees(/^kill +[1-9]/m)
  t.equal(screen.match(/PROFILES/g)?.length, 1, 'one picture')
  one.presses('C-c')
  t.equal(await one.status(), 130)
})
