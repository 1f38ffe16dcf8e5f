import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  statSync,
} from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { nameFault } from '#lib/border/name.js'
import { decode } from '#lib/border/text.js'
import { run, STAGE, STATUS } from '../support/launcher.ts'
import { NAMELESS_TEXT } from '../support/names.ts'

const { EBADF, EINVAL, ENAMETOOLONG, EPERM } = constants.errno

t.setTimeout(120_000)

// No profile has this name, so every well-formed call must be refused, with or without AppArmor.
const MISSING = 'apparmor-test-missing'

const build = (out: string, arch: string = process.arch): string =>
  execFileSync(process.execPath, ['tools/build-launcher.js', '--out', out, '--arch', arch], {
    encoding: 'utf8',
  }).trim()

const has = (command: string): boolean => spawnSync(command, ['--version']).status === 0

const dir = t.testdir()
const launcher = build(dir)
const marker = join(dir, 'marker')
const TARGET = ['--', '/usr/bin/touch', marker]

const PT = { load: 1, dynamic: 2, interp: 3, gnuStack: 0x6474e551 }
const PF = { execute: 1, write: 2 }

function readElf(file: string) {
  const elf = readFileSync(file)
  const at = Number(elf.readBigUInt64LE(32))
  const size = elf.readUInt16LE(54)
  const segments = Array.from({ length: elf.readUInt16LE(56) }, (_, i) => ({
    type: elf.readUInt32LE(at + i * size),
    flags: elf.readUInt32LE(at + i * size + 4),
  }))
  return { type: elf.readUInt16LE(16), machine: elf.readUInt16LE(18), segments, size: elf.length }
}

const ARCHES = [
  { arch: 'x64', machine: 62, cross: has('x86_64-linux-gnu-gcc') },
  {
    arch: 'arm64',
    machine: 183,
    cross: has('aarch64-linux-gnu-gcc') || (has('clang') && has('ld.lld')),
  },
]

for (const { arch, machine, cross } of ARCHES) {
  const skip = arch !== process.arch && !cross && 'no cross compiler'

  t.test(`the ${arch} launcher is static, small, and has no writable code`, { skip }, async (t) => {
    const elf = readElf(build(t.testdir(), arch))
    t.equal(elf.machine, machine)
    t.equal(elf.type, 2, 'ET_EXEC: nothing to relocate')
    t.ok(elf.size <= 4096, `${elf.size} bytes`)
    const types = elf.segments.map((segment) => segment.type)
    t.notOk(types.includes(PT.interp), 'no dynamic loader')
    t.notOk(types.includes(PT.dynamic), 'no dynamic section')
    t.equal(types.filter((type) => type === PT.load).length, 1, 'one segment')
    t.ok(types.includes(PT.gnuStack), 'says what the stack may do')
    for (const { type, flags } of elf.segments) {
      t.notOk(flags & PF.write && flags & PF.execute, 'never both writable and executable')
      if (type === PT.gnuStack) t.notOk(flags & PF.execute, 'the stack is not executable')
    }
  })

  t.test(`the ${arch} launcher builds to the same bytes again`, { skip }, async (t) => {
    const out = t.testdir()
    const [one, two] = [build(join(out, '1'), arch), build(join(out, '2'), arch)]
    t.ok(readFileSync(one).equals(readFileSync(two)))
    t.equal(statSync(one).mode & 0o7777, 0o755)
  })
}

t.test(
  'the arm64 launcher refuses like the x64 one',
  {
    skip: !ARCHES[1]?.cross || !has('qemu-aarch64-static') ? 'no cross compiler or no qemu' : false,
  },
  async (t) => {
    const options = { through: ['qemu-aarch64-static'] }
    const arm = build(t.testdir(), 'arm64')
    const refused = run(arm, ['profile', MISSING, STATUS, ...TARGET], options)
    t.equal(refused.status, 126)
    t.equal(refused.report?.stage, STAGE.onexec)
    const invalid = run(arm, ['profile', MISSING, STATUS, 'uid=-1', ...TARGET], options)
    t.strictSame(invalid.report, { stage: STAGE.arguments, errno: EINVAL })
    t.match(
      run(arm, [], options).stderr,
      /^apparmor-launcher: invalid arguments: errno 22 \(EINVAL\)\n$/,
    )
  },
)

t.test('a profile that cannot be set: the target is not executed', async (t) => {
  for (const verb of ['profile', 'stack']) {
    const result = run(launcher, [verb, MISSING, STATUS, ...TARGET])
    t.equal(result.status, 126)
    t.equal(result.report?.stage, STAGE.onexec)
    t.ok(result.report && result.report.errno > 0)
    t.equal(result.stdout + result.stderr, '', 'with a status descriptor, nothing else is written')
  }
})

t.test('without a status descriptor there is one line on stderr', async (t) => {
  const result = run(launcher, ['profile', MISSING, ...TARGET])
  t.equal(result.report, null)
  t.match(
    result.stderr,
    /^apparmor-launcher: cannot set the profile 'apparmor-test-missing' for exec: errno \d+ \(E[A-Z]+\)\n$/,
  )
})

t.test('a hostile name cannot write to the terminal', async (t) => {
  const { stderr } = run(launcher, ['profile', 'x\r\x1b[2J\u009b\x7fy', ...TARGET])
  t.match(
    stderr,
    /^apparmor-launcher: cannot set the profile 'x\?\?\[2J\?\?\?y' for exec: [ -~]+\n$/,
  )
})

t.test('wrong arguments are refused', async (t) => {
  const valid = ['profile', 'x']
  const cases: Record<string, readonly string[]> = {
    'an unknown command': ['changeprofile', 'x', STATUS, ...TARGET],
    'a command that only begins right': ['profiles', 'x', STATUS, ...TARGET],
    'an empty name': ['profile', '', STATUS, ...TARGET],
    'a name with nothing in it, ":"': ['profile', ':', STATUS, ...TARGET],
    'a name with nothing in it, ": & :"': ['stack', ': \t&\v:', STATUS, ...TARGET],
    ...Object.fromEntries(
      NAMELESS_TEXT.map((name) => [`the name ${name}`, ['profile', name, STATUS, ...TARGET]]),
    ),
    'a newline in the name': ['profile', 'x\ny', STATUS, ...TARGET],
    'no file': [...valid, STATUS, '--'],
    'no separator': [...valid, STATUS, '/usr/bin/touch', marker],
    'an unknown option': [...valid, STATUS, 'nice=1', ...TARGET],
    'an option without a value': [...valid, STATUS, 'uid', ...TARGET],
    'argv0 twice': [...valid, STATUS, 'argv0=a', 'argv0=b', ...TARGET],
    'status twice': [...valid, STATUS, STATUS, ...TARGET],
    'the status descriptor after what is wrong': ['', '', STATUS, ...TARGET],
  }
  for (const option of ['uid', 'gid', 'device', 'inode']) {
    for (const number of [
      '',
      '-1',
      '+1',
      ' 1',
      '1 ',
      '0x1',
      '01',
      '1e3',
      '4294967295',
      '4294967296',
    ])
      cases[`${option}=${number}`] = [...valid, STATUS, `${option}=${number}`, ...TARGET]
    if (option !== 'uid' && option !== 'gid') continue // another file: not on that descriptor
    cases[`${option} twice`] = [...valid, STATUS, `${option}=0`, `${option}=0`, ...TARGET]
    cases[`${option} of 25 digits`] = [...valid, STATUS, `${option}=${'1'.repeat(25)}`, ...TARGET]
  }
  for (const [name, args] of Object.entries(cases)) {
    const { report, status } = run(launcher, args)
    t.strictSame(report, { stage: STAGE.arguments, errno: EINVAL }, name)
    t.equal(status, 126)
  }
})

t.test('a name is at most what the kernel takes in one write', async (t) => {
  for (const [verb, most] of [
    ['profile', 4091],
    ['stack', 4090],
  ] as const) {
    const at = (size: number) => run(launcher, [verb, 'n'.repeat(size), STATUS, ...TARGET]).report
    t.equal(at(most)?.stage, STAGE.onexec)
    t.strictSame(at(most + 1), { stage: STAGE.arguments, errno: ENAMETOOLONG })
  }
})

t.test('a status descriptor that is not open is refused, on stderr', async (t) => {
  const { report, status, stderr } = run(launcher, ['profile', MISSING, 'status=99', ...TARGET])
  t.equal(status, 126)
  t.equal(report, null)
  t.equal(stderr, `apparmor-launcher: invalid arguments: errno ${EBADF} (EBADF)\n`)
})

t.test('a status descriptor that is another file is refused, on stderr', async (t) => {
  const file = join(t.testdir(), 'report')
  const fd = openSync(file, 'w')
  t.teardown(() => closeSync(fd))
  const { dev, ino } = fstatSync(fd)
  const launch = (device: number, inode: number) => {
    const is = [`device=${device}`, `inode=${inode}`]
    const { status, stderr } = spawnSync(launcher, ['profile', MISSING, STATUS, ...is, ...TARGET], {
      stdio: ['ignore', 'pipe', 'pipe', fd],
      encoding: 'utf8',
    })
    t.equal(status, 126)
    return stderr
  }
  for (const [device, inode] of [
    [dev, ino + 1],
    [dev + 1, ino],
  ] as const) {
    t.match(launch(device, inode), /^apparmor-launcher: invalid arguments: errno 9 \(EBADF\)\n$/)
    t.equal(statSync(file).size, 0, 'nothing is written there')
  }
  t.equal(launch(dev, ino), '')
  t.equal(statSync(file).size, 8, 'a report is, where it is the one')
})

t.test('a status descriptor that nobody reads changes nothing', async (t) => {
  const script = 'exec 5> >(:); wait $!; exec "$@"'
  const through = ['bash', '-c', script, 'bash']
  const { status, stderr } = run(launcher, ['profile', MISSING, 'status=5', ...TARGET], { through })
  t.equal(status, 126, 'not killed by SIGPIPE')
  t.match(stderr, /^apparmor-launcher: cannot set the profile /)
})

t.test(
  'set-uid and set-gid are refused',
  { skip: process.getuid?.() !== 0 && 'needs root to make the files' },
  async (t) => {
    const copy = join(t.testdir(), 'launcher')
    copyFileSync(launcher, copy)
    for (const mode of [0o4755, 0o2755]) {
      chownSync(copy, 65534, 65534)
      chmodSync(copy, mode)
      const { report, status, stderr } = run(copy, ['profile', MISSING, STATUS, ...TARGET])
      t.equal(status, 126)
      t.equal(report, null, 'not even the descriptor that it names is touched')
      t.equal(
        stderr,
        `apparmor-launcher: refuses to run set-uid or set-gid: errno ${EPERM} (EPERM)\n`,
      )
    }
  },
)

// An independent statement of the command line's rules.
function stageOf(args: readonly string[]): number {
  const [verb, name, ...rest] = args
  if (verb !== 'profile' && verb !== 'stack') return STAGE.arguments
  const bytes = Buffer.from(name ?? '')
  if (bytes.includes(10) || bytes.length > 4000) return STAGE.arguments
  if (nameFault(decode(bytes.toString('latin1'))) !== undefined) return STAGE.arguments
  const end = rest.indexOf('--')
  if (end < 0 || end + 1 === rest.length) return STAGE.arguments
  const seen = new Set<string>()
  for (const option of rest.slice(0, end)) {
    const [, key = '', value = ''] =
      /^(status|device|inode|uid|gid|argv0)=([^]*)$/.exec(option) ?? []
    if (key === '' || seen.has(key)) return STAGE.arguments
    seen.add(key)
    if (key === 'argv0') continue
    if (!/^(0|[1-9]\d*)$/.test(value) || BigInt(value) >= 0xffffffffn) return STAGE.arguments
  }
  return STAGE.onexec
}

t.test('no arguments whatever get the target executed', async (t) => {
  const noNul = (text: string) => text.replaceAll('\0', '')
  const text = fc.string({ unit: 'binary', maxLength: 12 }).map(noNul)
  const verb = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('profile', 'stack') },
    { weight: 1, arbitrary: fc.constantFrom('', 'exec', 'profile ', 'PROFILE', '--') },
    { weight: 1, arbitrary: text },
  )
  const name = fc.oneof(
    { weight: 4, arbitrary: text.map((rest) => `${MISSING}${rest}`) },
    { weight: 1, arbitrary: text.map((rest) => `${rest}${MISSING}`) },
    { weight: 1, arbitrary: fc.constantFrom('', ' ', '\n', '\xa0', 'à', '&', ':', `&${MISSING}`) },
  )
  const number = fc.oneof(
    fc.nat({ max: 0xffffffff }).map(String),
    fc.constantFrom('0', '00', '4294967294', '4294967295', '18446744073709551616', '-0', '1.0', ''),
    text,
  )
  const option = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.tuple(fc.constantFrom('uid=', 'gid='), number).map((a) => a.join('')),
    },
    { weight: 2, arbitrary: text.map((value) => `argv0=${value}`) },
    { weight: 1, arbitrary: fc.constantFrom('-', '', 'status=', STATUS, 'uid', 'UID=0', 'uid==0') },
    { weight: 1, arbitrary: text },
  )
  const tail = fc.oneof(
    { weight: 8, arbitrary: fc.array(text, { maxLength: 3 }).map((rest) => [...TARGET, ...rest]) },
    { weight: 1, arbitrary: fc.constantFrom([], ['--'], ['--', ''], TARGET.slice(1)) },
  )
  const line = fc
    .tuple(verb, name, fc.array(option, { maxLength: 4 }), tail)
    .map(([verb, name, options, tail]) => [verb, name, STATUS, ...options, ...tail])

  fc.assert(
    fc.property(line, (args) => {
      const result = run(launcher, args)
      // Node hands over well-formed UTF-8 only, so the model sees what the launcher sees.
      const expected = stageOf(args.map((arg) => Buffer.from(arg).toString()))
      return (
        result.status === 126 &&
        result.report?.stage === expected &&
        result.report.errno > 0 &&
        result.stdout + result.stderr === '' &&
        !existsSync(marker)
      )
    }),
    { numRuns: 300 },
  )
  t.pass('300 command lines')
})

t.test('in none of these tests the target was executed', async (t) => {
  t.notOk(existsSync(marker))
})
