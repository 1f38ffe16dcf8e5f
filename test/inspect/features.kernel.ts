import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { compareFeatures, featureId, features, supports, type FeatureTree } from 'apparmor'
import t from 'tap'
import { afterScript, child } from '../support/child.ts'

const ROOT = '/sys/kernel/security/apparmor/features'
const ABI = '/etc/apparmor.d/abi/3.0'

/** The name of the cache that apparmor_parser would use. */
const cacheName = (...args: readonly string[]): string =>
  basename(execFileSync('apparmor_parser', ['--print-cache-dir', ...args], { encoding: 'utf8' }))
    .trim()
    .replace(/\.\d+$/, '')

t.test('features: each file of the kernel, in a frozen tree', async (t) => {
  const tree = features()
  let count = 0
  for (const file of readdirSync(ROOT, { recursive: true, encoding: 'utf8' })) {
    const found = file
      .split('/')
      .reduce<FeatureTree | string>((at, name) => (at as FeatureTree)[name] as FeatureTree, tree)
    const path = join(ROOT, file)
    if (statSync(path).isDirectory()) t.ok(Object.isFrozen(found), file)
    else t.equal(found, readFileSync(path, 'utf8').trim(), file)
    count++
  }
  t.ok(count > 30)
  t.throws(() => Object.assign(tree, { domain: '' }), TypeError)
})

t.test('supports: what this kernel has and what none has', async (t) => {
  for (const feature of ['domain', 'domain/stack', 'file/mask/exec', 'query/label/data']) {
    t.equal(supports(feature), true, feature)
  }
  for (const feature of ['nonsense', 'domain/nonsense', 'file/mask/nonsense']) {
    t.equal(supports(feature), false, feature)
  }
})

t.test('featureId: the name of apparmor_parser’s cache', async (t) => {
  t.equal(featureId(), cacheName())
  t.equal(featureId(ABI), cacheName('--kernel-features', ABI, '--policy-features', ABI))
  t.not(featureId(), featureId(ABI))
})

t.test('compareFeatures: what a profile written for an ABI loses here', async (t) => {
  const { lost, gained } = compareFeatures(features(ABI))
  t.ok(lost.includes('network'), 'rules for unix sockets as Ubuntu had them')
  t.equal(lost.includes('dbus'), !supports('dbus'))
  t.notOk(
    lost.some((path) => path.startsWith('file')),
    'and of files as much as ever',
  )
  t.ok(gained.includes('policy/versions/v9'))
  t.strictSame(compareFeatures(features()), { lost: [], gained: [] })
})

t.test('any user reads them; without securityfs the error says why', async (t) => {
  const user = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  const [tree, id] = child(
    [
      ['call', 'features'],
      ['call', 'featureId'],
    ],
    { through: user },
  )
  t.strictSame(tree?.ok, { ...features() })
  t.equal(id?.ok, featureId())
  const through = afterScript('umount -l /sys/kernel/security', 'unshare', '-m')
  const outcomes = child(
    [
      ['call', 'features'],
      ['call', 'supports', 'domain'],
      ['call', 'featureId'],
      ['call', 'featureId', ABI],
    ],
    { through },
  )
  for (const outcome of outcomes.slice(0, 3)) {
    t.match(outcome, { error: { code: 'ENOENT', message: /interface is not visible/ } })
  }
  t.strictSame(outcomes[3], { ok: featureId(ABI) }, 'a saved set needs none')
})
