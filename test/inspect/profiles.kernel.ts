import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { processes, profiles, type LoadedProfile } from 'apparmor'
import t from 'tap'
import { afterScript, child } from '../support/child.ts'

const INTERFACE = '/sys/kernel/security/apparmor'
const PREFIX = 'apparmor-test-listed'
const MANY = 300
const MODES = ['enforce', 'complain', 'kill', 'unconfined'] as const
// As bytes, and as the package gives them: what is not UTF-8 as lone surrogates. apparmor_parser keeps
// the escape of a backslash in the name.
const HOSTILE: Readonly<Record<string, string>> = {
  'quote"d': 'quote"d',
  'back\\slash': 'back\\\\slash',
  ' with  spaces': ' with  spaces',
  '(odd) (enforce)': '(odd) (enforce)',
  'new\nline (kill)\nfake': 'new\nline (kill)\nfake',
  '\xff\xfe latin': '\udcff\udcfe latin',
  '\xc3\xa4 and \xff': 'ä and \udcff',
  '": "enforce", "b': '": "enforce", "b',
}
const HOSTILE_COUNT = Object.keys(HOSTILE).length

const quoted = (name: string): string =>
  `"${name.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`

const MODEST = [
  ...Array.from({ length: MANY }, (_, i) => {
    const flags = i % 4 === 0 ? '' : `flags=(${MODES[i % 4]}) `
    return `profile ${PREFIX}-${i} ${flags}{}\n`
  }),
  `profile /opt/${PREFIX} {}\n`,
  `profile ${PREFIX}-parent { hat ${PREFIX}-hat {} profile inner { } }\n`,
].join('')
const MODEST_COUNT = MANY + 4
const NASTY = Object.keys(HOSTILE)
  .map((name) => `profile ${quoted(`${PREFIX} ${name}`)} {}\n`)
  .join('')

const parser = (how: '-r' | '-R', policy: string) =>
  spawnSync('apparmor_parser', [how, '-K', '-O', 'no-expr-simplify'], {
    input: Buffer.from(policy, 'latin1'),
  })
const compiled = (policy: string): Buffer =>
  execFileSync('apparmor_parser', ['-S', '-K'], { input: policy })

let loaded: readonly LoadedProfile[] = []
// What the kernel makes itself for a program in complain mode, and frees some time after its end: each
// test before this one may have left some.
const learned = (line: string) => line.includes('//null-')
const ours = (list = loaded) => list.filter(({ label }) => label.includes(PREFIX))
const named = (label: string) => loaded.find((profile) => profile.label === label)

parser('-r', MODEST)
t.teardown(() => parser('-R', MODEST + NASTY))

t.test('every one of many, of each mode', async (t) => {
  loaded = await profiles()
  t.equal(ours().length, MODEST_COUNT)
  for (let i = 0; i < MANY; i++) t.equal(named(`${PREFIX}-${i}`)?.mode, MODES[i % 4])
})

t.test('the same as aa-status --json, where names let that be JSON', async (t) => {
  const { stdout } = spawnSync('aa-status', ['--json'], { encoding: 'utf8' })
  const [list = ''] = /"profiles": (\{.*\}), "processes"/.exec(stdout)?.slice(1) ?? []
  const theirs = Object.fromEntries(
    Object.entries(JSON.parse(list) as Record<string, string>).filter(([name]) => !learned(name)),
  )
  const own = loaded.map(({ label, mode }) => [label.replace(/^(:[^:]+:)\/\//, '$1'), mode])
  t.strictSame(Object.fromEntries(own), theirs)
})

t.test('a hat and a child have a parent, a name that is a path its attachment', async (t) => {
  const hash = /^sha(1|256):[0-9a-f]{40,64}$/
  const parent = `${PREFIX}-parent`
  const common = { namespace: null, mode: 'enforce', hash, parent: null, attachment: null }
  t.match(named(parent), { ...common, name: parent })
  t.match(named(`${parent}//inner`), { ...common, name: `${parent}//inner`, parent })
  t.match(named(`${parent}//${PREFIX}-hat`), {
    ...common,
    name: `${parent}//${PREFIX}-hat`,
    parent,
  })
  t.match(named(`/opt/${PREFIX}`), { ...common, attachment: `/opt/${PREFIX}` })
})

t.test('hash and directory are those of the kernel', async (t) => {
  const some = ours().slice(0, 20)
  t.equal(some.length, 20)
  for (const { directory, hash, name, parent } of some) {
    const [algorithm = '', value] = hash?.split(':') ?? []
    const read = (file: string) => readFileSync(join(INTERFACE, directory, file), 'utf8').trim()
    t.equal(read(algorithm), value)
    t.equal(parent === null ? read('name') : `${parent}//${read('name')}`, name)
  }
})

t.test(
  'names with quotes, brackets, newlines and bytes that are not UTF-8 are exact',
  async (t) => {
    parser('-r', NASTY)
    loaded = await profiles()
    t.equal(ours().length, MODEST_COUNT + HOSTILE_COUNT)
    for (const name of Object.values(HOSTILE)) {
      const found = named(`${PREFIX} ${name}`)
      t.match(found, { mode: 'enforce', parent: null, namespace: null }, JSON.stringify(name))
    }
    const { stdout } = spawnSync('aa-status', ['--json'], { encoding: 'utf8' })
    t.throws(() => JSON.parse(stdout), SyntaxError, 'unlike those of aa-status')
  },
)

t.test('nested namespaces, and a profile in one as it sees itself', async (t) => {
  const outer = `${INTERFACE}/policy/namespaces/${PREFIX}-a`
  const inner = `${outer}/namespaces/b`
  mkdirSync(outer)
  mkdirSync(inner)
  t.teardown(() => {
    rmdirSync(inner)
    rmdirSync(outer)
  })
  writeFileSync(
    `${outer}/.replace`,
    compiled('profile web flags=(attach_disconnected) { file, unix, signal, }\n'),
  )
  writeFileSync(`${inner}/.replace`, compiled('profile web flags=(complain) { hat h {} }\n'))
  loaded = await profiles()
  const [a, b] = [`${PREFIX}-a`, `${PREFIX}-a//b`]
  t.match(named(`:${a}://web`), { namespace: a, name: 'web', mode: 'enforce', parent: null })
  t.match(named(`:${b}://web`), { namespace: b, name: 'web', mode: 'complain', parent: null })
  t.match(named(`:${b}://web//h`), { namespace: b, name: 'web//h', parent: 'web' })

  const [, , list] = child([
    ['call', 'changeProfile', `:${a}:web`],
    ['call', 'getcon'],
    ['call', 'profiles'],
  ])
  t.strictSame(
    (list?.ok as typeof loaded).map(({ label }) => label),
    ['web', ':b://web', ':b://web//h'],
    'from within, that namespace is one’s own and no other is seen',
  )
})

t.test(
  'a profile that the kernel makes in complain mode was never loaded: not listed',
  async (t) => {
    const learner = spawn('aa-exec', ['-p', `${PREFIX}-1`, '--', 'sh', '-c', 'echo up; exec cat'])
    t.teardown(() => learner.kill())
    await once(learner.stdout, 'data')
    const label = (await processes({ pid: learner.pid as number }))[0]?.label ?? ''
    t.match(label, /^apparmor-test-listed-1\/\/null-/)
    t.match(readFileSync(`${INTERFACE}/profiles`, 'latin1'), `${label} (complain)\n`)
    loaded = await profiles()
    t.equal(named(`${PREFIX}-1`)?.mode, 'complain')
    t.notOk(loaded.some((profile) => learned(profile.label)))
  },
)

t.test('as the kernel’s flat list has them', async (t) => {
  const flat = readFileSync(`${INTERFACE}/profiles`, 'latin1')
  loaded = await profiles()
  for (const { name, namespace, mode } of loaded) {
    if (/[^\0-\x7f]/.test(name)) continue
    const label = namespace === null ? name : `:${namespace}:${name}`
    t.ok(flat.includes(`${label} (${mode})\n`), label)
  }
  const lines = (text: string) =>
    text
      .split('\n')
      .slice(0, -1)
      .filter((line) => !learned(line)).length
  const inNames = loaded.reduce((sum, { name }) => sum + lines(name), 0)
  t.equal(lines(flat), loaded.length + inNames, 'and no more')
})

t.test('the kernel’s mode "user" is prompt', async (t) => {
  // apparmor_parser cannot write it before version 4: the mode of flags=(unconfined), made one more
  const blob = compiled(`profile ${PREFIX}-prompt flags=(unconfined) {}\n`)
  const flags = blob.indexOf('flags\0')
  const mode = flags + 6 + 1 + 5 + 1 // a struct, its first number, and the tag of the second
  t.equal(blob[mode], 3)
  blob[mode] = 4
  try {
    writeFileSync(`${INTERFACE}/.replace`, blob)
  } catch (error) {
    t.match(error, { code: 'EPROTO' }, 'a kernel that has no such mode')
    return
  }
  t.teardown(() => parser('-R', `profile ${PREFIX}-prompt {}\n`))
  t.match(
    (await profiles()).filter(({ name }) => name === `${PREFIX}-prompt`),
    [{ mode: 'prompt' }],
  )
})

t.test('a change is seen at once', async (t) => {
  const extra = `profile ${PREFIX}-extra { }\n`
  const count = async () =>
    (await profiles()).filter(({ name }) => name === `${PREFIX}-extra`).length
  t.equal(await count(), 0)
  parser('-r', extra)
  t.equal(await count(), 1)
  parser('-R', extra)
  t.equal(await count(), 0)
})

t.test('profiles that come and go meanwhile do not disturb', async (t) => {
  const extra = `profile ${PREFIX}-extra { }\n`
  const writer = `for i in 1 2 3 4 5; do
    echo '${extra}' | apparmor_parser -r -K; echo '${extra}' | apparmor_parser -R -K; done`
  const busy = spawn('sh', ['-c', writer], { stdio: 'ignore' })
  let looks = 0
  for (; busy.exitCode === null; looks++) {
    const found = (await profiles()).filter(({ name }) => name !== `${PREFIX}-extra`)
    if (found.length !== loaded.length) t.fail(`${found.length} of ${loaded.length}`)
  }
  t.ok(looks > 1)
})

t.test('any user sees them; without securityfs the error says why', async (t) => {
  const user = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  const [found] = child([['call', 'profiles']], { through: user })
  t.equal(ours(found?.ok as typeof loaded).length, ours().length)
  t.ok(readdirSync(`${INTERFACE}/policy/profiles`).length > 0, 'it is there')
  const through = afterScript('umount -l /sys/kernel/security', 'unshare', '-m')
  const [none] = child([['call', 'profiles']], { through })
  t.match(none, { error: { name: 'AppArmorError', code: 'ENOENT', syscall: 'aa_find_mountpoint' } })
})
