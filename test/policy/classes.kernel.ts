// What decide says of the classes beside files, against the kernel: asked by aa_query_label, and by the act itself.
import { execFileSync, spawn as spawnPlain } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { profiles } from 'apparmor'
import { spawn, spawnSync } from 'apparmor/child_process'
import {
  decide,
  parseProfile,
  remove,
  transitions,
  type Policy,
  type Question,
} from 'apparmor/policy'
import t from 'tap'
import { byte, compareAnswers, type Asked, type Classes } from '../support/kernel_answers.ts'
import { Random } from '../support/random.ts'

const NAME = 'apparmor-test-classes'
const PEER = `${NAME}-peer`
const random = new Random(11)
const pick = random.pick.bind(random)

const READ = 4
const WRITE = 2

// As the kernel numbers them (security/apparmor/include/sig_names.h), its own classes and its flags of mounts.
const SIGNALS = { hup: 1, int: 2, kill: 9, usr1: 10, term: 15, urg: 23, winch: 28 } as const
const FAMILIES = { unix: 1, inet: 2, inet6: 10, netlink: 16, packet: 17 } as const
const TYPES = { stream: 1, dgram: 2, raw: 3, seqpacket: 5 } as const
const FLAGS = { ro: 1, nosuid: 2, nodev: 3, noexec: 4, bind: 13 } as const
const [PTRACE, SIGNAL, NETWORK, MOUNT, FILE] = [9, 10, 14, 7, 2]

const LABELS = ['unconfined', 'a', 'ab', 'a//b', 'c']
const PEERS = [
  '',
  ' peer=a',
  ' peer=a*',
  ' peer=unconfined',
  ' peer=a//b',
  ' peer={a,c}',
  ' peer=**',
]
const keys = <T extends object>(table: T): readonly (keyof T)[] => Object.keys(table) as (keyof T)[]
const access = (): string => pick(['', '', '', 'deny ', 'audit ', 'audit deny '])

const CLASSES: Classes = {
  signal: {
    rule: () => {
      const set = pick(['', ' set=(hup, int)', ' set=(kill)', ' set=(usr1, term, winch)'])
      return `${access()}signal${pick(['', ' send', ' receive', ' (send, receive)'])}${set}${pick(PEERS)},`
    },
    pair: () => {
      const [signal, peer] = [pick(keys(SIGNALS)), pick(LABELS)]
      const permission = pick(['send', 'receive'] as const)
      return {
        ask: { signal, permission, peer },
        match: byte(SIGNAL, SIGNALS[signal]) + peer,
        mask: permission === 'send' ? WRITE : READ,
      }
    },
  },
  ptrace: {
    rule: () =>
      `${access()}ptrace${pick(['', ' read', ' trace', ' (read, tracedby)', ' readby'])}${pick(PEERS)},`,
    pair: () => {
      const masks = { read: READ, trace: WRITE, tracedby: 8, readby: 16 } as const
      const [permission, peer] = [pick(keys(masks)), pick(LABELS)]
      return {
        ask: { ptrace: permission, peer },
        match: byte(PTRACE) + peer,
        mask: masks[permission],
      }
    },
  },
  network: {
    rule: () => {
      const what = pick([
        '',
        ' inet',
        ' inet stream',
        ' tcp',
        ' udp',
        ' inet6 dgram',
        ' netlink raw',
        ' packet',
        ' unix stream',
        ' inet tcp',
      ])
      return `${pick(['', '', 'deny ', 'audit '])}network${what},`
    },
    pair: () => {
      const [family, type] = [pick(keys(FAMILIES)), pick(keys(TYPES))]
      return {
        ask: { network: { family, type } },
        match: byte(NETWORK, 0, FAMILIES[family], 0, TYPES[type]),
        mask: 16,
      }
    },
  },
  mount: {
    rule: () => {
      const fstype = pick(['', ' fstype=tmpfs', ' fstype=(tmpfs, proc)', ' fstype=t*'])
      const options = pick([
        '',
        ' options=(nosuid)',
        ' options=(ro, nodev)',
        ' options in (ro, nosuid)',
        ' options=(rw)',
      ])
      return `${access()}mount${fstype}${options}${pick(['', ' none', ' /dev/*', ' **'])} -> ${pick(['/mnt/', '/mnt/*/', '/mnt/{a,b}/', '/**'])},`
    },
    pair: () => {
      const options = keys(FLAGS).filter((one) => one !== 'bind' && random.below(3) === 0)
      const [source, mountpoint, fstype] = [
        pick(['none', '/dev/a', 'x']),
        pick(['/mnt/', '/mnt/a/', '/mnt/c/', '/srv/a/']),
        pick(['tmpfs', 'proc', 'ext4']),
      ]
      return {
        ask: { mount: { source, mountpoint, fstype, options } },
        match: `${byte(MOUNT)}${mountpoint}\0${source}\0${fstype}\0${byte(...options.map((one) => FLAGS[one]))}`,
        mask: 2,
      }
    },
  },
  umount: {
    rule: () => `${access()}umount ${pick(['/mnt/', '/mnt/*/', '/mnt/{a,b}/', '/**'])},`,
    pair: () => {
      const umount = pick(['/mnt/', '/mnt/a/', '/mnt/c/', '/srv/a/'])
      return { ask: { umount }, match: byte(MOUNT) + umount, mask: 4 }
    },
  },
  change_profile: {
    rule: () =>
      `${pick(['', '', 'deny '])}change_profile${pick([' -> a', ' -> a*', ' -> a//b', ' -> {a,c}', ' -> **', ' -> a**'])},`,
    pair: () => {
      const changeProfile = pick(LABELS)
      return {
        ask: { changeProfile },
        match: byte(FILE) + changeProfile,
        mask: 0x40000000,
        silent: true,
      }
    },
  },
}

function load(name: string, text: string): Policy {
  const policy = `abi <kernel>,\nprofile ${name} {\n${text}\n}\n`
  execFileSync('apparmor_parser', ['-rK'], { input: policy, stdio: ['pipe', 'ignore', 'inherit'] })
  return parseProfile(policy)
}

t.teardown(async () => {
  for (const { label } of await profiles()) {
    if (label.startsWith(NAME) && !label.includes('//')) await remove({ profile: label })
  }
})

t.test('what is decided is what the kernel answers, class by class', async (t) => {
  compareAnswers(t, CLASSES, { name: NAME, random, load: (rules) => load(NAME, rules) })
})

// Prints of each act "ok" or the number of its error.
const ACTS = String.raw`
my ($dir, $plain, $peer) = @ARGV;
sub act { my ($name, $done) = @_; print $name, " ", ($done ? "ok" : $! + 0), "\n" }
sub call { my ($number, @args) = @_; return syscall($number, @args) >= 0 }
sub mountOn { return call(165, "none", "$dir/$_[0]/", $_[1], $_[2], 0) }
sub attach { call(101, 16, $_[0] + 0, 0, 0) or return 0; waitpid($_[0], 0x40000000); call(101, 17, $_[0] + 0, 0, 0); return 1 }
sub change { open(my $f, ">", "/proc/thread-self/attr/current") or return 0; return syswrite($f, $_[0]) }
# Each in a child of its own, since it cannot be undone.
sub changed { my $to = shift; my $child = open(my $pipe, "-|") // die; if (!$child) { print change($to) ? "ok" : $! + 0; exit }
  my $answer = <$pipe>; $! = $answer eq "ok" ? 0 : $answer; return $answer eq "ok" }
act("chown", chown(1, 1, "$dir/file"));
act("nice", call(141, 0, 0, -5 & 0xffffffffffffffff));
act("tcp", socket(my $a, 2, 1, 0));
act("udp", socket(my $b, 2, 2, 0));
act("netlink", socket(my $c, 16, 3, 0));
act("unix-stream", socket(my $d, 1, 1, 0));
act("unix-dgram", socket(my $e, 1, 2, 0));
act("winch", kill("WINCH", $plain));
act("urg", kill("URG", $plain));
act("winch-peer", kill("WINCH", $peer));
act("read", readlink("/proc/$plain/exe"));
act("read-peer", readlink("/proc/$peer/exe"));
act("trace", attach($plain));
act("trace-peer", attach($peer));
act("mount", mountOn("a", "tmpfs", 2));
act("mount-dev", mountOn("a", "tmpfs", 0));
act("mount-place", mountOn("b", "tmpfs", 2));
act("mount-type", mountOn("a", "ramfs", 2));
act("umount-place", call(166, "$dir/c", 0));
act("umount", call(166, "$dir/a", 0));
act("change", changed("changeprofile PEER"));
act("change-other", changed("changeprofile NAME-none"));
act("hat", changed("changehat 0000000000000001^yes"));
act("hat-other", changed("changehat 0000000000000001^no"));
`

t.test('a sample of each class is done, or refused, as it is decided', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
  const at = (name: string): string => join(dir, name)
  for (const name of ['a', 'b', 'c']) mkdirSync(at(name))
  writeFileSync(at('file'), '')
  load(PEER, 'file, signal, ptrace, unix,\n')
  const policy = load(
    NAME,
    `/{usr/,}{bin,lib}/** rmix, /etc/ld.so.* r, /dev/null rw, /proc/** rw, ${dir}/** rw,
    capability chown, capability sys_admin, capability sys_ptrace,
    network inet stream, deny network netlink, network unix stream,
    signal send set=(winch) peer=unconfined, signal receive,
    ptrace read peer=unconfined, ptrace trace peer=${PEER}, ptrace readby,
    mount fstype=tmpfs options=(nosuid) none -> ${dir}/{a,c}/, umount ${dir}/a/,
    change_profile -> ${PEER},
    ^yes { file, unix, }`,
  )
  execFileSync('mount', ['-t', 'tmpfs', 'none', at('c')])
  const plain = spawnPlain('sleep', ['100'])
  const peer = spawn('sleep', ['100'], { profile: PEER })
  t.teardown(async () => {
    for (const child of [plain, peer]) {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }
    execFileSync('umount', [at('c')])
    rmSync(dir, { recursive: true })
  })
  const { stdout, stderr } = spawnSync(
    'perl',
    [
      '-e',
      ACTS.replaceAll('NAME', NAME).replaceAll('PEER', PEER),
      dir,
      String(plain.pid),
      String(peer.pid),
    ],
    { profile: NAME, encoding: 'utf8' },
  )
  const done = new Map(stdout.split('\n').map((line) => line.split(' ') as [string, string]))
  const tmpfs = { source: 'none', mountpoint: `${at('a')}/`, fstype: 'tmpfs', options: ['nosuid'] }
  const unconfined = { peer: 'unconfined' }
  const acts: Readonly<Record<string, Asked>> = {
    chown: { capability: 'chown' },
    nice: { capability: 'sys_nice' },
    tcp: { network: { family: 'inet', type: 'stream' } },
    udp: { network: { family: 'inet', type: 'dgram' } },
    netlink: { network: { family: 'netlink', type: 'raw' } },
    'unix-stream': { network: { family: 'unix', type: 'stream' } },
    'unix-dgram': { network: { family: 'unix', type: 'dgram' } },
    winch: { signal: 'winch', permission: 'send', ...unconfined },
    urg: { signal: 'urg', permission: 'send', ...unconfined },
    'winch-peer': { signal: 'winch', permission: 'send', peer: PEER },
    read: { ptrace: 'read', ...unconfined },
    'read-peer': { ptrace: 'read', peer: PEER },
    trace: { ptrace: 'trace', ...unconfined },
    'trace-peer': { ptrace: 'trace', peer: PEER },
    mount: { mount: tmpfs },
    'mount-dev': { mount: { ...tmpfs, options: [] } },
    'mount-place': { mount: { ...tmpfs, mountpoint: `${at('b')}/` } },
    'mount-type': { mount: { ...tmpfs, fstype: 'ramfs' } },
    umount: { umount: `${at('a')}/` },
    'umount-place': { umount: `${at('c')}/` },
    change: { changeProfile: PEER },
    'change-other': { changeProfile: `${NAME}-none` },
  }
  const answers = Object.entries(acts).map(([name, ask]) => {
    const { allowed } = decide(policy, { profile: NAME, ...ask } as Question)
    return [name, allowed ? 'ok' : 'refused']
  })
  const isRefusal = (errno: string | undefined): boolean => ['1', '2', '13'].includes(errno ?? '')
  const seen = Object.keys(acts).map((name) => {
    const outcome = done.get(name)
    return [name, isRefusal(outcome) ? 'refused' : outcome]
  })
  t.strictSame(Object.fromEntries(seen), Object.fromEntries(answers), stderr)
  const hats = transitions(policy).filter(({ via }) => via === 'change_hat')
  t.strictSame(
    hats.map(({ to }) => to),
    [`${NAME}//yes`],
  )
  t.equal(done.get('hat'), 'ok')
  t.ok(isRefusal(done.get('hat-other')), `${done.get('hat-other')}`)
})
