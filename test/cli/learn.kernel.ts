import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { profiles } from 'apparmor'
import { parseProfile, remove, replace } from 'apparmor/policy'
import { apparmor, LIMIT, PROGRAM } from '../support/cli.ts'
import { makeFiles } from '../support/files.ts'
import { matchesSchema } from '../support/schema.ts'

const { dir, allowed, denied } = makeFiles(t)
const PROFILE = 'apparmor-test-cli-learn'

const ours = (...args: readonly string[]) =>
  spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8', timeout: LIMIT })
const isLoaded = async (name: string) => (await profiles()).some(({ label }) => label === name)

t.test('learn finds a profile, proves it, and leaves nothing behind', async (t) => {
  const { stdout, stderr, status } = ours('learn', '--json', '-p', PROFILE, '--', 'cat', allowed)
  t.equal(status, 0, stderr)
  const lesson = JSON.parse(stdout)
  await matchesSchema(t, 'learn', lesson)
  t.match(lesson, { profile: PROFILE, proven: true })
  // The random part of the directory's name becomes a pattern when it looks like one.
  const pattern = allowed.replace(/-\w{6}(?=\/)/, '-??????')
  const rules = lesson.text.split('\n').map((line: string) => line.trim())
  t.ok(rules.includes(`${allowed} r,`) || rules.includes(`${pattern} r,`), lesson.text)
  t.equal(parseProfile(lesson.text).kind, 'policy')
  t.match(stderr, /^round 1/m)
  t.notOk(await isLoaded(PROFILE))
})

t.test('exec --denials: the status is the program’s, and what was refused follows', async (t) => {
  await replace(`profile ${PROFILE} { file, unix, signal, audit deny ${denied} r, }`)
  try {
    const script = `cat ${allowed}; cat ${denied}; exit 3`
    const { stdout, stderr, status } = ours('exec', '--denials', '-p', PROFILE, 'sh', '-c', script)
    t.strictSame([stdout, status], ['allowed', 3])
    t.match(stderr, new RegExp(`denied +${PROFILE} +open r ${denied} +by cat`))
    t.match(stderr, /kinds? of refusal$/m)
    const quiet = ours('exec', '--denials', '-p', PROFILE, 'sh', '-c', 'kill -TERM $$')
    t.match(quiet, { status: 143, stdout: '' })
    t.match(ours('exec', '--denials', '-p', `${PROFILE}-missing`, 'true'), {
      status: 125,
      stdout: '',
    })
  } finally {
    await remove({ profile: PROFILE })
  }
})

t.test('demo tells its story, and removes its profile', async (t) => {
  const { stdout, stderr, status } = ours('demo')
  t.equal(status, 0, stderr)
  t.match(stdout, /Permission denied/)
  t.match(stdout, /apparmor-demo-\w+ \(enforce\)/)
  t.match(stdout, /no such profile/)
  t.notOk((await profiles()).some(({ label }) => label.startsWith('apparmor-demo-')))
})

t.test('mode --write says it in the file, too, as aa-complain does', async (t) => {
  const text = `profile ${PROFILE} {\n  /srv/** r, # stays\n  ^hat { }\n}\n`
  const base = join(dir, 'base')
  const file = join(base, 'ours')
  mkdirSync(base)
  writeFileSync(file, text)
  await replace(text)
  try {
    const json = await apparmor(['mode', 'complain', PROFILE, '--write', '--base', base, '--json'])
    await matchesSchema(t, 'mode', JSON.parse(json.stdout))
    t.strictSame(JSON.parse(json.stdout).files, [file])
    t.equal(
      readFileSync(file, 'utf8'),
      text.replace(`${PROFILE} {`, `${PROFILE} flags=(complain) {`),
    )
    t.equal((await profiles()).find(({ label }) => label === PROFILE)?.mode, 'complain')
    await apparmor(['mode', 'enforce', PROFILE, '--write', '--base', base])
    t.equal(readFileSync(file, 'utf8').replaceAll(/ +/g, ' '), text.replaceAll(/ +/g, ' '))
    await apparmor(['mode', 'disable', PROFILE, '--write', '--base', base])
    t.ok(lstatSync(join(base, 'disable', 'ours')).isSymbolicLink())
    t.notOk(await isLoaded(PROFILE))
    t.match(await apparmor(['mode', 'enforce', PROFILE, '--write', '--base', base]), { status: 0 })
    t.ok(await isLoaded(PROFILE), 'enabled is loaded')
    t.match(await apparmor(['mode', 'complain', 'nothing', '--write', '--base', base]), {
      status: 2,
    })
  } finally {
    await remove({ profile: PROFILE }).catch(() => {})
  }
})

t.test('sync --watch does it again after a change, until Ctrl-C', async (t) => {
  const place = join(dir, 'policy')
  const file = join(place, 'one')
  mkdirSync(place)
  writeFileSync(file, `profile ${PROFILE} { /srv/a r, }\n`)
  const argv = ['sync', place, '--owner', 'apparmor-test', '--state', join(dir, 'state')]
  const child = spawn(process.execPath, [PROGRAM, ...argv, '--watch', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LIMIT,
  })
  const ended = once(child, 'exit')
  const reports: { steps: readonly object[] }[] = []
  try {
    for await (const line of createInterface(child.stdout)) {
      reports.push(JSON.parse(line))
      if (reports.length === 1) writeFileSync(file, `profile ${PROFILE} { /srv/b r, }\n`)
      else child.kill('SIGINT')
    }
    t.strictSame(await ended, [null, 'SIGINT'])
    for (const report of reports) await matchesSchema(t, 'sync', report)
    t.match(reports[0]?.steps, [{ action: 'load', profile: PROFILE }])
    t.match(reports[1]?.steps, [{ action: 'replace', profile: PROFILE }])
  } finally {
    child.kill('SIGKILL')
    await remove({ profile: PROFILE }).catch(() => {})
  }
})
