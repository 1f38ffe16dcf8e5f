import { spawnSync } from 'node:child_process'
import { existsSync, renameSync } from 'node:fs'
import t from 'tap'
import { makeFiles } from '../support/files.ts'
import { CHILD_PROCESS, PACKAGE } from '../support/package.ts'

const WEB = 'apparmor-test-web'
const { denied, allowed } = makeFiles(t)

const SOURCE = `import { isEnabled, ownContainer } from ${PACKAGE}
if (isEnabled()) console.log(JSON.stringify(ownContainer()))`

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

t.test('in namespaces of its own a program confines its children', async (t) => {
  const source = `import { spawnSync } from ${CHILD_PROCESS}
for (const file of ${JSON.stringify([denied, allowed])}) {
  const { status, stdout } = spawnSync('cat', [file], { profile: '${WEB}', encoding: 'utf8' })
  console.log(status, stdout)
}`
  const through = ['--user', '--pid', '--cgroup', '--fork', '--mount-proc', process.execPath]
  const { stdout, stderr } = spawnSync(
    'unshare',
    [...through, '--input-type=module', '-e', source],
    {
      encoding: 'utf8',
    },
  )
  t.equal(stdout, '1 \n0 allowed\n', stderr)
})
