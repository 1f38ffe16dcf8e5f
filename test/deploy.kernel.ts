// The unit of deploy/systemd: its command, with the privileges that it has there and no others.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { profiles } from 'apparmor'
import { remove } from 'apparmor/policy'
import t from 'tap'
import { makeFiles } from './support/files.ts'

const NAME = 'apparmor-test-deploy'
const { dir } = makeFiles(t)
const [policy, state] = [join(dir, 'policy'), join(dir, 'state')]
t.teardown(() => remove({ profile: NAME }, { running: 'unconfine' }).catch(() => {}))

const unit = readFileSync('deploy/systemd/apparmor-sync.service', 'utf8')
const setting = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? ''

/** @param capabilities as setpriv(1) names them */
function sync(capabilities: string) {
  const [, ...args] = setting('ExecStart').split(' ')
  const places = ['--state', state, policy]
  const command = [process.execPath, 'dist/cli.js', ...args.slice(1, -1), ...places]
  const limits = [`--bounding-set=-all${capabilities}`, '--no-new-privs']
  return spawnSync('setpriv', [...limits, ...command], { encoding: 'utf8' })
}

const loaded = async () => (await profiles()).find(({ name }) => name === NAME)

t.test('with its one capability it loads, replaces, and keeps what is in force', async (t) => {
  t.equal(setting('CapabilityBoundingSet'), 'CAP_MAC_ADMIN')
  t.equal(setting('NoNewPrivileges'), 'yes')
  t.match(setting('ExecStart'), /^\/usr\/bin\/env apparmor sync /)
  mkdirSync(policy)
  const write = (rules: string) =>
    writeFileSync(join(policy, 'one'), `abi <abi/3.0>,\nprofile ${NAME} { ${rules} }\n`)
  write('file,')
  const refused = sync('')
  t.not(refused.status, 0, 'without it, it cannot')
  t.match(refused.stderr, /CAP_MAC_ADMIN/)
  t.equal(await loaded(), undefined)

  const [first, before] = [sync(',+mac_admin'), await loaded()]
  t.match(first, { status: 0, stdout: new RegExp(NAME) })
  t.match(before, { mode: 'enforce' })
  write('file, network,')
  t.equal(sync(',+mac_admin').status, 0)
  const good = await loaded()
  t.not(good?.hash, before?.hash)

  write('{{{')
  const wrong = sync(',+mac_admin')
  t.not(wrong.status, 0)
  t.match(`${wrong.stdout}${wrong.stderr}`, /one:\d+/)
  t.equal((await loaded())?.hash, good?.hash)
})
