// The agent of deploy/kubernetes, in a container with the privileges of its manifest and no others.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { profiles } from 'apparmor'
import { remove } from 'apparmor/policy'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { Machine, type OciConfig } from './support/engines.ts'
import { makeFiles } from './support/files.ts'

const NAME = 'apparmor-test-agent'
const PORT = 9733
const { dir } = makeFiles(t)
const machine = new Machine()
t.teardown(async () => {
  machine.remove()
  await remove({ profile: NAME }, { running: 'unconfine' }).catch(() => {})
})

const [daemonSet] = parseAllDocuments(readFileSync('deploy/kubernetes/base/daemonset.yaml', 'utf8'))
const [manifest] = daemonSet?.toJS().spec.template.spec.containers

// As the kubelet shows a ConfigMap: every file is a link through one link that is changed at once.
let version = 0
function writePolicy(text: string): void {
  const place = `..v${++version}`
  mkdirSync(join(dir, 'policy', place), { recursive: true })
  writeFileSync(join(dir, 'policy', place, 'agent'), text)
  symlinkSync(place, join(dir, 'policy', '..next'))
  renameSync(join(dir, 'policy', '..next'), join(dir, 'policy', '..data'))
}

const policy = (rule: string) => `abi <abi/3.0>,\nprofile ${NAME} { ${rule} }\n`

/** An API server that takes labels. */
async function serveApi(
  t: { teardown(work: () => unknown): void },
  patches: unknown[],
): Promise<number> {
  const account = join(dir, 'account')
  mkdirSync(account)
  const file = (name: string) => join(account, name)
  const subject = ['-subj', '/CN=api', '-addext', 'subjectAltName=IP:127.0.0.1']
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', file('key.pem'), '-out', file('ca.crt')]
  execFileSync('openssl', ['req', '-x509', '-days', '2', ...key, ...subject], { stdio: 'ignore' })
  writeFileSync(file('token'), 'secret\n')
  const tls = { key: readFileSync(file('key.pem')), cert: readFileSync(file('ca.crt')) }
  let calls = 0
  const server = createServer(tls, async (request, response) => {
    request.setEncoding('utf8')
    let body = ''
    for await (const part of request) body += part
    const { method, url, headers } = request
    // The first one finds it busy.
    if (calls++ === 0) return response.writeHead(503).end()
    patches.push({ method, url, token: headers.authorization, ...JSON.parse(body) })
    response.end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

async function until<T>(what: string, look: () => T | Promise<T>): Promise<T> {
  for (let i = 0; i < 300; i++) {
    const found = await look()
    if (found) return found
    await sleep(100)
  }
  throw new Error(`${what}: not within thirty seconds`)
}

const metrics = async (): Promise<string> => {
  const response = await fetch(`http://127.0.0.1:${PORT}/metrics`).catch(() => null)
  return (await response?.text()) ?? ''
}

const loaded = async () => (await profiles()).find(({ name }) => name === NAME)

t.test('it loads, labels, counts, and keeps what is in force', async (t) => {
  const patches: any[] = []
  const api = await serveApi(t, patches)
  writePolicy(policy('file,'))
  symlinkSync('..data/agent', join(dir, 'policy', 'agent'))
  mkdirSync(join(dir, 'state'))
  // Installed, as by its Dockerfile
  const modules = join(dir, 'agent', 'node_modules')
  cpSync('deploy/kubernetes/agent', join(dir, 'agent'), { recursive: true })
  mkdirSync(modules)
  symlinkSync(process.cwd(), join(modules, 'apparmor'))
  symlinkSync(resolve('node_modules/prom-client'), join(modules, 'prom-client'))
  const edit = (config: OciConfig): void => {
    const { drop, add } = manifest.securityContext.capabilities
    t.strictSame(drop, ['ALL'])
    const granted = add.map((name: string) => `CAP_${name}`)
    for (const set of Object.keys(config.process.capabilities)) {
      config.process.capabilities[set] = granted
    }
    config.root.readonly = manifest.securityContext.readOnlyRootFilesystem
    const shown: Readonly<Record<string, string>> = {
      '/policy': join(dir, 'policy'),
      '/var/lib/apparmor-sync': join(dir, 'state'),
      '/sys/kernel/security': '/sys/kernel/security',
      '/tmp': join(dir, 'tmp'),
      '/agent': join(dir, 'agent'),
      '/account': join(dir, 'account'),
      '/etc/apparmor.d': '/etc/apparmor.d',
      '/etc/apparmor': '/etc/apparmor',
    }
    mkdirSync(join(dir, 'tmp'))
    for (const [destination, source] of Object.entries(shown)) {
      config.mounts.push({ destination, source, type: 'bind', options: ['rbind', 'rw'] })
    }
    // hostPID, and a network that the test reaches
    const own = ({ type }: { type: string }) => type !== 'pid' && type !== 'network'
    config.linux.namespaces = config.linux.namespaces.filter(own)
    config.process.env.push(
      'NODE_NAME=node-1',
      'SERVICE_ACCOUNT_DIR=/account',
      'KUBERNETES_SERVICE_HOST=127.0.0.1',
      `KUBERNETES_SERVICE_PORT=${api}`,
    )
  }
  const container = { profile: null, noNewPrivileges: true, edit }
  const { id, child } = machine.start('crun', container, [process.execPath, '/agent/agent.js'])
  child.stdout?.pipe(process.stderr)

  t.match(await until('the profile', loaded), { name: NAME, mode: 'enforce' })
  const first = await until('the label', () => patches[0])
  t.match(first, { method: 'PATCH', url: '/api/v1/nodes/node-1', token: 'Bearer secret' })
  t.match(first.metadata.labels, {
    'apparmor.policy/revision': /^[0-9a-f]{16}$/,
    'apparmor.policy/state': 'synced',
  })
  const said = await until('the metrics', metrics)
  t.match(said, /^apparmor_profiles\{mode="enforce"\} [1-9]/m)
  t.match(said, /^apparmor_processes\{mode="none"\} [1-9]/m)
  t.match(said, /^apparmor_sync_errors 0$/m)
  t.match(said, /^apparmor_sync_success_timestamp_seconds 1\.?\d/m)

  const before = await loaded()
  writePolicy(policy('file, network,'))
  await until('the change', async () => (await loaded())?.hash !== before?.hash)
  const second = await until('the second label', () => patches[1])
  const { 'apparmor.policy/revision': revision } = second.metadata.labels
  t.not(revision, first.metadata.labels['apparmor.policy/revision'])

  const good = await loaded()
  writePolicy('profile { {{{')
  const third = await until('the third label', () => patches[2])
  t.strictSame(third.metadata.labels, { 'apparmor.policy/state': 'error' }, 'the revision stays')
  t.match(await metrics(), /^apparmor_sync_errors 1$/m)
  t.strictSame((await loaded())?.hash, good?.hash)

  execFileSync('crun', ['kill', id, 'TERM'])
  const [status] = await once(child, 'exit')
  t.equal(status, 0)
  t.ok(await loaded(), 'policy outlives the agent')
})
