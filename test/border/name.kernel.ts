// Runs as root under a kernel that enforces AppArmor.
import { spawnSync } from 'node:child_process'
import {
  canChangeProfile,
  changeOnexec,
  changeProfile,
  confineCommand,
  execve,
  reexec,
  stackOnexec,
  stackProfile,
} from 'apparmor'
import * as family from 'apparmor/child_process'
import t from 'tap'
import { NAMELESS, NAMELESS_TEXT } from '../support/names.ts'
import { reportOf } from '../support/program.ts'
import { run, STAGE, STATUS } from '../support/launcher.ts'

t.setTimeout(300_000)

const PROFILE = 'apparmor-test-name'
const NAMESPACE = 'apparmor-test-name-ns'
const LAUNCHER = `build/launcher/linux-${process.arch}/apparmor-launcher`
const LABEL = '/proc/self/attr/current'

t.test('each name that is taken means to the kernel what it means to us', async (t) => {
  const { counts, wrong } = reportOf('names', [PROFILE, NAMESPACE])
  t.strictSame(wrong, [])
  t.ok(counts.taken > 100, `${counts.taken} of ${counts.names} were taken`)
  t.ok(counts.unconfined > 900, `${counts.unconfined} would have been unconfined`)
})

const inPlace = (names: readonly string[]) =>
  names.map((name) => name.replaceAll('web', PROFILE).replaceAll('ns', NAMESPACE))
const here = inPlace(NAMELESS)

t.test('no function takes a name that the kernel reads as unconfined', async (t) => {
  const refused = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' }
  const calls: Readonly<Record<string, (name: string) => unknown>> = {
    changeProfile,
    stackProfile,
    canChangeProfile,
    changeOnexec,
    stackOnexec,
    reexec,
    execve: (profile) => execve('/bin/true', [], { profile }),
    'execve, stack': (stack) => execve('/bin/true', [], { stack }),
    confineCommand: (name) => confineCommand(name, 'true'),
    'confineCommand, stack': (stack) => confineCommand({ stack }, 'true'),
    spawnSync: (profile) => family.spawnSync('true', { profile }),
    'spawnSync, stack': (stack) => family.spawnSync('true', { stack }),
    spawn: (profile) => family.spawn('true', { profile }),
    exec: (profile) => family.exec('true', { profile }),
    parentRules: family.parentRules,
  }
  for (const [name, call] of Object.entries(calls)) {
    const taken = here.filter((name) => {
      try {
        call(name)
      } catch (error) {
        return !(error instanceof TypeError && (error as { code?: unknown }).code === refused.code)
      }
      return true
    })
    t.strictSame(taken, [], name)
  }
})

t.test('nor does the launcher, whoever calls it', async (t) => {
  const say = ['--', 'cat', LABEL]
  for (const name of inPlace(NAMELESS_TEXT)) {
    for (const verb of ['profile', 'stack']) {
      const { report, status, stdout } = run(LAUNCHER, [verb, name, STATUS, ...say])
      t.strictSame([report?.stage, status, stdout], [STAGE.arguments, 126, ''], `${verb} ${name}`)
    }
  }
  t.equal(run(LAUNCHER, ['profile', 'unconfined', STATUS, ...say]).stdout, 'unconfined\n')
  t.equal(run(LAUNCHER, ['profile', PROFILE, STATUS, ...say]).stdout, `${PROFILE} (enforce)\n`)
})

t.test('the word itself, and spaces around a name, are taken', async (t) => {
  const label = (profile: string) =>
    family.spawnSync('cat', [LABEL], { profile, encoding: 'utf8' }).stdout
  t.equal(label('unconfined'), 'unconfined\n')
  t.equal(label(` ${PROFILE}\t`), `${PROFILE} (enforce)\n`)
  t.match(label(`${PROFILE}//&unconfined`), /\/\/&/)
  const { file, args } = confineCommand(`:${NAMESPACE}:unconfined`, 'cat', [LABEL])
  t.equal(spawnSync(file, args, { encoding: 'utf8' }).stdout, 'unconfined\n')
})
