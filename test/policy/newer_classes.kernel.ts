// What decide says of the classes that Linux 6.1 does not mediate, against the kernel's answers and against the act.
// With APPARMOR_PARSER and --kernel 7.2 it is the second part of npm run test:policy: there the kernel mediates them all
// but mqueue. Elsewhere the compiler is told that it does, and the kernel still answers from the policy.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { features, isEnabled, profiles } from 'apparmor'
import { spawnSync } from 'apparmor/child_process'
import {
  decide,
  parseProfile,
  remove,
  type Policy,
  type Question,
  type SocketPermission,
} from 'apparmor/policy'
import t from 'tap'
import { parserVersion } from '#lib/policy/compile/parser.js'
import { byte, compareAnswers, type Asked, type Classes } from '../support/kernel_answers.ts'
import { Random } from '../support/random.ts'

const NAME = 'apparmor-test-newer'
const random = new Random(13)
const pick = random.pick.bind(random)
const { APPARMOR_PARSER: asked } = process.env
const program = asked ?? 'apparmor_parser'
const [version = 0] = await parserVersion(asked)

const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
t.teardown(async () => {
  for (const { label } of await profiles()) if (label === NAME) await remove({ profile: NAME })
  rmSync(dir, { recursive: true })
})

type Tree = ReturnType<typeof features>

const textOf = (tree: Tree): string =>
  Object.keys(tree)
    .sort()
    .map((name) => {
      const value = tree[name] as string | Tree
      return `${name} {${typeof value === 'string' ? value : textOf(value)}\n}\n`
    })
    .join('')

const own = isEnabled() ? features() : {}
/** What the kernel itself does with what is asked here. */
const mediates = {
  dbus: 'dbus' in own,
  unix: 'network_v9' in own,
  mqueue: 'ipc' in own,
  userns: String((own.namespaces as Tree | undefined)?.mask ?? '').includes('userns'),
  io_uring: 'io_uring' in own,
}

/** The kernel's features, and those that it lacks: they decide what is compiled. */
const set = join(dir, 'features')
writeFileSync(
  set,
  textOf({
    ...own,
    dbus: { mask: 'acquire send receive' },
    network: { ...(own.network as Tree | undefined), af_unix: 'yes' },
    ...(version >= 5 && {
      network_v9: { ...(own.network_v8 as Tree), af_unix: 'yes' },
    }),
    ipc: { posix_mqueue: 'create read write open delete setattr getattr' },
    namespaces: { ...(own.namespaces as Tree | undefined), mask: 'userns_create' },
    io_uring: { mask: 'sqpoll override_creds' },
  }),
)

function load(rules: string, own = false): Policy {
  const text = `${own ? 'abi <kernel>,\n' : ''}profile ${NAME} flags=(attach_disconnected) {\n${rules}\n}\n`
  const flags = own ? [] : ['-M', set]
  execFileSync(program, ['--config-file=/dev/null', ...flags, '-rK'], {
    input: text,
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  return parseProfile(text)
}

// Without AppArmor nothing of this can be asked.
t.before(async () => void load('', true))

const access = (): string => pick(['', '', '', '', 'audit ', 'audit ', 'deny ', 'audit deny '])
const maybe = (...words: readonly string[]): string => pick(['', ...words])

const TYPES = { stream: 1, dgram: 2, seqpacket: 5 } as const
const SOCKET_MASKS = {
  create: 0x10,
  bind: 0x200000,
  listen: 0x400000,
  accept: 0x100000,
  connect: 0x40,
  shutdown: 0x20,
  getattr: 0x200,
  setattr: 0x100,
  getopt: 0x2000000,
  setopt: 0x1000000,
  send: 2,
  receive: 4,
} as const
const PEER_ACTS: readonly string[] = ['connect', 'send', 'receive']
const SOCKETS = version >= 5 ? 15 : 14
const words = <T extends object>(table: T): readonly (keyof T & string)[] =>
  Object.keys(table) as (keyof T & string)[]

/** An address as the kernel matches it: an abstract one begins with a null byte, none is a byte of its own. */
const addressOf = (addr: string): string =>
  addr === 'none' ? '\x01' : addr === 'auto' ? '' : `\0${addr.slice(1)}`

function unixMatch(
  permission: keyof typeof SOCKET_MASKS,
  {
    type,
    addr,
    peerAddr,
    peerLabel,
  }: Record<'addr' | 'peerAddr' | 'peerLabel', string> & {
    type: keyof typeof TYPES
  },
): string {
  const socket = byte(SOCKETS, 0, 1, 0, TYPES[type], 0, 0)
  if (permission === 'create') return socket
  // The kernel chooses an address where bind is given none.
  if (permission === 'bind' && addr === 'auto') return `${socket}\0\0`
  const local = `${socket}${addressOf(addr)}\0\0`
  if (permission === 'listen') return `${local}\x02\0\0`
  if (permission === 'getopt' || permission === 'setopt') return `${local}\x04\0\0`
  if (!PEER_ACTS.includes(permission)) return local
  return `${local}\x01${addressOf(peerAddr)}\0${peerLabel}`
}

// Of one of the two options the compiler silences the denial of both.
const LOCAL = [
  '(create)',
  '(create, bind)',
  '(bind, listen)',
  '(getattr, getopt, setopt)',
  '(shutdown)',
]
const ADDRESSES = ['@a', '@ab', 'none']

const CLASSES: Classes = {
  dbus: {
    rule: () => {
      const bus = maybe('bus=session', 'bus=s*', 'bus=system')
      const message = [
        maybe('path=/a', 'path=/a/**', 'path=/{a,b}'),
        maybe('interface=i.j', 'interface=i.*'),
        maybe('member=m', 'member={m,n}'),
        maybe('peer=(name=n.o)', 'peer=(label=l)', 'peer=(name=n.* label=l*)'),
      ].join(' ')
      const rest = pick([
        `bind ${bus} ${maybe('name=n.o', 'name=n.*')}`,
        `eavesdrop ${bus}`,
        `${bus} ${maybe('name=n.*')}`,
        `${maybe('send', 'receive', '(send, receive)')} ${bus} ${message}`,
        `(send, bind) ${bus}`,
      ])
      return `${access()}dbus ${rest},`
    },
    pair: () => {
      const masks = { send: 2, receive: 4, eavesdrop: 32, bind: 64 } as const
      const permission = pick(words(masks))
      const bus = pick(['session', 'system'])
      const [name, path, member] = [pick(['n.o', 'n.p', 'x']), pick(['/a', '/a/b', '/c']), 'm']
      const [label, face] = [pick(['l', 'll', 'k']), pick(['i.j', 'i.k'])]
      const mask = masks[permission]
      if (permission === 'eavesdrop') {
        return { ask: { dbus: { permission, bus } }, match: byte(32) + bus, mask }
      }
      if (permission === 'bind') {
        return {
          ask: { dbus: { permission, bus, name } },
          match: `${byte(32)}${bus}\0${name}`,
          mask,
        }
      }
      return {
        ask: {
          dbus: {
            permission,
            bus,
            path,
            interface: face,
            member,
            peerName: name,
            peerLabel: label,
          },
        },
        match: byte(32) + [bus, name, label, path, face, member].join('\0'),
        mask,
      }
    },
  },
  unix: {
    rule: () => {
      const type = maybe('type=stream', 'type=dgram')
      const addr = maybe('addr=@a', 'addr=@a*', 'addr=none', 'addr=auto', 'addr=@{a,b}')
      const peer = maybe('peer=(addr=@a)', 'peer=(label=l)', 'peer=(addr=@a* label=l*)')
      return pick([
        `${access()}unix ${pick(LOCAL)} ${type} ${addr},`,
        `${access()}unix ${maybe('(connect)', '(send, receive)', '(accept)')} ${type} ${addr} ${peer},`,
        `${access()}unix ${type} ${addr},`,
        ...(random.below(8) === 0 ? [`network unix ${maybe('stream', 'dgram')},`] : []),
      ])
    },
    pair: () => {
      const permission = pick(words(SOCKET_MASKS))
      const addresses = permission === 'bind' ? [...ADDRESSES, 'auto'] : ADDRESSES
      const question = {
        type: pick(words(TYPES)),
        addr: pick(addresses),
        peerAddr: pick(ADDRESSES),
        peerLabel: pick(['l', 'll', 'k']),
      }
      return {
        ask: { unix: { permission, ...question } },
        match: unixMatch(permission, question),
        mask: SOCKET_MASKS[permission],
      }
    },
  },
  mqueue: {
    rule: () => {
      const permissions = maybe('(create, open)', '(read, write)', 'delete', '(getattr, setattr)')
      const what = pick(['', 'type=posix', '/a', '/a*', 'type=posix /{a,b}', 'type=sysv', '7'])
      const [type = '', name = ''] = what.startsWith('type') ? what.split(' ') : ['', what]
      return `${access()}mqueue ${permissions} ${type} ${maybe('label=l', 'label=l*')} ${name},`
    },
    pair: () => {
      const masks = {
        read: 4,
        write: 2,
        create: 0x10,
        delete: 0x20,
        open: 0x40,
        setattr: 0x100,
        getattr: 0x200,
      } as const
      const permission = pick(words(masks))
      const [mqueue, label] = [pick(['/a', '/ab', '/c']), pick(['l', 'll', 'k'])]
      return {
        ask: { mqueue, permission, label },
        match: `${byte(17)}${mqueue}\0${label}`,
        mask: masks[permission],
      }
    },
  },
  userns: {
    rule: () => `${random.below(4) > 0 ? 'signal' : `${access()}userns${maybe(' create')}`},`,
    pair: () => ({ ask: { userns: 'create' }, match: byte(21), mask: 8 }),
  },
  io_uring: {
    rule: () =>
      `${access()}io_uring ${maybe('sqpoll', 'override_creds', '(sqpoll, override_creds)')} ${maybe('label=l', 'label=l*')},`,
    pair: () => {
      const [permission, label] = [
        pick(['sqpoll', 'override_creds'] as const),
        pick(['l', 'll', 'k']),
      ]
      const sqpoll = permission === 'sqpoll'
      return {
        ask: { ioUring: permission, label },
        match: byte(22) + (sqpoll ? '' : label),
        mask: sqpoll ? 16 : 8,
      }
    },
  },
}
const KNOWN = version >= 4 ? CLASSES : { dbus: CLASSES.dbus, unix: CLASSES.unix }

t.test('what is decided is what the kernel answers, class by class', async (t) => {
  t.comment(
    `apparmor_parser ${version}, Linux ${release()}, which mediates: ${JSON.stringify(mediates)}`,
  )
  compareAnswers(t, KNOWN as Classes, { name: NAME, random, load: (rules) => load(rules) })
})

// Prints of each act "ok" or the number of its error.
const ACTS = String.raw`
use Socket;
my ($dir) = @ARGV;
sub act { my ($name, $done) = @_; print $name, " ", ($done ? "ok" : $! + 0), "\n" }
sub call { my ($number, @args) = @_; return syscall($number, @args) >= 0 }
# In a child of its own, since it cannot be undone.
sub apart { my $do = shift; my $child = open(my $pipe, "-|") // die; if (!$child) { print $do->() ? "ok" : $! + 0; exit }
  my $answer = <$pipe>; $! = $answer eq "ok" ? 0 : $answer; return $answer eq "ok" }
sub unixAddress { return pack("S", 1) . "\0NAME-" . shift }
sub bound { socket(my $s, 1, 1, 0) or return 0; return bind($s, unixAddress($_[0])) && listen($s, 1) }
sub chosen { socket(my $s, 1, 1, 0) or return 0; return bind($s, pack("S", 1)) }
sub connected { socket(my $s, 1, 1, 0) or return 0; return connect($s, unixAddress($_[0])) }
sub ring { my $params = pack("L3", 0, 0, $_[0]) . "\0" x 108; return call(425, 4, $params) }
act("stream", socket(my $a, 1, 1, 0));
act("dgram", socket(my $b, 1, 2, 0));
act("bind", bound("own"));
act("bind-other", bound("other"));
act("bind-any", chosen());
act("connect", connected("yes"));
act("connect-other", connected("no"));
act("userns", apart(sub { call(272, 0x10000000) }));
act("ring", ring(0));
act("sqpoll", ring(2));
act("queue", call(240, "NAME", 0102, 0600, 0));
`

const SERVER = String.raw`
for my $name ("yes", "no") { socket(my $s, 1, 1, 0); bind($s, pack("S", 1) . "\0NAME-$name") && listen($s, 9) or die $!; push @all, $s }
syswrite(STDOUT, "ready"); sleep
`

/** A process without a profile that listens at two addresses. */
async function startServer(): Promise<ChildProcess> {
  const server = spawn('perl', ['-e', SERVER.replaceAll('NAME', NAME)])
  await once(server.stdout, 'data')
  return server
}

t.test('a sample of each class is done, or refused, as it is decided', async (t) => {
  const server = await startServer()
  const sysctl = '/proc/sys/kernel/io_uring_disabled'
  const before = existsSync(sysctl) ? readFileSync(sysctl, 'utf8') : undefined
  if (before !== undefined) writeFileSync(sysctl, '0')
  t.teardown(async () => {
    if (before !== undefined) writeFileSync(sysctl, before)
    server.kill()
    await once(server, 'exit')
  })
  // Kernels that do not mediate queues take one for a file.
  const base = `/${NAME} rw, /{usr/,}{bin,lib}/** rmix, /etc/ld.so.* r, /dev/null rw, ${dir}/** rw,
    unix (send, receive) type=stream peer=(addr=none),
    unix (create, getopt, setopt, shutdown, getattr, setattr) type=stream,`
  const some = `${base}
    unix (bind, listen) type=stream addr=@${NAME}-own,
    unix (connect, send, receive) type=stream peer=(addr=@${NAME}-yes label=unconfined),
    ${version >= 4 ? 'userns, io_uring sqpoll, mqueue (create, open),' : ''}`
  const stream = { type: 'stream', peerLabel: 'unconfined' } as const
  const unix = (permission: SocketPermission, other: object = {}): Asked => ({
    unix: { permission, ...stream, ...other },
  })
  const at = (name: string): string => `@${NAME}-${name}`
  const acts: Readonly<Record<string, readonly [kind: keyof typeof mediates, ask: Asked]>> = {
    stream: ['unix', unix('create')],
    dgram: ['unix', unix('create', { type: 'dgram' })],
    bind: ['unix', unix('bind', { addr: at('own') })],
    'bind-other': ['unix', unix('bind', { addr: at('other') })],
    'bind-any': ['unix', unix('bind')],
    connect: ['unix', unix('connect', { peerAddr: at('yes') })],
    'connect-other': ['unix', unix('connect', { peerAddr: at('no') })],
    userns: ['userns', { userns: 'create' }],
    sqpoll: ['io_uring', { ioUring: 'sqpoll' }],
    queue: ['mqueue', { mqueue: `/${NAME}`, permission: 'create' }],
  }
  const asks =
    version >= 4 ? mediates : { ...mediates, userns: false, io_uring: false, unix: false }
  for (const rules of [some, base]) {
    const policy = load(rules, true)
    const { stdout, stderr } = spawnSync('perl', ['-e', ACTS.replaceAll('NAME', NAME), dir], {
      profile: NAME,
      encoding: 'utf8',
    })
    const lines = stdout.split('\n').map((line) => line.split(' ') as [string, string])
    const done = new Map(lines)
    const refused = new Set(['1', '13'])
    for (const [act, [kind, ask]] of Object.entries(acts)) {
      const outcome = done.get(act) ?? `not done: ${stderr}`
      const seen = refused.has(outcome) ? 'refused' : outcome
      const { allowed } = decide(policy, { profile: NAME, ...ask } as Question)
      const decided = allowed ? 'ok' : 'refused'
      // What a kernel mediates in part it may refuse no more than is decided; what it does not mediate, never.
      if (asks[kind]) t.equal(seen, decided, `${act}: as decided`)
      else if (kind !== 'unix' || allowed) t.equal(seen, 'ok', `${act}: not mediated here`)
    }
    t.equal(done.get('ring'), 'ok', 'a ring without a thread of the kernel needs no rule')
  }
})
