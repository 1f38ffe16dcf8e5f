// Runs as root under a kernel that enforces AppArmor.
import * as node from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { getcon } from 'apparmor'
import { spawn, spawnSync, type Confined } from 'apparmor/child_process'
import t from 'tap'
import { makeFiles } from '../support/files.ts'

t.setTimeout(300_000)

const PROFILE = 'apparmor-test-removed'
const RULES = 'file, network, unix, signal,'
const REMOVED = { name: 'AppArmorError', code: 'ERR_APPARMOR_PROFILE_REMOVED', profile: PROFILE }
const REMOVE = `printf ${PROFILE} > /sys/kernel/security/apparmor/.remove`
const REPLACE = `echo 'profile ${PROFILE} { ${RULES} }' | apparmor_parser -r -K`

const { dir } = makeFiles(t)

const load = (): unknown => node.execFileSync('sh', ['-c', REPLACE])
t.teardown(() => node.spawnSync('sh', ['-c', REMOVE], { stdio: 'ignore' }))

// So many directories are searched in vain that the launcher takes about two seconds between its request and the
// exec, whatever the kernel's pace. A variable holds 128 kB.
const searching = (directories: number) => ({ PATH: `${'/x:'.repeat(directories)}/bin` })
load()
const time = (directories: number) => {
  const start = performance.now()
  spawnSync('true', [], { profile: PROFILE, env: searching(directories) })
  return performance.now() - start
}
const each = Math.max(time(300) - time(1), 1) / 300
const env = searching(Math.min(40_000, Math.ceil(2000 / each)))

/** Does something to the policy when the launcher is on its way. */
async function meanwhile(action: string): Promise<node.ChildProcess> {
  const script = `echo ready
    until [ "$seen" ]; do
      for file in /proc/[0-9]*/comm; do
        { read -r name < "$file"; } 2>/dev/null && [ "$name" = apparmor-launch ] && seen=1
      done
    done
    read -t 0.05 <> <(:)
    ${action}`
  const child = node.spawn('bash', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((done) => child.stdout.once('data', done))
  return child
}

for (const target of [{ profile: PROFILE }, { stack: PROFILE }] as readonly Confined[]) {
  const [kind = ''] = Object.keys(target)

  t.test(
    `${kind}: removed while the child is started: it is told, and the child is ended`,
    async (t) => {
      load()
      const marker = join(dir, kind)
      await meanwhile(REMOVE)
      t.throws(() => spawn('sh', ['-c', `sleep 1; : > ${marker}`], { ...target, env }), REMOVED)
      await setTimeout(1500)
      t.notOk(existsSync(marker), 'it did not get far')
      const { stdout } = node.spawnSync('ps', ['-o', 'stat=', '--ppid', String(process.pid)])
      t.notMatch(String(stdout), /Z/, 'nor is it left to be waited for')
    },
  )

  t.test(`${kind}: the same when it has ended`, async (t) => {
    load()
    await meanwhile(REMOVE)
    t.throws(() => spawnSync('cat', ['/proc/self/attr/current'], { ...target, env }), REMOVED)
  })

  t.test(`${kind}: replaced meanwhile: it runs confined`, async (t) => {
    load()
    const replacing = await meanwhile(REPLACE)
    const replaced = new Promise((done) => replacing.once('exit', done))
    const options = { ...target, env, encoding: 'utf8' } as const
    const ran = spawnSync('cat', ['/proc/self/attr/current'], options)
    t.match(ran, { status: 0, stderr: '', stdout: PROFILE })
    await replaced
  })
}

t.test('a child whose profile lets it go free is no such child', async (t) => {
  node.execFileSync('apparmor_parser', ['-r', '-K'], {
    input: `profile ${PROFILE} { ${RULES} change_profile -> unconfined, }`,
  })
  const change = 'printf "changeprofile unconfined" > /proc/self/attr/current'
  const script = `${change}; read -r label < /proc/self/attr/current; echo $label`
  const options = { profile: PROFILE, encoding: 'utf8' } as const
  t.equal(spawnSync('bash', ['-c', script], options).stdout, 'unconfined\n')
  t.equal(getcon().label, 'unconfined')
})
