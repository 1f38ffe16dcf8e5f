import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseProfile } from 'apparmor/policy'
import { apparmor, PROGRAM } from '../support/cli.ts'
import { matchesSchema } from '../support/schema.ts'

// What the one who was refused chose to be called: markup, an escape, a turn of the direction of writing.
const HOSTILE = '/srv/<script>alert(1)</script>"\x1b[31m\u202e'
const RAW = /[^\P{C}\n]/u

function record(serial: number, name: string, more: string): string {
  const hex = Buffer.from(name).toString('hex').toUpperCase()
  return (
    `audit: type=1400 audit(1795690704.769:${serial}): apparmor="DENIED" class="file" profile="web" name=${hex} ` +
    `pid=234 comm=3C623E1B5B326A fsuid=0 ouid=0 ${more}\n`
  )
}

const LOG = [
  record(1, '/srv/new/', 'operation="mkdir" requested_mask="c" denied_mask="c"'),
  record(2, '/proc/234/stat', 'operation="open" requested_mask="r" denied_mask="r"'),
  record(3, '/proc/234/stat', 'operation="open" requested_mask="r" denied_mask="r"'),
  record(4, '/usr/bin/id', 'operation="exec" requested_mask="x" denied_mask="x"'),
  record(5, HOSTILE, 'operation="open" requested_mask="w" denied_mask="w"'),
].join('')

const WEB = 'profile web {\n  /srv/** r, # the site\n}\n'

function files(t: Test) {
  const dir = t.testdir({ log: LOG, 'web.profile': WEB })
  return { log: join(dir, 'log'), web: join(dir, 'web.profile'), dir }
}

t.test('new prints a profile from each template, and the compiler takes it', async (t) => {
  for (const argv of [
    [
      'minimal',
      'web',
      '--attach',
      '/usr/bin/web',
      '-r',
      '/srv/',
      '-m',
      '/var/lib/web/',
      '-x',
      '/bin/true',
    ],
    ['node', 'web', '--network', '--terminal', '-r', '/srv/', '--complain'],
    ['docker', 'web'],
  ]) {
    const { status, stdout, stderr } = await apparmor(['new', ...argv])
    t.strictSame([status, stderr], [0, ''], argv.join(' '))
    const { rules } = parseProfile(stdout)
    t.ok(rules.some((rule) => rule.kind === 'profile' && rule.name === 'web'))
    const checked = await apparmor(['check', '-'], { stdin: stdout })
    t.equal(checked.status, 0, checked.stderr + checked.stdout)
    const json = await apparmor(['new', ...argv, '--json'])
    await matchesSchema(t, 'new', JSON.parse(json.stdout))
    t.equal(JSON.parse(json.stdout).text, stdout)
  }
  t.match(await apparmor(['new', 'docker', 'web', '--network']), { status: 64 })
  t.match(await apparmor(['new', 'minimal', 'web', '-r', 'srv']), { status: 64, stderr: /srv/ })
  t.match(await apparmor(['new', 'nod', 'web']), { status: 64, stderr: /Did you mean node/ })
})

t.test('new --write makes a file once, named as the tools of AppArmor name it', async (t) => {
  const { dir } = files(t)
  const argv = ['new', 'node', '/usr/bin/web', '--write', '--base', dir]
  t.match(await apparmor(argv), { status: 0 })
  t.match(readFileSync(join(dir, 'usr.bin.web'), 'utf8'), 'profile /usr/bin/web')
  t.match(await apparmor(argv), { status: 2, stderr: /is there already/ })
  for (const name of ['../up', 'a\nb', '.hidden']) {
    t.match(await apparmor(['new', 'node', name, '--write', '--base', dir]), { status: 64 }, name)
  }
})

t.test('log shows below each refusal the rule that would permit it', async (t) => {
  const { log } = files(t)
  const { stdout } = await apparmor(['log', '--file', log])
  t.match(stdout, /open r \/proc\/234\/stat .*×2\n {4}fix: \/proc\/234\/stat r,\n/)
  t.notMatch(stdout, RAW)
  const explained = await apparmor(['log', '--file', log, '--explain', '-e', 'denied'])
  t.match(explained.stdout, /\/srv\/new\/.*\n {4}[A-Z].*\./)
  const json = await apparmor(['log', '--file', log, '--explain', '--json'])
  for (const line of json.stdout.trim().split('\n')) {
    await matchesSchema(t, 'log', JSON.parse(line))
    t.type(JSON.parse(line).explanation.text, 'string')
  }
})

t.test('suggest prints what is missing, and writes nothing', async (t) => {
  const { log, web, dir } = files(t)
  const { status, stdout } = await apparmor(['suggest', '--file', log, web])
  t.equal(status, 1)
  t.match(stdout, /^profile web\n {2}\/srv\/new\/ w, /m)
  t.match(stdout, /pattern: \/proc\/234 → \/proc\/\[0-9\]\*/)
  t.notMatch(stdout, RAW)
  const exact = await apparmor(['suggest', '--file', log, '--exact', web])
  t.match(exact.stdout, '/proc/234/stat r,')
  const diff = await apparmor(['suggest', '--file', log, '--diff', web])
  t.match(diff.stdout, /^ {3}\/srv\/\*\* r, # the site\n\+ {2}\/srv\/new\/ w,$/m)
  const json = await apparmor(['suggest', '--file', log, '--json', web])
  await matchesSchema(t, 'suggest', JSON.parse(json.stdout))
  t.equal(JSON.parse(json.stdout).suggestions[0].file, web)
  t.equal(readFileSync(web, 'utf8'), WEB)
  // Nothing defines it: it is told all the same.
  const other = join(dir, 'other.profile')
  writeFileSync(other, 'profile other { }\n')
  const orphan = await apparmor(['suggest', '--file', log, other])
  t.match(orphan, { status: 1, stdout: /\/srv\/new\/ w,/, stderr: /defines the profile web/ })
  t.match(await apparmor(['suggest', '--file', '-', web], { stdin: '' }), { status: 0, stdout: '' })
  t.match(await apparmor(['suggest', '--abstraction', 'nonsense', '--file', log, web]), {
    status: 64,
    stderr: /no abstraction/,
  })
})

/** Answers, typed one after the other on a terminal. */
function typed(argv: readonly string[], answers: readonly string[], editor = 'false') {
  const quoted = [process.execPath, PROGRAM, ...argv].map((word) => `'${word}'`).join(' ')
  return spawnSync('script', ['-qec', quoted, '/dev/null'], {
    input: answers.map((answer) => `${answer}\n`).join(''),
    encoding: 'utf8',
    env: { PATH: process.env.PATH, TERM: 'xterm', NO_COLOR: '1', EDITOR: editor },
  })
}

t.test(
  'suggest on a terminal: undo, editing, choices, a difference, and only then a file',
  async (t) => {
    const { log, web } = files(t)
    const argv = ['suggest', '--file', log, web]
    const refused = typed(argv, ['a', 'a', 'a', 'a', 'n'])
    t.match(refused.stdout, 'Nothing was written')
    t.equal(readFileSync(web, 'utf8'), WEB)
    t.match(typed(argv, ['a', 'q']).stdout, 'Nothing was written')
    t.equal(readFileSync(web, 'utf8'), WEB)

    const answers = ['i', 'u', 'e', 'a', 'x', 'a', 'c', '2', 'a', 'nonsense', 'i', 'y']
    const agreed = typed(argv, answers, 'sed -i s,/srv/new,/srv/newer,')
    t.match(agreed.stdout, "'nonsense' is none of them")
    t.match(agreed.stdout, /\+ {2}\/srv\/newer\/ w,/)
    t.notMatch(agreed.stdout.replaceAll(/\r\n/g, '\n'), RAW)
    const text = readFileSync(web, 'utf8')
    t.match(text, 'profile web {\n  /srv/** r, # the site\n  /srv/newer/ w,\n  /proc/234/stat r,\n')
    t.match(text, /\/usr\/bin\/id \w*[pPcCuU]\w*x/)
    t.notMatch(text, 'script')
  },
)

t.test('what an editor leaves that is not rules of the profile is refused', async (t) => {
  const { log, web } = files(t)
  const ends = "sed -i '1i } profile evil { /** rwlk,'"
  const { stdout } = typed(['suggest', '--file', log, web], ['e', 'f'], ends)
  t.match(stdout, 'these are not only rules')
  t.equal(readFileSync(web, 'utf8'), WEB)
})

const MANY = `profile web /usr/bin/web {
  /usr/bin/a px -> "</title><script>x</script>",
  change_profile -> other,
  ^hat { }
}
profile "</title><script>x</script>" { /usr/bin/web px, }
profile other { }
`

t.test('graph draws a picture, and a page that runs nothing but its own script', async (t) => {
  const dir = t.testdir({ 'many.profile': MANY })
  const file = join(dir, 'many.profile')
  const svg = await apparmor(['graph', '--format', 'svg', file])
  t.match(svg, { status: 0, stderr: '' })
  t.match(svg.stdout, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^]*<\/svg>\n$/)
  t.notMatch(svg.stdout, '<script')
  t.match(svg.stdout, 'data-from="web" data-to="other"')
  t.match(svg.stdout, 'data-name="web//hat"')
  const { stdout } = await apparmor(['graph', '--format', 'html', file])
  t.equal(stdout.match(/<script/g)?.length, 1)
  t.notMatch(stdout, /(src|href)="?(https?:|\/\/)/)
  t.match(stdout, "default-src 'none'")
  const empty = join(dir, 'empty.profile')
  writeFileSync(empty, '')
  t.match(await apparmor(['graph', '--format', 'svg', empty]), { status: 0, stdout: /<svg/ })
})

t.test('report makes one page on any machine, and says what could not be seen', async (t) => {
  const { log, dir } = files(t)
  const page = join(dir, 'report.html')
  const argv = ['report', '--file', log, '--base', dir]
  t.match(await apparmor([...argv, '-o', page]), { status: 0, stdout: '' })
  const text = readFileSync(page, 'utf8')
  t.equal(text.match(/<script/g)?.length, 1)
  t.match(text, '/srv/&lt;script&gt;alert(1)')
  t.notMatch(text, RAW)
  t.match(text, '/srv/new/ w,')
  t.match(text, 'AppArmor is not part of the running kernel')
  const json = await apparmor([...argv, '--json'])
  await matchesSchema(t, 'report', JSON.parse(json.stdout))
  t.match(JSON.parse(json.stdout), { refusals: [{ times: 2, rules: ['/proc/234/stat r,'] }] })
  const missing = await apparmor(['report', '--file', '/nowhere/log', '--base', '/nowhere'])
  t.equal(missing.status, 0)
  t.match(missing.stdout, 'Log: ')
})

t.test('without AppArmor learn and demo say so', async (t) => {
  t.match(await apparmor(['demo']), { status: 2, stderr: /not part of the running kernel/ })
  const { status, stdout } = await apparmor(['learn', 'true'])
  t.strictSame([status, stdout], [2, ''])
  t.match(await apparmor(['learn', 'apparmor-test-no-such-program']), { status: 127, stdout: '' })
  t.match(await apparmor(['learn', '--rounds', '1', 'true']), { status: 64 })
  t.match(await apparmor(['exec', '--learn', '--stack', 'true']), { status: 64 })
  t.match(await apparmor(['exec', '--denials', '-i', '-p', 'web', 'true']), { status: 64 })
  t.match(await apparmor(['exec', '--denials', '-p', 'web', 'true']), { status: 125 })
})
