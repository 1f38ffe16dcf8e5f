// npm run test:agent: builds the image of deploy/kubernetes/agent with a package of now, and runs it in a guest with the
// privileges of its manifest. As root; needs podman and runc, and `npm run prebuildify`. Where no registry answers, it
// makes the base image from Debian's packages (debootstrap) and npm's node.
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { runGuest } from '../guest/run.js'
import { nodeProgram } from '../node-program.js'

const CONTEXT = 'deploy/kubernetes/agent'
const BASE = /^FROM (\S+)$/m.exec(readFileSync(`${CONTEXT}/Dockerfile`, 'utf8'))?.[1] ?? ''
const IMAGE = 'localhost/apparmor-agent'
const REGISTRY = 'https://registry.npmjs.org/'
const PROFILE = 'apparmor-test-image'
// in the guest: where the machine's images are
const STORE = process.argv[3]
const METRICS = 'http://127.0.0.1:9733/metrics'

process.chdir(fileURLToPath(new URL('../..', import.meta.url)))

/** @param {string} file @param {readonly string[]} args */
const run = (file, ...args) => execFileSync(file, args, { stdio: ['ignore', 2, 2] })

async function build() {
  const place = mkdtempSync(join(tmpdir(), 'apparmor-agent-'))
  try {
    if (spawnSync('podman', ['image', 'exists', BASE]).status !== 0) fetchBase(place)
    const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', place], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 2],
    })
    const registry = await serve(readFileSync(join(place, JSON.parse(packed)[0].filename)))
    writeFileSync(join(place, 'npmrc'), `registry=${registry.address}\n`)
    const options = ['--no-cache', '--network', 'host', '-v', `${place}/npmrc:/root/.npmrc:ro`]
    // The server here answers while it runs.
    const child = spawn('podman', ['build', ...options, '-t', IMAGE, CONTEXT], {
      stdio: ['ignore', 2, 2],
      env: { ...process.env, BUILDAH_ISOLATION: 'chroot' },
    })
    const [status] = await once(child, 'exit')
    registry.close()
    if (status !== 0) throw new Error(`podman build ended with status ${status}`)
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

/**
 * A registry that has the package of now, and passes on what npm's has.
 *
 * @param {Buffer} tarball
 */
async function serve(tarball) {
  const { name, version, dependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
  const server = createServer(async (request, response) => {
    const { url = '' } = request
    if (url === `/${name}.tgz`) return response.end(tarball)
    if (url === `/${name}`) {
      const dist = { tarball: `${address}${name}.tgz`, integrity }
      const versions = { [version]: { name, version, dependencies, dist } }
      return response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions }))
    }
    const answer = await fetch(new URL(url, REGISTRY))
    response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const address = `http://127.0.0.1:${port}/`
  return { address, close: () => server.close() }
}

/** @param {string} place */
function fetchBase(place) {
  if (spawnSync('podman', ['pull', BASE], { stdio: ['ignore', 2, 2] }).status === 0) return
  const [, version = '', suite = ''] = /:(\d+)-([a-z]+)/.exec(BASE) ?? []
  const root = join(place, 'root')
  run('debootstrap', '--variant=minbase', suite, root)
  const local = join(root, 'usr/local')
  mkdirSync(join(local, 'lib/node_modules'), { recursive: true })
  cpSync(nodeProgram(version), join(local, 'bin/node'))
  const modules = execFileSync('npm', ['root', '--global'], { encoding: 'utf8' }).trim()
  cpSync(join(modules, 'npm'), join(local, 'lib/node_modules/npm'), {
    recursive: true,
    dereference: true,
  })
  writeFileSync(
    join(local, 'bin/npm'),
    '#!/bin/sh\nexec node /usr/local/lib/node_modules/npm/bin/npm-cli.js "$@"\n',
    { mode: 0o755 },
  )
  const archive = join(place, 'root.tar')
  run('tar', '-C', root, '-cf', archive, '.')
  run('podman', 'import', archive, BASE)
}

/** In the guest: what the manifest says, as options of podman's. */
async function start() {
  const [daemonSet] = parseAllDocuments(
    readFileSync('deploy/kubernetes/base/daemonset.yaml', 'utf8'),
  )
  const { spec } = (daemonSet ?? assert.fail()).toJS().spec.template
  const [{ securityContext, volumeMounts }] = spec.containers
  const { capabilities } = securityContext
  assert.deepEqual(capabilities.drop, ['ALL'])
  assert.equal(securityContext.appArmorProfile.type, 'Unconfined')
  const places = mkdtempSync(join(tmpdir(), 'apparmor-agent-'))
  mkdirSync(join(places, 'policy'))
  writeFileSync(join(places, 'policy/one'), `profile ${PROFILE} { file, }\n`)
  const shown = volumeMounts.flatMap((/** @type {any} */ { name, mountPath, readOnly }) => {
    const source = name === 'securityfs' ? mountPath : join(places, name)
    mkdirSync(source, { recursive: true })
    return ['-v', `${source}:${mountPath}${readOnly ? ':ro' : ''}`]
  })
  const storage = ['--root', '/dev/shm/storage', '--runroot', '/run/storage']
  const images = ['--storage-driver', 'overlay', '--storage-opt', `overlay.imagestore=${STORE}`]
  const engine = ['--runtime', 'runc', '--cgroup-manager', 'cgroupfs']
  const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'] // what a guest has
  const where = ['--network', 'host', '--pid', spec.hostPID ? 'host' : 'private']
  const granted = capabilities.add.flatMap((/** @type {string} */ name) => ['--cap-add', name])
  const security = [
    '--cap-drop=ALL',
    ...granted,
    '--security-opt=apparmor=unconfined',
    `--user=${securityContext.runAsUser}`,
    ...(securityContext.allowPrivilegeEscalation ? [] : ['--security-opt=no-new-privileges']),
    ...(securityContext.readOnlyRootFilesystem ? ['--read-only', '--read-only-tmpfs=false'] : []),
  ]
  const how = [...storage, ...images, ...engine, 'run', '--rm', '--name=agent', ...limits, ...where]
  return spawn('podman', [...how, ...security, ...shown, IMAGE], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}

/** @template T @param {string} what @param {() => T | Promise<T>} look */
async function until(what, look) {
  for (let i = 0; i < 600; i++) {
    const found = await look()
    if (found) return found
    await sleep(100)
  }
  throw new Error(`${what}: not within a minute`)
}

async function check() {
  const agent = await start()
  const ended = once(agent, 'exit')
  const loaded = () =>
    readFileSync('/sys/kernel/security/apparmor/profiles', 'utf8').includes(`${PROFILE} (enforce)`)
  await until('the profile', loaded)
  const metrics = await until('the metrics', async () =>
    (await fetch(METRICS).catch(() => null))?.text(),
  )
  assert.match(metrics, /^apparmor_profiles\{mode="enforce"\} [1-9]/m)
  assert.match(metrics, /^apparmor_sync_errors 0$/m)
  const pid = execFileSync('pgrep', ['-f', '^node agent.js'], { encoding: 'utf8' }).trim()
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  assert.match(status, /^CapEff:\s*0000000200000000$/m, 'CAP_MAC_ADMIN and no other')
  assert.match(status, /^NoNewPrivs:\s*1$/m)
  process.kill(Number(pid), 'SIGTERM')
  assert.deepEqual(await ended, [0, null])
  assert.ok(loaded(), 'policy outlives the agent')
  console.log('the image loads policy with CAP_MAC_ADMIN alone, serves metrics, and ends in order')
}

if (process.argv[2] === '--inside') await check()
else {
  await build()
  const store = execFileSync('podman', ['info', '--format', '{{.Store.GraphRoot}}'], {
    encoding: 'utf8',
  }).trim()
  const command = [process.execPath, 'tools/container/agent.js', '--inside', store]
  const { status, failure } = await runGuest(command, { memory: '2048M', timeout: 600 })
  if (failure !== null) console.error(`guest: ${failure}`)
  process.exitCode = status
}
