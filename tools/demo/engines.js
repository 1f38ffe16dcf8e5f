// What `npm run demo:container` runs, as root of a kernel that enforces AppArmor: the same story on the engines that
// people use. It ends with an error when an engine does not do what is told of it.
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { processes, status } from 'apparmor'
import { follow, withContainers } from 'apparmor/audit'
import {
  audit,
  dockerDefault,
  file,
  format,
  load,
  remove,
  replace,
  toDocker,
  toOci,
} from 'apparmor/policy'
import { paint } from './paint.js'

const NAME = 'docker-profile-test'
const PROGRAMS = ['sh', 'ls', 'top', 'cat', 'sleep']
const dir = mkdtempSync(join(tmpdir(), 'apparmor-demo-'))
const root = join(dir, 'rootfs')

const chapter = (/** @type {string} */ title) => console.log(`\n${paint.bold(title)}`)

/** The root of a container that has a few programs: no registry is asked for an image. */
function makeRoot() {
  for (const name of ['bin', 'dev', 'etc', 'proc', 'run', 'sys', 'tmp']) {
    mkdirSync(join(root, name), { recursive: true })
  }
  for (const name of PROGRAMS) copyFileSync('/bin/busybox', join(root, 'bin', name))
  execFileSync('runc', ['spec'], { cwd: dir })
}

/** A bundle's configuration is written for each container. */
function bundled(/** @type {readonly string[]} */ args) {
  const config = JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8'))
  Object.assign(config.process, { args, terminal: false })
  writeFileSync(join(dir, 'config.json'), JSON.stringify(toOci(NAME, config)))
}

/** @type {Record<string, (id: string, args: readonly string[]) => readonly [string, ...string[]]>} */
const ENGINES = {
  runc: (id, args) => {
    bundled(args)
    return ['runc', 'run', '--bundle', dir, id]
  },
  crun: (id, args) => {
    bundled(args)
    return ['crun', 'run', '--bundle', dir, id]
  },
  podman: (id, args) => {
    const limits = ['--ulimit=nofile=1024:1024', '--ulimit=nproc=1024:1024'] // what a guest has
    const how = ['--rm', '--network=none', '--read-only-tmpfs=false', `--name=${id}`, ...limits]
    const run = ['--cgroup-manager=cgroupfs', '--runtime=runc', 'run', ...how]
    return ['podman', ...run, ...toDocker(NAME), '--rootfs', root, ...args]
  },
}

/** Not spawnSync: the log is followed meanwhile. @param {string} engine @param {readonly string[]} args */
async function run(engine, args) {
  const [command, ...rest] = /** @type {any} */ (ENGINES)[engine](`apparmor-demo-${engine}`, args)
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { status, said: `${stdout}${stderr}` }
}

const confined = () => processes({ label: NAME }, { containers: true })

const inContainer = (/** @type {import('apparmor').Container | null | undefined} */ container) =>
  container ? `, container ${container.engine} ${container.name}` : ''

/** How many processes run under a profile in enforce mode, as `status()` tells. */
const enforced = async () => (await status()).counts.processes.enforce

async function countsOneMore(/** @type {string} */ engine) {
  const id = `apparmor-demo-${engine}`
  const [command, ...args] = /** @type {any} */ (ENGINES)[engine](id, ['/bin/sleep', '1000'])
  const before = await enforced()
  const container = spawn(command, args, { stdio: 'ignore' })
  const ended = new Promise((done) => container.once('exit', done))
  /** @type {Awaited<ReturnType<typeof confined>>} */
  let found = []
  const sleeps = () => found.filter(({ command }) => command === 'sleep')
  for (let i = 0; i < 300 && sleeps().length === 0; i++) {
    await sleep(100)
    found = await confined()
  }
  const [one] = sleeps()
  assert.ok(one, `${engine} starts a process under ${NAME}`)
  const after = await enforced()
  assert.equal(after, before + 1, 'one process more')
  const where = inContainer(one.container)
  console.log(
    `${engine}: ${before} → ${after}: process ${one.pid} runs under ${paint.green(NAME)} (${one.mode})${where}`,
  )
  if (engine === 'podman') assert.match(JSON.stringify(one.container), /"podman".*"apparmor-demo-/)
  process.kill(one.pid, 'SIGKILL')
  await ended
  spawnSync(command, ['delete', '--force', id], { stdio: 'ignore' })
}

async function customProfile(/** @type {string} */ engine) {
  const ending = new AbortController()
  const records = withContainers(follow({ source: 'kmsg', profile: NAME, signal: ending.signal }))
  const audited = (async () => {
    for await (const record of records) {
      if (record.event === 'audit' && 'name' in record && record.name === '/bin/ls') return record
    }
    return undefined
  })()
  await sleep(200)
  // The container lives a little longer, so that its record can be told from others.
  const ls = await run(engine, ['/bin/sh', '-c', '/bin/ls /; sleep 1'])
  assert.equal(ls.status, 0, ls.said)
  assert.match(ls.said, /^bin$/m)
  const top = await run(engine, ['/bin/sh', '-c', '/bin/top -b -n 1'])
  assert.notEqual(top.status, 0)
  assert.match(top.said, /top: Permission denied/i)
  console.log(`${engine}: ls works; top: ${paint.red('Permission denied')}`)
  const record = await Promise.race([audited, sleep(10_000)])
  ending.abort()
  assert.ok(record, 'the log has the audited ls')
  console.log(
    paint.yellow(
      `  ${record.event}: ${record.operation} ${record.name} by ${record.comm}${inContainer(record.container)}`,
    ),
  )
  if (engine === 'podman') assert.equal(record.container?.engine, 'podman')
}

try {
  const engines = Object.keys(ENGINES)
  const missing = [...engines, 'busybox'].filter((name) => spawnSync(name, ['--version']).error)
  if (missing.length > 0) throw new Error(`install ${missing.join(', ')} first`)
  makeRoot()
  chapter('1. The profile that engines load by default, loaded by us')
  await load(format(dockerDefault({ name: NAME })))
  console.log(`${NAME} is loaded`)
  chapter('2. Each container is one process more under it')
  for (const engine of engines) await countsOneMore(engine)
  chapter('3. The same profile, with "ls" audited and "top" denied, takes its place')
  const rules = [audit(file('/bin/ls', 'rix')), file('/bin/top', 'x', { access: 'deny' })]
  for (const rule of rules) console.log(paint.cyan(`  ${format(rule).trim()}`))
  await replace(format(dockerDefault({ name: NAME, rules })))
  for (const engine of engines) await customProfile(engine)
  chapter('4. The profile is removed, and no engine starts a container')
  await remove({ profile: NAME })
  for (const engine of engines) {
    const { status, said } = await run(engine, ['/bin/ls'])
    assert.notEqual(status, 0)
    console.log(`${engine}: ${paint.red(said.trim().split('\n').at(-1) ?? '')}`)
  }
  console.log('\nDocker takes the same option and starts the same runc:')
  console.log(paint.cyan(`  docker run ${toDocker(NAME).join(' ')} …`))
} finally {
  spawnSync('apparmor_parser', ['-R'], { input: `profile ${NAME} {}` })
  rmSync(dir, { recursive: true, force: true })
}
