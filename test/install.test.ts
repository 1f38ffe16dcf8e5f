import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'

t.setTimeout(120_000)

/** The package as npm unpacks it, without binaries. */
function unpack(dir: string): string {
  for (const part of ['dist', 'src', 'binding.gyp', 'package.json', 'tools']) {
    cpSync(part, join(dir, part), { recursive: true })
  }
  return dir
}

/** A program of the package, on a machine that has no program but Node. */
function run(dir: string, program: string, ...options: readonly string[]) {
  return spawnSync(process.execPath, [...options, program], {
    cwd: dir,
    encoding: 'utf8',
    env: { PATH: '/nowhere' },
  })
}

const BUILD = 'tools/build-native.js'

t.test('without a compiler apparmor-build names the packages of each distribution', async (t) => {
  const { status, stderr } = run(unpack(t.testdir()), BUILD)
  t.equal(status, 1)
  for (const line of [
    /Debian, Ubuntu +apt install g\+\+ make python3 pkg-config libapparmor-dev/,
    /Fedora +dnf install .*libapparmor-devel/,
    /openSUSE +zypper install .*libapparmor-devel/,
    /Arch +pacman -S .*apparmor/,
    /Alpine +apk add .*libapparmor-dev/,
  ]) {
    t.match(stderr, line)
  }
})

for (const platform of ['darwin', 'win32']) {
  t.test(`on ${platform} apparmor-build builds nothing, and it is no failure`, async (t) => {
    const dir = unpack(t.testdir())
    const pose = `Object.defineProperty(process, 'platform', { value: '${platform}' })`
    const code = `data:text/javascript,${encodeURIComponent(pose)}`
    const { status, stdout, stderr } = run(dir, BUILD, '--import', code)
    t.match(stdout, `nothing is built on ${platform}`)
    t.strictSame([status, stderr], [0, ''])
    t.notOk(existsSync(join(dir, 'build')))
  })
}

t.test(
  'a package manager runs nothing and asks nothing when it installs the package',
  async (t) => {
    const { gypfile, os, cpu, scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
    t.strictSame([gypfile, os, cpu], [false, undefined, undefined])
    for (const step of ['preinstall', 'install', 'postinstall', 'prepare'])
      t.notOk(step in scripts, step)
  },
)

t.test('a package without its binaries is not packed', async (t) => {
  const { status, stderr } = run(unpack(t.testdir()), 'tools/pack/prepack.js')
  t.equal(status, 1)
  t.match(stderr, /linux-arm64\/apparmor\.musl\.node[^]*npm run prebuildify/)
})

t.test('a build without the development dependencies says how to install them', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'apparmor-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  unpack(dir)
  const { status, stderr } = run(dir, 'tools/build-ts.js')
  t.equal(status, 1)
  t.match(stderr, /^build: .* npm ci/)
  t.notMatch(stderr, /^ +at /m, 'no stack trace')
})
