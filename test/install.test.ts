import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'

t.setTimeout(120_000)

/** The package as npm unpacks it, without binaries. */
function unpack(t: Test): string {
  const dir = t.testdir()
  for (const part of ['dist', 'src', 'binding.gyp', 'package.json', 'tools']) {
    cpSync(part, join(dir, part), { recursive: true })
  }
  symlinkSync(resolve('node_modules'), join(dir, 'node_modules'))
  return dir
}

/** npm's install step, on a machine that has no program but Node. */
function install(dir: string, ...options: readonly string[]) {
  return spawnSync(process.execPath, [...options, 'tools/install.js'], {
    cwd: dir,
    encoding: 'utf8',
    env: { PATH: '/nowhere' },
  })
}

t.test('without a compiler it names the packages of each distribution', async (t) => {
  const { status, stderr } = install(unpack(t))
  t.equal(status, 1)
  for (const line of [
    /Debian, Ubuntu +apt install g\+\+ make python3 pkg-config libapparmor-dev/,
    /Fedora +dnf install .*libapparmor-devel/,
    /openSUSE +zypper install .*libapparmor-devel/,
    /Arch +pacman -S .*apparmor/,
    /Alpine +apk add .*libapparmor-dev/,
    /npm rebuild apparmor --build-from-source/,
  ]) {
    t.match(stderr, line)
  }
})

t.test('with a binary that loads nothing is built', async (t) => {
  const dir = unpack(t)
  const place = join(dir, `prebuilds/linux-${process.arch}`)
  mkdirSync(place, { recursive: true })
  copyFileSync('build/Release/apparmor.node', join(place, 'apparmor.node'))
  const { status, stderr } = install(dir)
  t.equal(status, 0, stderr)
  t.notOk(existsSync(join(dir, 'build')))
})

for (const platform of ['darwin', 'win32']) {
  t.test(`on ${platform} nothing is built, and it is no failure`, async (t) => {
    const dir = unpack(t)
    const pose = `Object.defineProperty(process, 'platform', { value: '${platform}' })`
    const code = `data:text/javascript,${encodeURIComponent(pose)}`
    const { status, stdout, stderr } = install(dir, '--import', code)
    t.strictSame([status, stdout, stderr], [0, '', ''])
    t.notOk(existsSync(join(dir, 'build')))
  })
}

t.test('nothing in package.json asks npm to build by itself', async (t) => {
  const { gypfile, os, cpu } = JSON.parse(readFileSync('package.json', 'utf8'))
  t.strictSame([gypfile, os, cpu], [false, undefined, undefined])
})
