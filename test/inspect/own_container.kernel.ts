import { spawnSync } from 'node:child_process'
import { existsSync, renameSync } from 'node:fs'
import t from 'tap'
import { PACKAGE } from '../support/package.ts'

const SOURCE = `import { ownContainer } from ${PACKAGE}
console.log(JSON.stringify(ownContainer()))`

function inside(through: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const [file = '', ...args] = [
    ...through,
    process.execPath,
    '--input-type=module',
    '--eval',
    SOURCE,
  ]
  const { stdout, stderr } = spawnSync(file, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  return stdout === '' ? stderr : JSON.parse(stdout)
}

t.test('namespaces of its own are told, and those of the host are not', async (t) => {
  const here = inside([])
  for (const [flag, kind] of [
    ['--cgroup', 'cgroup'],
    ['--ipc', 'ipc'],
  ] as const) {
    const found = inside(['unshare', '--fork', flag])
    t.strictSame(found.namespaces, [...(here?.namespaces ?? []), kind], flag)
  }
  const all = ['unshare', '--user', '--pid', '--cgroup', '--fork', '--mount-proc']
  t.match(inside(all)?.namespaces, ['user', 'pid', 'cgroup'])
})

const DOCKER = '/.dockerenv'
const HIDDEN = '/.dockerenv-hidden-by-a-test'

t.test('the engine by what it leaves in the container', async (t) => {
  if (existsSync(DOCKER)) {
    renameSync(DOCKER, HIDDEN)
    t.teardown(() => renameSync(HIDDEN, DOCKER))
  }
  const files = [
    'unshare',
    '--mount',
    '--uts',
    'sh',
    '-c',
    'mount -t tmpfs t /run; > /run/.containerenv; exec "$@"',
    'sh',
  ]
  t.match(inside(files), { engine: 'podman' })
  // The first process of a process namespace has the environment that the engine gave.
  const first = ['unshare', '--pid', '--fork', '--mount-proc']
  for (const [name, engine] of [
    ['lxc', 'lxc'],
    ['__proto__', null],
  ] as const) {
    t.equal(inside(first, { container: name })?.engine, engine, JSON.stringify(name))
  }
  t.equal(inside(first, { KUBERNETES_SERVICE_HOST: '10.0.0.1' })?.engine, 'kubernetes')
})
