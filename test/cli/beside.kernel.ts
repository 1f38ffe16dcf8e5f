// The tools of Debian's package apparmor, and ours, on the same input.
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { profiles } from 'apparmor'
import { parseProfile, remove } from 'apparmor/policy'
import { apparmor, LIMIT, PROGRAM } from '../support/cli.ts'
import { makeFiles } from '../support/files.ts'

const NAME = 'apparmor-test-cli-beside'
const SPACE = `${NAME}-ns`
const { dir, allowed } = makeFiles(t)
const file = join(dir, 'policy')
writeFileSync(file, `profile ${NAME} {\n  file, signal, unix,\n  ^hat { }\n}\n`)
const broken = join(dir, 'broken')
writeFileSync(broken, `profile ${NAME} { capability fly, }\n`)

const run = (program: string, args: readonly string[]) =>
  spawnSync(program, args, { encoding: 'utf8', timeout: LIMIT })
const ours = (...args: readonly string[]) => run(process.execPath, [PROGRAM, ...args])

t.teardown(() => remove({ profile: NAME }).catch(() => {}))

/** What the kernel holds of it: names, modes, and a hash of the policy itself where it keeps one. */
async function held(name: string = NAME): Promise<readonly object[]> {
  const all = (await profiles()).filter(({ label }) => label.split('//hat')[0] === name)
  return all.map(({ label, mode, hash }) => ({ label, mode, hash }))
}

async function done(t: Test, argv: readonly string[]): Promise<void> {
  const { status, stderr } = await apparmor(argv)
  t.equal(status, 0, `${argv.join(' ')}\n${stderr}`)
}

t.test('aa-enabled and status --enabled', async (t) => {
  t.equal(run('aa-enabled', []).status, 0)
  t.equal((await apparmor(['status', '--enabled'])).status, 0)
})

t.test('apparmor_parser and load, replace, remove leave the same in the kernel', async (t) => {
  for (const [flags, argv] of [
    [['-a'], ['load']],
    [['-r'], ['replace']],
    [
      ['-r', '-C'],
      ['replace', '--complain'],
    ],
  ] as const) {
    t.equal(run('apparmor_parser', ['-K', ...flags, file]).status, 0)
    const theirs = await held()
    t.equal(theirs.length, 2)
    t.equal(run('apparmor_parser', ['-R', file]).status, 0)
    t.strictSame(await held(), [])
    await done(t, [...argv, file])
    t.strictSame(await held(), theirs, flags.join(' '))
    await done(t, ['remove', '--file', file])
    t.strictSame(await held(), [])
  }
  t.equal(run('apparmor_parser', ['-K', '-a', file]).status, 0)
  t.not(run('apparmor_parser', ['-K', '-a', file]).status, 0, 'twice is refused')
  t.equal((await apparmor(['load', file])).status, 2)
  await done(t, ['remove', NAME])
})

t.test('apparmor_parser -Q, -N, -o and check, compile', async (t) => {
  for (const [policy, status] of [
    [file, 0],
    [broken, 1],
  ] as const) {
    const theirs = run('apparmor_parser', ['-Q', '-K', policy])
    t.equal(theirs.status, status)
    const { status: found, stdout } = await apparmor(['check', policy])
    t.equal(found, status, policy)
    t.equal(stdout.includes('fly'), theirs.stderr.includes('fly'))
  }
  const names = run('apparmor_parser', ['-N', file]).stdout.trim().split('\n')
  t.strictSame((await apparmor(['compile', file])).stdout.trim().split('\n').sort(), names.sort())
  const [theirs, compiled] = [join(dir, 'theirs'), join(dir, 'ours')]
  t.equal(run('apparmor_parser', ['-Q', '-K', '-o', theirs, file]).status, 0)
  await done(t, ['compile', file, '-o', compiled])
  await done(t, ['load', theirs])
  const loaded = await held()
  await done(t, ['replace', compiled])
  t.strictSame(await held(), loaded)
  await done(t, ['remove', NAME])
})

t.test('aa-exec -n and exec -n: the same label in a policy namespace', async (t) => {
  const space = `/sys/kernel/security/apparmor/policy/namespaces/${SPACE}`
  mkdirSync(space)
  t.teardown(() => rmdirSync(space))
  t.equal(run('apparmor_parser', ['-K', '-a', '-n', SPACE, file]).status, 0)
  const theirs = await held(`:${SPACE}://${NAME}`)
  await done(t, ['replace', '-n', SPACE, file])
  t.strictSame(await held(`:${SPACE}://${NAME}`), theirs)
  const print = ['cat', '/proc/self/attr/current']
  for (const flags of [
    ['-n', SPACE, '-p', NAME],
    ['-p', `:${SPACE}:${NAME}`],
    ['-n', SPACE],
  ]) {
    const { stdout, status } = run('aa-exec', [...flags, '--', ...print])
    t.match(ours('exec', ...flags, '--', ...print), { stdout, status }, flags.join(' '))
    t.match(stdout, flags.length === 2 && flags[0] === '-n' ? /^unconfined/ : `${NAME} (enforce)`)
  }
  t.match(ours('exec', '-n', `${SPACE}-missing`, '-p', NAME, 'echo', 'ran'), {
    status: 125,
    stdout: '',
  })
})

t.test('exec --learn runs to its end: a profile on stdout, and nothing left', async (t) => {
  const name = `${NAME}-learnt`
  const { stdout, stderr, status } = ours('exec', '--learn', '-p', name, '--', 'cat', allowed)
  t.equal(status, 0, stderr)
  const [profile] = parseProfile(stdout).rules.filter(({ kind }) => kind === 'profile')
  t.match(profile, { name })
  t.match(stderr, /^proven: /m)
  t.strictSame(await held(name), [])
})

t.test('aa-remove-unknown takes what others have loaded; sync never does', async (t) => {
  await done(t, ['load', file])
  t.match(run('aa-remove-unknown', ['-n']).stdout, `Would remove '${NAME}'`)
  const empty = join(dir, 'empty')
  mkdirSync(empty)
  const argv = ['sync', empty, '--owner', 'apparmor-test', '--state', join(dir, 'state')]
  t.match(await apparmor([...argv, '--dry-run']), { status: 0, stdout: '' })
  await done(t, argv)
  t.equal((await held()).length, 2)
  await done(t, ['remove', NAME])
})
