import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { findMountpoint, profiles } from 'apparmor'
import { spawn as confined, spawnSync as confinedSync } from 'apparmor/child_process'
import { compile, load, remove, replace, sync, type SyncOptions } from 'apparmor/policy'
import t, { type Test } from 'tap'
import { makeFiles } from '../../support/files.ts'

t.setTimeout(300_000)

const NAME = 'apparmor-test-sync'
const { denied, allowed } = makeFiles(t)
const OWNED = /^apparmor-test-sync/

/** A directory of policy with a state of its own; what it has loaded is removed at the end. */
function place(t: Test) {
  const root = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
  const dir = join(root, 'policy')
  mkdirSync(dir)
  // Counts what is compiled.
  const parser = join(root, 'parser')
  writeFileSync(
    parser,
    `#!/bin/sh\ncase $1 in --version) ;; *) echo x >> ${root}/runs ;; esac\nexec apparmor_parser "$@"\n`,
  )
  chmodSync(parser, 0o755)
  const options: Omit<SyncOptions, 'watch'> = { owner: 'test', state: join(root, 'state'), parser }
  t.teardown(async () => {
    for (const { label } of await profiles()) {
      if (OWNED.test(label) && !label.includes('//')) {
        await remove({ profile: label }, { running: 'unconfine' })
      }
    }
    rmSync(root, { recursive: true })
  })
  return {
    root,
    options,
    write(file: string, text: string) {
      writeFileSync(join(dir, file), text)
      utimesSync(join(dir, file), 1, 1) // times tell nothing
    },
    unlink: (file: string) => rmSync(join(dir, file)),
    sync: (more: Partial<Omit<SyncOptions, 'watch'>> = {}) => sync(dir, { ...options, ...more }),
    runs() {
      const count = spawnSync('sh', ['-c', `wc -l < ${root}/runs; rm ${root}/runs`]).stdout
      return Number(String(count)) || 0
    },
  }
}

const text = (name: string, rules = ''): string =>
  `profile ${NAME}-${name} { /** rm, /{,usr/}bin/{cat,sleep} ix, unix, signal, ${rules} }\n`
const loaded = async (): Promise<readonly string[]> =>
  (await profiles())
    .map(({ label }) => label)
    .filter((label) => OWNED.test(label))
    .map((label) => label.slice(NAME.length + 1))
    .sort()
const steps = ({ steps }: Awaited<ReturnType<typeof sync>>): readonly string[] =>
  steps.map(({ action, profile }) => `${action} ${profile.slice(NAME.length + 1)}`).sort()
const codes = ({ errors }: Awaited<ReturnType<typeof sync>>): readonly unknown[] =>
  errors.map(({ file, error }) => [file, (error as { code?: string }).code])

const cat = (name: string, file: string): string => {
  const profile = `${NAME}-${name}`
  const { stdout, stderr } = confinedSync('cat', [file], { profile, encoding: 'utf8' })
  return stdout || stderr.replace(/^.*: /, '').trim()
}

t.test('the kernel has what the directory has', async (t) => {
  const here = place(t)
  here.write('a', text('a', `deny ${denied} r, ^hat { /x r, }`))
  here.write('b', text('b') + text('c'))
  here.write('b~', text('backup'))
  const plan = await here.sync({ dryRun: true })
  t.strictSame(steps(plan), ['load a', 'load a//hat', 'load b', 'load c'])
  t.strictSame(await loaded(), [], 'a dry run loads nothing')
  t.strictSame(steps(await here.sync()), steps(plan))
  t.strictSame(await loaded(), ['a', 'a//hat', 'b', 'c'])
  t.equal(cat('a', denied), 'Permission denied')
  t.equal(cat('a', allowed), 'allowed')

  here.runs()
  t.match(await here.sync(), { steps: [], unchanged: 2, errors: [] })
  t.equal(here.runs(), 0, 'nothing is compiled when nothing has changed')

  here.write('a', text('a'))
  t.strictSame(steps(await here.sync()), ['remove a//hat', 'replace a'])
  t.equal(here.runs(), 1)
  t.equal(cat('a', denied), 'denied')

  here.unlink('b')
  t.strictSame(steps(await here.sync()), ['remove b', 'remove c'])
  t.strictSame(await loaded(), ['a'])
})

t.test('what somebody else has loaded stays theirs', async (t) => {
  const here = place(t)
  await load(text('foreign', `deny ${denied} r,`))
  here.write('a', text('a') + text('foreign'))
  const report = await here.sync()
  t.strictSame(codes(report), [['a', 'ERR_APPARMOR_SYNC_CONFLICT']])
  t.strictSame(await loaded(), ['foreign'])
  t.equal(cat('foreign', denied), 'Permission denied')
  t.strictSame(steps(await here.sync({ adopt: true })), ['load a', 'replace foreign'])
  t.equal(cat('foreign', denied), 'denied')
})

t.test('a profile of ours that somebody has replaced is put right', async (t) => {
  const here = place(t)
  here.write('a', text('a', `deny ${denied} r,`))
  await here.sync()
  await replace(text('a'))
  t.equal(cat('a', denied), 'denied')
  t.strictSame(steps(await here.sync()), ['replace a'])
  t.equal(cat('a', denied), 'Permission denied')
})

t.test('a mistake in one file: the others go on, and nothing is removed', async (t) => {
  const here = place(t)
  for (const name of ['a', 'b', 'c']) here.write(name, text(name))
  await here.sync()
  here.write('a', 'profile oops {')
  here.write('b', text('b', `deny ${denied} r,`))
  here.unlink('c')
  const report = await here.sync()
  t.strictSame(codes(report), [['a', 'ERR_APPARMOR_COMPILE']])
  t.strictSame(steps(report), ['keep c', 'replace b'])
  t.strictSame(await loaded(), ['a', 'b', 'c'])
  here.write('a', text('a'))
  t.strictSame(steps(await here.sync()), ['remove c'], 'the kernel still has the good "a"')
})

t.test('one name in two files is refused, and a profile may move to another file', async (t) => {
  const here = place(t)
  here.write('a', text('a') + text('moving'))
  here.write('b', text('a'))
  t.strictSame(codes(await here.sync()), [['b', 'ERR_APPARMOR_SYNC_CONFLICT']])
  here.write('a', text('a'))
  here.write('b', text('moving'))
  const report = await here.sync()
  t.strictSame(report.errors, [])
  t.notOk(steps(report).some((step) => step.startsWith('remove')))
  t.strictSame(await loaded(), ['a', 'moving'])
  t.match(await here.sync(), { steps: [], unchanged: 2 })
})

t.test('a profile that processes run under stays when its file goes', async (t) => {
  const here = place(t)
  here.write('a', text('a'))
  await here.sync()
  const child = confined('sleep', ['60'], { profile: `${NAME}-a` })
  t.teardown(() => child.kill('SIGKILL'))
  here.unlink('a')
  t.strictSame(steps(await here.sync({ dryRun: true })), ['keep a'])
  t.strictSame(steps(await here.sync()), ['keep a'])
  t.strictSame(await loaded(), ['a'])
  child.kill('SIGKILL')
  await once(child, 'exit')
  t.strictSame(steps(await here.sync()), ['remove a'])
  t.strictSame(await loaded(), [])
})

t.test('a run that was killed is finished by the next one', async (t) => {
  const here = place(t)
  for (let i = 0; i < 12; i++) here.write(`file-${i}`, text(`killed-${i}`))
  const script = join(here.root, 'run.mjs')
  writeFileSync(
    script,
    `import { sync } from ${JSON.stringify(import.meta.resolve('apparmor/policy'))}
    await sync(${JSON.stringify(join(here.root, 'policy'))}, ${JSON.stringify(here.options)})`,
  )
  const child = spawn(process.execPath, [script], { stdio: 'ignore' })
  while ((await loaded()).length < 2 && child.exitCode === null) await new Promise(setImmediate)
  child.kill('SIGKILL')
  await once(child, 'exit')
  await here.sync()
  t.equal((await loaded()).length, 12)
  for (let i = 0; i < 12; i++) here.unlink(`file-${i}`)
  await here.sync()
  t.strictSame(await loaded(), [], 'nothing is left without an owner')
})

t.test(
  'a file that changes while it is compiled is not loaded, and is by the next run',
  async (t) => {
    const here = place(t)
    const file = join(here.root, 'policy/a')
    const parser = join(here.root, 'slow')
    writeFileSync(
      parser,
      `#!/bin/sh\ncase $1 in --version) ;; *) echo '# more' >> ${file} ;; esac\nexec apparmor_parser "$@"\n`,
    )
    chmodSync(parser, 0o755)
    for (const names of [['a'], ['a', 'b', 'c', 'd']]) {
      for (const name of names) here.write(name, text(name, `deny ${denied} r,`))
      t.strictSame(codes(await here.sync({ parser })), [['a', 'ERR_APPARMOR_SYNC_CHANGED']])
      t.notOk((await loaded()).includes('a'))
      t.strictSame((await here.sync()).errors, [])
      t.strictSame(await loaded(), names)
      t.equal(cat('a', denied), 'Permission denied')
      for (const name of names) here.unlink(name)
      await here.sync()
    }
  },
)

t.test('what the kernel must not be given keeps nobody else from it', async (t) => {
  const here = place(t)
  here.write('a', text('a'))
  here.write('b', text('a//child'))
  here.write('c', text('none//child'))
  here.write('d', text('d'))
  const report = await here.sync({ allow: ['profile-parent-missing'] })
  t.strictSame(codes(report), [['c', 'ERR_APPARMOR_POLICY_HARMFUL']])
  t.strictSame(await loaded(), ['a', 'a//child', 'd'], 'a child of another file goes with it')
  here.unlink('c')
  t.match(await here.sync({ allow: ['profile-parent-missing'] }), { steps: [], errors: [] })
  here.unlink('b')
  t.strictSame(steps(await here.sync({ allow: ['profile-parent-missing'] })), ['remove a//child'])
})

t.test(
  'a child whose file comes before that of its parent is loaded in the same run',
  async (t) => {
    const here = place(t)
    here.write('a', text('z//child//grandchild'))
    here.write('b', text('z//child'))
    here.write('c', text('z'))
    const report = await here.sync()
    t.strictSame(codes(report), [])
    t.strictSame(await loaded(), ['z', 'z//child', 'z//child//grandchild'])
    t.match(await here.sync(), { steps: [], unchanged: 3 })
  },
)

t.test('a kernel that is stuck on a policy that it has refused takes new policy', async (t) => {
  const here = place(t)
  here.write('a', text('a', '^hat { /x r, }') + text('b'))
  await here.sync()
  await replace(text('b', 'capability chown,')) // so the policy of 'a' must not be written again
  await replace(text('c'))
  const { binary } = await compile(text('none//child'))
  const stick = (): void => writeFileSync(join(findMountpoint(), '.replace'), binary)
  t.throws(stick, { code: 'ENOENT' })
  const stuck = spawnSync('apparmor_parser', ['-K', '-r'], { input: text('d') }).status !== 0
  const [major = 0, minor = 0] = release().split('.').map(Number)
  t.equal(stuck, major > 6 || (major === 6 && minor >= 12), `Linux ${release()}`)
  const before = (await profiles()).map(({ label, hash }) => `${label} ${hash}`)
  here.write('e', text('e'))
  t.strictSame(codes(await here.sync()), [])
  t.ok((await loaded()).includes('e'))
  t.throws(stick, { code: 'ENOENT' })
  t.match(await load(text('f')), { profiles: [{ name: `${NAME}-f` }] })
  const after = (await profiles()).map(({ label, hash }) => `${label} ${hash}`)
  const changed = before.filter((one) => !after.includes(one))
  t.strictSame(
    changed.map((one) => one.split(' ')[0]),
    [`${NAME}-b`],
    'only what is owned is put right',
  )
})

t.test('a full disk for the cache: all is loaded', async (t) => {
  const here = place(t)
  const cache = join(here.root, 'cache')
  mkdirSync(cache)
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4k,mode=700', 'full', cache])
  t.teardown(() => void spawnSync('umount', [cache]))
  here.write('a', text('a', `deny ${denied} r,`))
  here.write('b', text('b'))
  t.strictSame((await here.sync({ cache })).errors, [])
  t.strictSame(await loaded(), ['a', 'b'])
  t.equal(cat('a', denied), 'Permission denied')
})

t.test('two at once: one of them waits for another day', async (t) => {
  const here = place(t)
  here.write('a', text('a'))
  const ended = await Promise.allSettled([here.sync(), here.sync()])
  t.strictSame(ended.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  const failed = ended.find((one) => one.status === 'rejected')
  t.match(failed, { reason: { code: 'ERR_APPARMOR_SYNC_RUNNING' } })
  t.strictSame(await loaded(), ['a'])
})

t.test('a list of what is owned that cannot be read or written', async (t) => {
  const here = place(t)
  here.write('a', text('a'))
  await here.sync()
  const manifest = join(here.root, 'state/test.json')
  const before = readFileSync(manifest)
  writeFileSync(manifest, 'oops')
  await t.rejects(here.sync(), { code: 'ERR_APPARMOR_MANIFEST', path: manifest })
  writeFileSync(manifest, before)
  t.match(await here.sync(), { steps: [], unchanged: 1 })

  here.write('b', text('b'))
  const state = join(here.root, 'parser/below-a-file')
  await t.rejects(here.sync({ state }), { code: 'ENOTDIR' })
  t.strictSame(await loaded(), ['a'], 'what cannot be written down is not loaded')
})

t.test('bad arguments', async (t) => {
  const value = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' }
  for (const owner of ['', '../x', '.hidden', 'a/b', 'a b']) {
    await t.rejects(sync('/tmp', { owner }), value)
  }
  await t.rejects(sync('/tmp', {} as object as SyncOptions), { code: 'ERR_INVALID_ARG_TYPE' })
  await t.rejects(sync('/tmp', { owner: 'a', namespace: 'x' } as object as SyncOptions), value)
  await t.rejects(sync('/tmp', { owner: 'a', dryRun: 1 } as object as SyncOptions), {
    code: 'ERR_INVALID_ARG_TYPE',
  })
})
