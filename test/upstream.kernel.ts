// What AppArmor's own regression tests assert of the kernel, true through this package.
import { execFileSync } from 'node:child_process'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { confineCommand } from 'apparmor'
import t from 'tap'
import { child, type Outcome, type Step } from './support/child.ts'
import { makeFiles } from './support/files.ts'
import { runProgram } from './support/program.ts'

const PROFILE = 'apparmor-test-upstream'
const OTHER = `${PROFILE}-other`
const COMPLAIN = `${PROFILE}-complain`
const INNER = `:${PROFILE}-ns:inner`
const MISSING = 'apparmor-test-missing'

t.setTimeout(300_000)

const { dir, denied, allowed } = makeFiles(t)
const other = join(dir, 'other')
writeFileSync(other, 'other')
const program = (name: string): string => {
  const path = join(dir, name)
  copyFileSync('/usr/bin/od', path)
  return path
}

const call = (name: string, ...args: readonly unknown[]): Step => ['call', name, ...args]
const change = (profile: string) => call('changeProfile', profile)
const onexec = (profile: string) => call('changeOnexec', profile)
const stack = (profile: string) => call('stackProfile', profile)
const getcon = call('getcon')
const own = (file = 'cat'): Step => ['spawn', file, '/proc/self/attr/current']
const read = (path: string): Step => ['read', path]
const NNP = { through: ['setpriv', '--no-new-privs'] }

const code = ({ ok, error }: Outcome) => (error ? error.code : ok)
const values = (...args: Parameters<typeof child>) => child(...args).map(code)
const components = (con: unknown) => (con as { label: string }).label.split('//&').sort()

t.test('change_profile', async (t) => {
  t.test('to a missing one: ENOENT; to a loaded one: its rules apply at once', async (t) => {
    const said = values([
      change(MISSING),
      read(denied),
      change(PROFILE),
      read(denied),
      read(allowed),
    ])
    t.match(said, ['ENOENT', 'denied', { label: PROFILE }, 'EACCES', 'allowed'])
  })
  t.test('confined: to a permitted one only', async (t) => {
    const [, refused, , permitted, ...reads] = values([
      change(PROFILE),
      change(COMPLAIN),
      getcon,
      change(OTHER),
      read(denied),
      read(other),
    ])
    t.match(refused, /^(EACCES|ENOENT)$/)
    t.match(permitted, { label: OTHER })
    t.strictSame(reads, ['denied', 'EACCES'])
  })
  t.test('to a child profile', async (t) => {
    const said = values([change(`${PROFILE}//part`), getcon, read(allowed), read(other)])
    t.match(said.slice(1), [{ label: `${PROFILE}//part`, mode: 'enforce' }, 'EACCES', 'other'])
  })
  t.test('into a namespace, in either way of writing', async (t) => {
    for (const name of [INNER, INNER.replace('ns:', 'ns://')]) {
      const [changed, con, ...reads] = values([change(name), getcon, read(denied), read(allowed)])
      t.match(changed, { mode: 'enforce' })
      t.match((con as { label: string }).label, /inner$/)
      t.strictSame(reads, ['EACCES', 'allowed'])
    }
  })
  t.test('to "&other": only what both permit', async (t) => {
    const [, changed, ...reads] = values([
      change(PROFILE),
      change(`&${OTHER}`),
      read(denied),
      read(other),
      read(allowed),
    ])
    t.strictSame(components(changed), [PROFILE, OTHER])
    t.strictSame(reads, ['EACCES', 'EACCES', 'allowed'])
  })
})

t.test('the profile of the next exec', async (t) => {
  const attached = program('apparmor-test-attached')
  const show = (file: string): Step => [
    'spawn',
    file,
    '-An',
    '-c',
    '-w99',
    '/proc/self/attr/current',
  ]
  const text = (outcome: unknown) => (outcome as { stdout: string }).stdout.replaceAll(/\s/g, '')
  const [before, missing, set, exec, con, mine, after, cat] = values([
    show(attached),
    onexec(MISSING),
    onexec(PROFILE),
    call('getProcAttr', 'exec'),
    getcon,
    read(denied),
    show(attached),
    ['spawn', 'cat', denied],
  ])
  t.match(text(before), /^apparmor-test-upstream-attached/, 'else the path decides')
  t.equal(missing, 'ENOENT')
  t.equal(set, null)
  t.match(exec, { label: PROFILE }, 'reads back')
  t.strictSame([con, mine], [{ label: 'unconfined', mode: null }, 'denied'], 'not before the exec')
  t.match(text(after), /^apparmor-test-upstream\(enforce\)/, 'overrides the path')
  t.match(cat, { status: 1 }, 'and denies')
})

t.test('stacking', async (t) => {
  t.test('on unconfined, and a stack is a set', async (t) => {
    const [first, again, second, ...reads] = values([
      stack(PROFILE),
      stack(PROFILE),
      stack(OTHER),
      read(denied),
      read(other),
      read(allowed),
    ])
    t.strictSame(components(first), [PROFILE, 'unconfined'])
    t.match(again, /^(EACCES|ENOENT)$|label/)
    t.strictSame(components(second), [PROFILE, OTHER, 'unconfined'])
    t.strictSame(reads, ['EACCES', 'EACCES', 'allowed'])
  })
  t.test('what enforces on what complains is mixed, and needs no rule', async (t) => {
    const [base, stacked, ...reads] = values([
      change(COMPLAIN),
      stack(PROFILE),
      read(denied),
      read(allowed),
    ])
    t.match(base, { mode: 'complain' })
    t.match(stacked, { mode: 'mixed' })
    t.strictSame(components(stacked), [PROFILE, COMPLAIN])
    t.strictSame(reads, ['EACCES', 'allowed'])
  })
  t.test('a namespace, in each way of writing: from inside, the rest is not seen', async (t) => {
    for (const name of [`:${PROFILE}-ns:`, `:${PROFILE}-ns://`, `:${PROFILE}-ns`]) {
      const [refused] = child([stack(name)])
      t.match(refused, { error: { code: 'ERR_INVALID_ARG_VALUE' } }, 'not without a name in it')
    }
    for (const name of [`:${PROFILE}-ns:unconfined`, `:${PROFILE}-ns://unconfined`]) {
      const [, stacked, ...reads] = values([
        change(PROFILE),
        stack(name),
        read(denied),
        read(allowed),
      ])
      t.match(stacked, { label: 'unconfined' }, name)
      t.strictSame(reads, ['EACCES', 'allowed'], 'and still denies')
    }
  })
  t.test('a profile of a namespace', async (t) => {
    const [stacked, ...reads] = values([stack(INNER), read(denied), read(allowed)])
    t.match(stacked, { label: 'inner', mode: 'enforce' })
    t.strictSame(reads, ['EACCES', 'allowed'])
  })
})

t.test('no_new_privs', async (t) => {
  const px = program('plain-to-profile')
  const ux = program('plain-unconfined')
  const ix = program('inherits')
  t.test('from unconfined everything is permitted', async (t) => {
    const [changed, denial, neighbour] = values([change(PROFILE), read(denied), read(allowed)], NNP)
    t.match([changed, denial, neighbour], [{ label: PROFILE }, 'EACCES', 'allowed'])
  })
  t.test('confined: no other profile, neither now nor by an exec', async (t) => {
    const [, changed, ...spawned] = values(
      [
        change(`${PROFILE}-exec`),
        change(OTHER),
        ['spawn', px, '/dev/null'],
        ['spawn', ux, '/dev/null'],
        ['spawn', ix, '/dev/null'],
      ],
      NNP,
    )
    t.match(changed, /^(EPERM|EACCES|ENOENT)$/)
    t.strictSame(spawned.slice(0, 2), ['EPERM', 'EPERM'], 'px, ux')
    t.match(spawned[2], { status: 0 }, 'but ix')
  })
  t.test('confined: a permitted one is refused with EPERM, a stacked one is not', async (t) => {
    const [, changed, before, stacked, ...reads] = values(
      [change(PROFILE), change(OTHER), read(other), stack(OTHER), read(other), read(allowed)],
      NNP,
    )
    t.strictSame([changed, before], ['EPERM', 'other'])
    t.strictSame(components(stacked), [PROFILE, OTHER])
    t.strictSame(reads, ['EACCES', 'allowed'])
  })
  t.test('confined: the profile of an exec is refused, too', async (t) => {
    const [, set, exec] = values([change(PROFILE), onexec(OTHER), call('getProcAttr', 'exec')], NNP)
    t.strictSame([set, exec], ['EPERM', null])
  })
})

t.test('unconfined has no mode', async (t) => {
  const [before, , after] = values([getcon, change(PROFILE), getcon])
  t.strictSame(before, { label: 'unconfined', mode: null })
  t.strictSame(after, { label: PROFILE, mode: 'enforce' })
})

t.test('a program that is executed into a namespace sees no prefix', async (t) => {
  const options = { profile: INNER }
  const script = `read -r con < /proc/self/attr/current; echo "$con"; read -r x < ${denied} || echo no; read -r x < ${allowed}; echo "$x"`
  const steps = [call('execve', '/bin/sh', ['-c', script], options)]
  const { stdout } = runProgram('child', [JSON.stringify(steps)])
  t.equal(stdout, 'inner (enforce)\nno\nallowed\n')
})

t.test('which transition makes an exec a secure one (AT_SECURE)', async (t) => {
  const names = [
    'secure-to-profile',
    'plain-to-profile',
    'secure-unconfined',
    'plain-unconfined',
    'inherits',
  ]
  const AT_SECURE = 23
  const auxv = (file: string): Step => [
    'spawn',
    file,
    '-An',
    '-v',
    '-tu8',
    '-w16',
    '/proc/self/auxv',
  ]
  const isSecure = (outcome: unknown) => {
    const lines = String((outcome as { stdout: string }).stdout).split('\n')
    const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number))
    return pairs.find(([key]) => key === AT_SECURE)?.[1]
  }
  const files = names.map(program)
  const [entered, ...plain] = values([change(`${PROFILE}-exec`), ...files.map(auxv)])
  t.match(entered, { label: `${PROFILE}-exec` })
  t.strictSame(Object.fromEntries(names.map((name, i) => [name, isSecure(plain[i])])), {
    'secure-to-profile': 1,
    'plain-to-profile': 0,
    'secure-unconfined': 1,
    'plain-unconfined': 0,
    inherits: 0,
  })
  const both = [program('onexec'), program('unsafe-onexec')]
  const onexecs = values([change(`${PROFILE}-exec`), onexec(OTHER), ...both.map(auxv)])
  t.strictSame(onexecs.slice(2).map(isSecure), [1, 0])
})

t.test(
  'a descriptor of an unconfined process stays, one of a confined one is checked again',
  async (t) => {
    const open: Step = ['open', denied]
    const readOpened: Step = ['readOpened', 3]
    const kept = values([open, change(PROFILE), readOpened, read(denied), read(allowed)])
    t.match(kept.slice(2), ['den', 'EACCES', 'allowed'])
    const file: Step = ['open', other]
    const checked = values([
      change(PROFILE),
      file,
      readOpened,
      change(OTHER),
      readOpened,
      read(allowed),
    ])
    t.match(checked.slice(2), ['oth', { label: OTHER }, 'EACCES', 'allowed'])
  },
)

t.test('a descriptor that an unconfined process passes on (SCM_RIGHTS) stays, too', async (t) => {
  // What runs here is unconfined and opens the file; what it starts is confined and receives it.
  const receiver = `
import os, socket, sys
[fd] = socket.recv_fds(socket.socket(fileno=int(sys.argv[2])), 1, 1)[1]
print(os.read(fd, 99).decode())
try:
    open(sys.argv[1])
except PermissionError as error:
    print(error.strerror)`
  const sender = `
import os, socket, subprocess, sys
own, other = socket.socketpair()
socket.send_fds(own, [b"x"], [os.open(sys.argv[1], os.O_RDONLY)])
subprocess.run(sys.argv[2:] + [str(other.fileno())], pass_fds=[other.fileno()])`
  const { file, args } = confineCommand(PROFILE, 'python3', ['-c', receiver, denied])
  const said = execFileSync('python3', ['-c', sender, denied, file, ...args], { encoding: 'utf8' })
  t.equal(said, 'denied\nPermission denied\n')
})

t.test('a name of any byte that the kernel lets be loaded', async (t) => {
  // 0 ends a name, a newline the kernel's list of names; the others mean something to the parser.
  const special = Buffer.from('\n/\\*,?[]^{}')
  const bytes = Array.from({ length: 255 }, (_, i) => i + 1).filter((b) => !special.includes(b))
  const octal = (byte: number): string => `\\${byte.toString(8).padStart(3, '0')}`
  const input = bytes
    .map(
      (b) =>
        `profile "apparmor-test-byte${octal(b)}end" { file, unix, signal, change_profile, deny /**/denied r, }`,
    )
    .join('\n')
  execFileSync('apparmor_parser', ['-r', '-K'], { input })
  t.teardown(() => execFileSync('apparmor_parser', ['-R', '-K'], { input }))
  const names = bytes.map(
    (b) => `apparmor-test-byte${String.fromCharCode(b < 128 ? b : 0xdc00 + b)}end`,
  )
  const said = values([
    read(denied),
    ...names.map((name) => call('changeProfile', name, { scope: 'thread' })),
    read(denied),
    read(allowed),
  ])
  t.strictSame(
    said.slice(1, -2).map((report) => (report as { label?: string }).label ?? report),
    names,
  )
  t.strictSame([said[0], ...said.slice(-2)], ['denied', 'EACCES', 'allowed'])
})

t.test('own label of a child', async (t) => {
  const [before, , after] = values([own(), change(PROFILE), own()])
  t.match(before, { stdout: 'unconfined\n' })
  t.match(after, { stdout: `${PROFILE} (enforce)\n` }, 'a child inherits it')
})
