import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

t.setTimeout(120_000)

/** What is broken, a line each. */
function broken(directory: string): readonly string[] {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['tools/prebuild/check-abi.js', directory],
    { encoding: 'utf8' },
  )
  const lines = stderr.split('\n').slice(0, -1)
  t.equal(status, lines.length > 0 ? 1 : 0, 'the status says whether there is something')
  return lines.map((line) => line.replace('check:abi: ', ''))
}

t.test('a binary that breaks its promises is told each of them', async (t) => {
  const dir = t.testdir({
    'bad.c': `
      #include <stdio.h>
      #include <sys/apparmor.h>
      extern void napi_from_the_future(void);
      int surplus(void) { char text[64]; napi_from_the_future(); return gets_it(text) + aa_is_enabled(); }
      int gets_it(char *text) { return sprintf(text, "%p", (void *)text); }
      int main(void) { return 0; }
    `,
  })
  mkdirSync(join(dir, 'prebuilds/linux-x64'), { recursive: true })
  const put = (name: string, flags: string): string => {
    const file = join(dir, 'prebuilds/linux-x64', name)
    const args = ['-w', '-g', '-fno-stack-protector', ...flags.split(' '), '-o', file]
    execFileSync('cc', [...args, join(dir, 'bad.c'), '-lapparmor'])
    return file
  }
  const bad = '-shared -fPIC -fcf-protection=none -Wl,-z,execstack,-z,lazy,-z,norelro,-rpath,/tmp'
  put('apparmor.glibc.node', bad)
  const launcher = '-Wl,--unresolved-symbols=ignore-all'
  chmodSync(put('apparmor-launcher', launcher), 0o644)
  writeFileSync(join(dir, 'prebuilds/linux-x64/left.over'), '')

  const lines = broken(join(dir, 'prebuilds'))
  const addon = (what: string) => `linux-x64/apparmor.glibc.node ${what}`
  for (const line of [
    'linux-x64/apparmor.musl.node is missing',
    'linux-arm64/apparmor.glibc.node is missing',
    'linux-arm64/apparmor.musl.node is missing',
    'linux-arm64/apparmor-launcher is missing',
    'linux-x64/left.over does not belong here',
    addon('needs libapparmor.so.1, libc.so.6'),
    addon('needs aa_is_enabled of APPARMOR_1.1'),
    addon('has a path to search libraries in'),
    addon('has an executable stack'),
    addon('has no RELRO'),
    addon('binds lazily'),
    addon('can be unloaded'),
    addon('is not marked IBT, SHSTK'),
    addon('has no stack protector'),
    addon('has no FORTIFY'),
    addon('is not stripped'),
    'linux-x64/apparmor-launcher is not static',
    'linux-x64/apparmor-launcher cannot be executed',
  ]) {
    t.ok(lines.includes(line), line)
  }
  t.match(lines.join('\n'), /glibc\.node imports .*\bnapi_from_the_future\b/)
  t.match(lines.join('\n'), /glibc\.node exports .*\bsurplus\b/)
  t.match(lines.join('\n'), /apparmor-launcher has \d+ bytes, more than 4096/)
})

t.test('a symbol of a newer glibc, and of a C++ runtime', { skip: onX64() }, async (t) => {
  const dir = t.testdir({
    'new.cc': `
      #include <string>
      __asm__(".symver later, later@GLIBC_2.34");
      extern "C" void later();
      std::string *surplus() { later(); return new std::string("x"); }
    `,
    'libc.cc': 'extern "C" void later() {}',
    'libc.map': 'GLIBC_2.34 { global: later; };',
  })
  mkdirSync(join(dir, 'prebuilds/linux-x64'), { recursive: true })
  const at = (name: string) => join(dir, name)
  const shared = ['-shared', '-fPIC', '-o']
  const script = `-Wl,--version-script=${at('libc.map')},-soname,libc.so.6`
  execFileSync('c++', [...shared, at('libfake.so'), at('libc.cc'), script])
  for (const libc of ['glibc', 'musl']) {
    const file = at(`prebuilds/linux-x64/apparmor.${libc}.node`)
    execFileSync('c++', [...shared, file, at('new.cc'), at('libfake.so')])
  }
  const lines = broken(at('prebuilds')).join('\n')
  t.match(lines, /apparmor\.glibc\.node needs later of GLIBC_2\.34/)
  t.match(lines, /apparmor\.glibc\.node needs \w+ of GLIBCXX_/)
  t.match(lines, /apparmor\.musl\.node needs .*libstdc\+\+\.so\.6/)
  t.match(lines, /apparmor\.musl\.node imports .*_Znwm/)
})

function onX64(): string | false {
  return process.arch !== 'x64' && 'not on x64'
}

const made = existsSync('prebuilds/linux-x64') ? false : 'not made here: npm run prebuildify'
t.test('the prebuilt binaries keep every promise', { skip: made }, async (t) => {
  t.strictSame(broken('prebuilds'), [])
})
