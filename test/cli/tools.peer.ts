// The tools of apparmor-utils, and ours, on the same input.
import { spawnSync } from 'node:child_process'
import { copyFileSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { profiles } from 'apparmor'
import { decide, parseProfile, remove } from 'apparmor/policy'
import { apparmor, LIMIT } from '../support/cli.ts'
import { makeFiles } from '../support/files.ts'
import { helpOptions, toolOptions } from '../support/migrating.ts'
import { persons } from '../support/tmux.ts'

const NAME = 'apparmor-test-cli-tools'
const { dir } = makeFiles(t)
// The tools name a file after the program, and want that to exist.
const program = join(dir, 'program')
copyFileSync('/bin/cat', program)
const FILE = program.slice(1).replaceAll('/', '.')
const TEXT = `# about it
profile ${NAME} ${program} {
  /{usr/,}lib{,64}/** mr, # stays
  /etc/ld.so.cache r,
  /etc/passwd r,
  ${program} mr,
}
`

const run = (tool: string, ...args: readonly string[]) =>
  spawnSync(tool, args, { encoding: 'utf8', timeout: LIMIT, env: { ...process.env, LC_ALL: 'C' } })

/** A directory of policy with one file in it. */
function policyIn(name: string, text: string = TEXT): { base: string; file: string } {
  const base = join(dir, name)
  mkdirSync(join(base, 'abstractions'), { recursive: true })
  const file = join(base, FILE)
  writeFileSync(file, text)
  return { base, file }
}

const read = (file: string) => parseProfile(readFileSync(file, 'latin1'))

const flagsIn = (file: string) =>
  read(file).rules.flatMap((rule) => (rule.kind === 'profile' ? (rule.flags ?? []) : []))

const mode = async () => (await profiles()).find(({ label }) => label === NAME)?.mode ?? null

function allows(file: string, path: string, permissions: 'r' | 'w'): boolean {
  return decide(read(file), { profile: NAME, file: path, permissions }).allowed
}

t.teardown(() => remove({ profile: NAME }).catch(() => {}))

t.test('migrating.md knows every option of every tool', async (t) => {
  for (const [tool, options] of toolOptions()) {
    const known = options.flatMap(({ theirs }) => theirs)
    const told = helpOptions(tool)
    if (tool === 'aa-load') continue // not yet in AppArmor 3.0
    t.ok(told, `${tool} is there`)
    t.strictSame(
      told?.filter((option) => !known.includes(option)),
      [],
      tool,
    )
  }
})

t.test(
  'aa-complain, aa-enforce, aa-disable and mode --write: the file, the link, the kernel',
  async (t) => {
    const seen = async (base: string, file: string) => ({
      flags: flagsIn(file),
      disabled: lstatSync(join(base, 'disable', FILE), { throwIfNoEntry: false }) !== undefined,
      mode: await mode(),
      comment: readFileSync(file, 'utf8').includes('# stays'),
    })
    const modes = ['complain', 'enforce', 'disable', 'enforce'] as const
    const theirs = policyIn('theirs')
    const found: object[] = []
    for (const wanted of modes) {
      t.equal(run(`aa-${wanted}`, '-d', theirs.base, program).status, 0)
      found.push(await seen(theirs.base, theirs.file))
    }
    await remove({ profile: NAME })
    const own = policyIn('ours')
    t.equal((await apparmor(['load', own.file])).status, 0)
    for (const [i, wanted] of modes.entries()) {
      const { status, stderr } = await apparmor([
        'mode',
        wanted,
        NAME,
        '--write',
        '--base',
        own.base,
      ])
      t.equal(status, 0, stderr)
      t.strictSame(await seen(own.base, own.file), found[i], `${i}: ${wanted}`)
    }
  },
)

t.test('aa-audit: its flag is read, and is no difference of what is allowed', async (t) => {
  const { base, file } = policyIn('audit')
  t.equal(run('aa-audit', '--no-reload', '-d', base, program).status, 0)
  t.strictSame(flagsIn(file), ['audit'])
  t.equal((await apparmor(['check', file])).status, 0)
})

t.test(
  'aa-cleanprof: format reads what it leaves, diff says that nothing is allowed or denied anew',
  async (t) => {
    const { base, file } = policyIn(
      'clean',
      TEXT.replace('/etc/passwd r', '/etc/passwd r,\n  /etc/passwd r'),
    )
    t.match(run('aa-cleanprof', '-s', '--no-reload', '-d', base, program), { status: 0 })
    const { file: before } = policyIn('before')
    t.match(await apparmor(['diff', before, file]), { status: 0, stdout: '' })
    t.equal((await apparmor(['format', file])).status, 0)
  },
)

t.test('aa-mergeprof: diff shows the rule that it has added', async (t) => {
  const { base, file } = policyIn('merge')
  const { file: before } = policyIn('before')
  const other = join(dir, 'other')
  writeFileSync(other, `profile ${NAME} ${program} {\n  /srv/merged r,\n}\n`)
  const { one } = persons(t, ['one'], { columns: 160 })
  one.types(`LC_ALL=C aa-mergeprof -d ${base} ${other}`)
  await one.sees(/\(A\)llow/)
  one.presses('a')
  await one.sees(/\(S\)ave Changes/)
  one.presses('s')
  t.equal(await one.status(), 0)
  t.match(await apparmor(['diff', before, file]), {
    status: 1,
    stdout: new RegExp(`^${NAME}\\n {2}\\+ /srv/merged r,`),
  })
})

// In auditd's form, which both read, without what AppArmor 3.0 does not know.
const HEX = Buffer.from('/srv/a b').toString('hex').toUpperCase()
const LOG = [
  'name="/srv/new" requested_mask="r" denied_mask="r"',
  `name=${HEX} requested_mask="wc" denied_mask="wc"`,
]
  .map(
    (what, i) =>
      `type=AVC msg=audit(1795690704.769:${i}): apparmor="DENIED" operation="open" profile="${NAME}" ` +
      `${what} pid=234 comm="cat" fsuid=1000 ouid=0\n`,
  )
  .join('')

t.test('aa-logprof and suggest permit what was refused', async (t) => {
  const log = join(dir, 'log')
  writeFileSync(log, LOG)
  const theirs = policyIn('logprof')
  const { one } = persons(t, ['one'], { columns: 160, rows: 100 })
  one.types(`LC_ALL=C aa-logprof -d ${theirs.base} -f ${log}`)
  for (let i = 1; i <= 2; i++) {
    await one.sees(new RegExp(`(?:Path: +/srv/(?:new|a b)[^]*\\(A\\)llow[^]*){${i}}`))
    one.presses('a')
  }
  await one.sees(/\(S\)ave Changes/)
  one.presses('s')
  t.equal(await one.status(), 0)
  const own = policyIn('suggest')
  one.types(`clear; apparmor suggest --file ${log} --exact ${own.file}`)
  for (let i = 1; i <= 2; i++) {
    await one.sees(new RegExp(`\\[${i}/2\\] profile`))
    one.types('a')
  }
  await one.sees(/Write this\? \(y\/n\)/)
  one.types('y')
  t.equal(await one.status(), 0)
  for (const { file } of [theirs, own]) {
    t.ok(allows(file, '/srv/new', 'r'), file)
    t.notOk(allows(file, '/srv/new', 'w'), file)
    t.ok(allows(file, '/srv/a b', 'w'), file)
    t.notOk(allows(file, '/srv/other', 'r'), file)
    t.match(readFileSync(file, 'utf8'), '# stays')
  }
})

t.test(
  'aa-notify and log count the same refusals; aa-decode and log read the same names',
  async (t) => {
    const log = join(dir, 'notified')
    writeFileSync(log, LOG)
    const { stdout } = run('aa-notify', '-s', '99999', '-f', log, '-u', 'root')
    const [, count] = /denials: (\d+)/.exec(stdout) ?? []
    const { stdout: lines } = await apparmor(['log', '--json', '-e', 'denied', '--file', log])
    const records = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { name: string })
    t.equal(records.length, 2)
    t.equal(Number(count), records.length)
    t.equal(run('aa-decode', HEX).stdout, `Decoded: ${records[1]?.name}\n`)
  },
)

t.test('aa-unconfined --paranoid and ps --all tell the same of each process', async (t) => {
  const theirs = run('aa-unconfined', '--paranoid').stdout
  const { stdout } = await apparmor(['ps', '--all', '--json'])
  const { processes } = JSON.parse(stdout) as { processes: { pid: number; label: string }[] }
  const both = processes.filter(({ pid }) => new RegExp(`^${pid} `, 'm').test(theirs))
  t.ok(both.length > 1)
  for (const { pid, label } of both) {
    const line = new RegExp(`^${pid} .*$`, 'm').exec(theirs)?.[0]
    t.match(line, label === 'unconfined' ? /not confined$/ : `confined by '${label}`)
  }
})

t.test(
  'aa-autodep, aa-easyprof and new make profiles of the same program that compile',
  async (t) => {
    const base = join(dir, 'autodep')
    mkdirSync(join(base, 'abstractions'), { recursive: true })
    t.equal(run('aa-autodep', '--no-reload', '-d', base, program).status, 0)
    const easy = join(dir, 'easy')
    writeFileSync(easy, run('aa-easyprof', '--no-verify', `--profile-name=${NAME}`, program).stdout)
    const own = join(dir, 'own')
    const { stdout } = await apparmor(['new', 'minimal', NAME, '--attach', program, '--complain'])
    writeFileSync(own, stdout)
    for (const [file, name] of [
      [join(base, FILE), program],
      [easy, NAME],
      [own, NAME],
    ] as const) {
      const { status, stdout, stderr } = await apparmor(['check', file])
      t.equal(status, 0, stdout + stderr)
      t.match((await apparmor(['compile', file])).stdout, `${name}\n`)
    }
    t.strictSame([flagsIn(join(base, FILE)), flagsIn(own)], [['complain'], ['complain']])
  },
)

t.test(
  'aa-genprof with aa-logprof, and learn, make a profile that permits what the program did',
  async (t: Test) => {
    const base = join(dir, 'genprof')
    mkdirSync(join(base, 'abstractions'), { recursive: true })
    // It reads on behind the last record that it finds there in the beginning.
    const log = '/var/log/audit/audit.log'
    mkdirSync('/var/log/audit', { recursive: true })
    writeFileSync(
      log,
      'type=AVC msg=audit(1.000:1): apparmor="STATUS" operation="profile_load" name="x"\n',
    )
    t.teardown(() => rmSync('/var/log/audit', { recursive: true }))
    const { one, two } = persons(t, ['one', 'two'], { columns: 160, rows: 100 })
    one.types(`LC_ALL=C aa-genprof -d ${base} -f ${log} ${program}`)
    await one.sees(/\(S\)can/)
    const asAuditd = `sed -n 's/.*audit(\\(.*apparmor=\\)/type=AVC msg=audit(\\1/p'`
    two.types(`${program} /etc/hostname; dmesg | ${asAuditd} >> ${log}`)
    t.equal(await two.status(), 0)
    one.presses('f')
    t.equal(await one.status(), 0, one.screen())
    one.types(`clear; LC_ALL=C aa-logprof -d ${base} -f ${log}`)
    for (let answers = 0; answers < 40; answers++) {
      const screen = await one.sees(/\([A-Z]\)\w[^]*$|^Finished/m)
      const asked = screen.match(/^.*\([A-Z]\)\w.*$/gm)?.at(-1) ?? ''
      one.presses(asked.includes('(S)ave') ? 's' : 'a')
      if (asked.includes('(S)ave')) break
      await sleep(1000)
    }
    t.equal(await one.status(), 0, one.screen())
    t.equal(run('apparmor_parser', '-r', '-K', join(base, FILE)).status, 0)
    await remove({ profile: program })
    const own = await apparmor(['learn', '-p', `${NAME}-learnt`, '--', program, '/etc/hostname'])
    t.equal(own.status, 0, own.stderr)
    const theirs = parseProfile(readFileSync(join(base, FILE), 'latin1'))
    const question = { file: '/etc/hostname', permissions: 'r', owner: true } as const
    t.ok(decide(theirs, { ...question, profile: program }).allowed, 'theirs')
    t.ok(
      decide(parseProfile(own.stdout), { ...question, profile: `${NAME}-learnt` }).allowed,
      'ours',
    )
  },
)
