import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { apparmor } from '../support/cli.ts'
import { matchesSchema } from '../support/schema.ts'

const TEXT = `profile web /usr/bin/web {
  /srv/** r,   # the site
  deny /srv/secret rw,
  /usr/bin/convert Px -> conv,
  capability net_bind_service,
  hat up { }
}
profile conv { }
`

function files(t: Test) {
  const dir = t.testdir({ base: { web: TEXT }, 'web.profile': TEXT })
  return { base: join(dir, 'base'), file: join(dir, 'web.profile') }
}

t.test('why says allowed or denied, and by which rule', async (t) => {
  const { base, file } = files(t)
  const why = (...argv: readonly string[]) => apparmor(['why', '-f', file, ...argv])
  t.match(await why('web', 'r', '/srv/a'), {
    status: 0,
    stdout: `allowed: web may read /srv/a\n  /srv/** r,\n    ${file}:2\n`,
  })
  t.match(await why('web', 'r', '/srv/secret'), {
    status: 1,
    stdout: `denied: web may not read /srv/secret\n  deny /srv/secret rw,\n    ${file}:3\n`,
  })
  t.match(await why('web', 'w', '/srv/a'), { status: 1, stdout: /no rule mentions it/ })
  t.match(await why('web', 'x', '/usr/bin/convert'), { status: 0, stdout: /runs Px under conv/ })
  t.match(await why('web', 'capability', 'net_bind_service'), { status: 0 })
  t.match(await why('web', 'capability', 'net_admin'), { status: 1 })
  t.match(await why('web', 'network', 'inet', 'stream'), { status: 1 })
  t.match(await why('missing', 'r', '/x'), {
    status: 2,
    stderr: /No profile 'missing' is defined in /,
  })
  t.match(await apparmor(['why', '--base', base, 'web//up', 'r', '/x']), { status: 1 })
  const { stdout } = await why('web', 'r', '/srv/a', '--json')
  await matchesSchema(t, 'why', JSON.parse(stdout))
})

t.test('format prints, checks, shows and writes', async (t) => {
  const { file } = files(t)
  const anew = TEXT.replace('r,   #', 'r,  #').replaceAll(
    /( *)(hat up|profile conv) \{ \}/g,
    '$1$2 {\n$1}',
  )
  t.match(await apparmor(['format', file]), { status: 0, stdout: anew })
  t.match(await apparmor(['format', '-'], { stdin: TEXT }), { status: 0, stdout: anew })
  t.match(await apparmor(['format', '--check', file]), { status: 1, stdout: `${file}\n` })
  t.match(await apparmor(['format', '--diff', file]), {
    status: 1,
    stdout: /^-  \/srv\/\*\* r,   # the site$/m,
  })
  await matchesSchema(t, 'format', JSON.parse((await apparmor(['format', '--json', file])).stdout))
  t.equal(readFileSync(file, 'utf8'), TEXT)
  t.match(await apparmor(['format', '--write', file]), { status: 0, stdout: `${file}\n` })
  t.equal(readFileSync(file, 'utf8'), anew)
  t.match(await apparmor(['format', '--check', file]), { status: 0, stdout: '' })
  writeFileSync(file, 'profile {')
  t.match(await apparmor(['format', file]), { status: 2, stdout: '', stderr: /web\.profile:1:\d+/ })
})

t.test('check and compile tell what the compiler says', async (t) => {
  const { file } = files(t)
  t.match(await apparmor(['check', file]), { status: 0, stderr: '1 file: no errors\n' })
  t.match(await apparmor(['check', '-'], { stdin: 'profile a { /x z, }\n' }), {
    status: 1,
    stdout: /^stdin:\d+: error: /,
  })
  const { stdout } = await apparmor(['check', '--json', file])
  await matchesSchema(t, 'check', JSON.parse(stdout))
  t.match(await apparmor(['compile', file]), { status: 0, stdout: 'conv\nweb\nweb//up\n' })
  const compiled = await apparmor(['compile', file, '--json'])
  await matchesSchema(t, 'compile', JSON.parse(compiled.stdout))
})

t.test('diff tells rules, not lines', async (t) => {
  const { file } = files(t)
  const other = join(t.testdirName, 'other')
  writeFileSync(other, TEXT.replace('/srv/** r', '/srv/** rw').replace('   # the site', ''))
  t.match(await apparmor(['diff', file, other]), {
    status: 1,
    stdout:
      /^web\n {2}- \/srv\/\*\* r, {2}.*:2\n {2}\+ \/srv\/\*\* rw, {2}.*:2\n$|^web\n {2}\+ \/srv\/\*\* rw, {2}.*:2\n$/,
  })
  t.match(await apparmor(['diff', file, file]), { status: 0, stdout: '' })
  await matchesSchema(
    t,
    'diff',
    JSON.parse((await apparmor(['diff', file, other, '--json'])).stdout),
  )
})

t.test('graph draws a tree, Mermaid and DOT, and no name leaves its quotes', async (t) => {
  const { file } = files(t)
  t.match(await apparmor(['graph', file]), {
    status: 0,
    stdout:
      'unconfined\n└─ web  attachment /usr/bin/web\nweb\n├─ conv  Px /usr/bin/convert\n└─ web//up  hat\n',
  })
  const hostile = 'profile "a\\"]; x\\n" { change_profile -> "b\\" [label=",\n}\n'
  const dot = await apparmor(['graph', '-', '--format', 'dot'], { stdin: hostile })
  t.equal(dot.status, 0)
  const line = /^ {2}(p\d+ (-> p\d+ )?\[label="([^"\\]|\\.)*"\]|rankdir=LR|node \[shape=box\])$/
  for (const text of dot.stdout.split('\n').slice(1, -2)) t.match(text, line)
  const mermaid = await apparmor(['graph', '-', '--format', 'mermaid'], { stdin: hostile })
  for (const text of mermaid.stdout.split('\n').slice(1, -1)) {
    t.match(text, /^ {2}p\d+(\["[\w /.:#;-]*"\]| -->\|"[\w /.:#;-]*"\| p\d+)$/)
  }
  await matchesSchema(t, 'graph', JSON.parse((await apparmor(['graph', file, '--json'])).stdout))
})
