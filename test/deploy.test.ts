import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClusterRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole'
import { ClusterRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding'
import { DaemonSet } from 'kubernetes-models/apps/v1/DaemonSet'
import { Namespace } from 'kubernetes-models/v1/Namespace'
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount'
import { parseProfile } from 'apparmor/policy'
import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'

const KUBERNETES = 'deploy/kubernetes'
const read = (file: string): string => readFileSync(file, 'utf8')
const KINDS: Readonly<Record<string, new (data: any) => { validate(): void }>> = {
  ClusterRole,
  ClusterRoleBinding,
  DaemonSet,
  Namespace,
  ServiceAccount,
}

t.test('Kubernetes: each resource is valid by the published schemas', async (t) => {
  const { resources } = parse(read(`${KUBERNETES}/base/kustomization.yaml`))
  for (const file of resources) {
    for (const document of parseAllDocuments(read(`${KUBERNETES}/base/${file}`))) {
      const { kind, ...data } = document.toJS()
      const Model = KINDS[kind]
      if (!t.ok(Model, `${file}: ${kind}`) || Model === undefined) continue
      t.doesNotThrow(() => new Model({ ...data }).validate(), `${file}: ${kind}`)
      t.throws(() => new Model({ ...data, metadata: 1 }).validate(), `${file}: a wrong ${kind}`)
    }
  }
})

t.test('Kubernetes: the policy of the example is policy', async (t) => {
  const [{ files }] = parse(read(`${KUBERNETES}/base/kustomization.yaml`)).configMapGenerator
  for (const file of files) {
    const { rules } = parseProfile(read(`${KUBERNETES}/base/${file}`))
    const found = rules.filter(({ kind }) => kind === 'profile')
    t.match(found, [{ name: 'example-web' }])
  }
})

/** Applies a patch of RFC 6902, of which the overlays need no more than this. */
function patched(resource: any, patch: string): any {
  const result = structuredClone(resource)
  for (const { op, path, value } of parse(patch)) {
    const keys: string[] = path.split('/').slice(1)
    const last = keys.pop() ?? ''
    const above = keys.reduce((part, key) => part[key], result)
    if (last === '-') above.push(value)
    else if (op === 'replace' && !(last in above)) throw new Error(`nothing to replace at ${path}`)
    else above[last] = value
  }
  return result
}

const [base] = parseAllDocuments(read(`${KUBERNETES}/base/daemonset.yaml`))

/** The base's DaemonSet with the patch of an overlay. */
function overlaid(name: string) {
  const { resources, patches } = parse(read(`${KUBERNETES}/${name}/kustomization.yaml`))
  const [{ patch, target }] = patches
  return { resources, target, daemonSet: patched(base?.toJS(), patch) }
}

for (const name of ['denials', 'image']) {
  t.test(`Kubernetes: the overlay "${name}" fits the base, and the schemas`, async (t) => {
    const { resources, target, daemonSet } = overlaid(name)
    t.strictSame(resources, ['../base'])
    t.match(daemonSet, { kind: target.kind, metadata: { name: target.name } })
    t.notSame(daemonSet, base?.toJS())
    t.doesNotThrow(() => new DaemonSet(daemonSet).validate())
  })
}

t.test('Kubernetes: what the overlays change', async (t) => {
  const { spec } = overlaid('denials').daemonSet.spec.template
  t.equal(spec.hostNetwork, true)
  t.strictSame(spec.containers[0].securityContext.capabilities.add, ['MAC_ADMIN', 'AUDIT_READ'])
  const { volumes } = overlaid('image').daemonSet.spec.template.spec
  const policy = volumes.filter(({ name }: any) => name === 'policy')
  t.match(policy, [{ image: { reference: /^registry\.example\/.*:\d+$/ } }])
  t.notOk('configMap' in policy[0])
  const wrong = overlaid('image').daemonSet
  wrong.spec.template.spec.volumes[0].image = 7
  t.throws(() => new DaemonSet(wrong).validate(), 'the schema knows such volumes')
})

t.test('systemd takes the units', async (t) => {
  const units = ['apparmor-sync.service', 'apparmor-sync.timer']
  // Verifying looks for the program, too.
  const files = units.map((unit) => read(`deploy/systemd/${unit}`))
  const dir = t.testdir(Object.fromEntries(units.map((unit, i) => [unit, files[i] ?? ''])))
  const verify = () =>
    spawnSync('systemd-analyze', ['verify', '--man=no', ...units.map((unit) => join(dir, unit))], {
      encoding: 'utf8',
    })
  if (spawnSync('systemd-analyze', ['--version']).error) return
  t.match(verify(), { status: 0, stderr: '' })
  writeFileSync(join(dir, 'apparmor-sync.timer'), '[Timer]\nOnBootSec=soon\n')
  t.match(verify().stderr, /OnBootSec|soon/)
})

t.test('the agent asks for the versions that this package is made with', async (t) => {
  const { dependencies } = JSON.parse(read(`${KUBERNETES}/agent/package.json`))
  const own = JSON.parse(read('package.json'))
  t.match(dependencies, { 'prom-client': own.devDependencies['prom-client'] })
  t.ok(dependencies.apparmor.includes(own.version), dependencies.apparmor)
})
