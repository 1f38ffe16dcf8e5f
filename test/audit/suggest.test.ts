import { readFileSync } from 'node:fs'
import { apply, exact, explain, parseRecord, suggest, type AuditRecord } from 'apparmor/audit'
import { decide, format, parseProfile, type Policy } from 'apparmor/policy'
import fc from 'fast-check'
import t from 'tap'
import { reads } from '../support/apparmor_parser.ts'
import '../support/seed.ts'

let serial = 0
/** A record as the kernel writes it. */
function record(body: string, event = 'DENIED'): AuditRecord {
  const line = `audit: type=1400 audit(1795690704.769:${++serial}): apparmor="${event}" ${body}`
  return parseRecord(line) as AuditRecord
}

const open = (name: string, mask: string, more = '', event = 'DENIED', profile = 'web') =>
  record(
    `operation="open" class="file" profile="${profile}" name="${name}" pid=9 comm="c" requested_mask="${mask}" denied_mask="${mask}" ${more || 'fsuid=1000 ouid=0'}`,
    event,
  )

const exec = (name: string, profile = 'web', event = 'ALLOWED') =>
  record(
    `operation="exec" class="file" profile="${profile}" name="${name}" pid=9 comm="c" requested_mask="x" denied_mask="x" fsuid=0 ouid=0` +
      (event === 'ALLOWED' ? ` target="${profile}//null-${name}"` : ''),
    event,
  )

const texts = (records: readonly AuditRecord[], options = {}) =>
  suggest(records, options).map(({ profile, kind, text }) =>
    kind === 'rule' ? `${profile}: ${text}` : `${profile} ${kind}: ${text}`,
  )

const harvested = (kernel: string): AuditRecord[] =>
  readFileSync(`test/audit/fixtures/${kernel}.log`, 'utf8')
    .split('\n')
    .flatMap((line) => parseRecord(line) ?? [])

t.test('records of one path are merged, with the letters of rules', async (t) => {
  t.strictSame(texts([open('/srv/a', 'r'), open('/srv/a', 'wc'), open('/srv/a', 'wk')]), [
    'web: /srv/a rwk,',
  ])
  t.strictSame(texts([open('/srv/a', 'a'), open('/srv/b', 'ac')]), [
    'web: /srv/a a,',
    'web: /srv/b w,',
  ])
  t.strictSame(texts([open('/srv/a', 'r'), open('/srv/a', 'r', '', 'DENIED', 'db')]), [
    'web: /srv/a r,',
    'db: /srv/a r,',
  ])
  const [one] = suggest([open('/srv/a', 'r'), open('/srv/a', 'w')])
  t.equal(one?.records.length, 2, 'each suggestion has its records')
})

t.test('owner only when every record agrees, and never for root', async (t) => {
  const own = 'fsuid=1000 ouid=1000'
  t.strictSame(texts([open('/a', 'r', own), open('/a', 'w', own)]), ['web: owner /a rw,'])
  t.strictSame(texts([open('/a', 'r', own), open('/a', 'w')]), ['web: /a rw,'])
  t.strictSame(texts([open('/a', 'r', 'fsuid=0 ouid=0')]), ['web: /a r,'])
})

t.test('what is no need is not suggested', async (t) => {
  t.strictSame(texts([open('/a', 'r', '', 'AUDIT')]), [])
  t.strictSame(
    texts([
      record(
        'operation="capable" class="cap" info="optional: no audit" error=-1 profile="web" pid=9 comm="c" capability=21  capname="sys_admin"',
        'ALLOWED',
      ),
    ]),
    [],
  )
  const cut = parseRecord(
    'audit: type=1400 audit(1.000:1): apparmor="DENIED" operation="open" profile="web" name="/srv/very/lo',
  ) as AuditRecord
  t.match(suggest([cut]), [{ kind: 'advice', text: /only a part of this record/ }])
  t.match(suggest([{ event: 'lost', reason: 'printk', count: 3 }]), [
    { kind: 'advice', text: /lost 3 records/ },
  ])
})

t.test('exec: the choice decides where the records of the program belong', async (t) => {
  const records = [
    exec('/usr/bin/sh'),
    open('/etc/profile', 'r', '', 'ALLOWED', 'web//null-/usr/bin/sh'),
    exec('/usr/bin/cat', 'web//null-/usr/bin/sh'),
    open('/etc/motd', 'r', '', 'ALLOWED', 'web//null-/usr/bin/sh//null-/usr/bin/cat'),
  ]
  t.strictSame(texts(records).sort(), [
    'web: /etc/motd r,',
    'web: /etc/profile r,',
    'web: /usr/bin/cat ix,',
    'web: /usr/bin/sh ix,',
  ])
  t.strictSame(texts(records, { exec: 'Cx' }).sort(), [
    'web//sh profile: profile sh {\n}',
    'web//sh: /etc/motd r,',
    'web//sh: /etc/profile r,',
    'web//sh: /usr/bin/cat ix,',
    'web: /usr/bin/sh Cx -> sh,',
  ])
  t.strictSame(
    texts(records, { exec: (program: string) => (program.endsWith('sh') ? 'px' : 'ux') }).sort(),
    [
      '/usr/bin/sh profile: profile /usr/bin/sh {\n}',
      '/usr/bin/sh: /etc/profile r,',
      '/usr/bin/sh: /usr/bin/cat ux,',
      'web: /usr/bin/sh px,',
    ],
  )
  const policy = parseProfile('profile web {\n}\nprofile shell /{,usr/}bin/{,ba,da}sh {\n}\n')
  t.ok(texts(records, { exec: 'px', policy }).includes('shell: /etc/profile r,'))
  const [suggestion] = suggest([exec('/usr/bin/sh')])
  t.strictSame(suggestion?.kind === 'rule' && suggestion.choices?.map(({ exec }) => exec), [
    'ix',
    'Px',
    'Cx',
    'Ux',
  ])
  t.strictSame(texts([exec('/usr/bin/sh', 'web', 'DENIED')]), ['web: /usr/bin/sh mrix,'])
  t.throws(() => suggest(records, { exec: 'x' as 'ix' }), { code: 'ERR_INVALID_ARG_VALUE' })
})

t.test('hats: their names are in records of complain mode', async (t) => {
  const records = [
    record(
      'operation="change_hat" class="file" profile="web" name="upload" pid=9 comm="c" target="web//null-upload"',
      'ALLOWED',
    ),
    open('/srv/up', 'w', '', 'ALLOWED', 'web//null-upload'),
  ]
  const policy = parseProfile('profile web {\n  /srv/** r,\n}\n')
  t.equal(
    format(apply(policy, suggest(records, { policy }))),
    'profile web {\n  /srv/** r,\n  hat upload {\n    /srv/up w,\n  }\n}\n',
  )
})

t.test('links: the pair, or what the target lacks', async (t) => {
  const link = (info: string, mask: string) =>
    record(
      `operation="link" class="file" ${info} profile="web" name="/srv/new" pid=9 comm="c" requested_mask="${mask}" denied_mask="${mask}" fsuid=0 ouid=0 target="/srv/old"`,
    )
  t.strictSame(texts([link('', 'l')]), ['web: link /srv/new -> /srv/old,'])
  t.strictSame(texts([link('info="link not subset of target" error=-13', 'wd')]), [
    'web: /srv/old w,',
  ])
})

t.test('every class of the kernels has its rules', async (t) => {
  const found = texts(harvested('7.2')).map((text) => text.replace(/^[^:]*: /, ''))
  for (const text of [
    'capability sys_admin,',
    'network inet stream,',
    'unix (bind, listen, getattr, getopt, setopt) type=stream addr=@abs_sock,',
    'unix (connect, send, receive) type=stream peer=(addr=@srv_sock label=unconfined),',
    'mount fstype=tmpfs options=(rw, nosuid, nodev) tmpfs -> /srv/hv/dir/,',
    'mount options=(rw, bind) /srv/hv/dir/ -> /srv/hv/dir2m/,',
    'remount options=(ro, noexec) /dev/shm/,',
    'mount options=(rw, move) /dev/pts/ -> /srv/hv/dir/,',
    'mount options=(rw, rprivate) -> /dev/shm/,',
    'umount /srv/hv/mnt/,',
    'pivot_root oldroot=/srv/hv/mnt/old/ /srv/hv/mnt/,',
    'userns create,',
    'io_uring sqpoll,',
  ]) {
    t.ok(found.includes(text), text)
  }
  for (const start of [
    'signal send set=',
    'signal receive set=',
    'ptrace (',
    'change_profile -> ',
    'set rlimit ',
    'link ',
  ]) {
    t.ok(
      found.some((text) => text.startsWith(start)),
      start,
    )
  }
})

t.test('dbus and message queues, which other kernels have', async (t) => {
  const dbus = (body: string) =>
    parseRecord(
      `type=USER_AVC msg=audit(1.000:1): pid=1 uid=0 auid=0 ses=1 msg='apparmor="DENIED" operation="dbus_method_call"  ${body}'`,
    ) as AuditRecord
  t.strictSame(
    texts([
      dbus(
        'bus="system" path="/org/x" interface="org.x" member="Hello" mask="send" name="org.x" pid=9 label="web" peer_pid=3 peer_label="db"',
      ),
      dbus(
        'bus="system" path="/org/x" interface="org.x" member="Bye" name=":1.4" mask="receive" pid=9 label="web" peer_pid=3 peer_label="db"',
      ),
      dbus('bus="session" name="org.web" mask="bind" pid=9 label="web"'),
    ]),
    [
      'web: dbus send bus=system path=/org/x interface=org.x member=Hello peer=(name=org.x label=db),',
      'web: dbus receive bus=system path=/org/x interface=org.x member=Bye peer=(label=db),',
      'web: dbus bind bus=session name=org.web,',
    ],
  )
  t.strictSame(
    texts([
      record(
        'operation="mqueue_open" class="posix_mqueue" profile="web" name="/jobs" pid=9 comm="c" requested="read create" denied="read create" fsuid=0 ouid=0',
      ),
    ]),
    ['web: mqueue (create, read) type=posix /jobs,'],
  )
})

t.test('rules, applied, are what was missing: nothing is suggested again', async (t) => {
  for (const kernel of ['6.1', '6.12', '7.2']) {
    const records = harvested(kernel)
    const all = kernel === '7.2' ? (['ix', 'Cx', 'px'] as const) : (['ix'] as const)
    for (const exec of all) {
      const found = suggest(records, { exec })
      const before = parseProfile('')
      const policy = apply(before, found)
      const text = format(policy)
      const again = parseProfile(text)
      t.equal(format(again), text)
      const rest = suggest(records, { exec, policy: again })
      t.strictSame(
        rest
          .filter(({ kind, text }) => kind !== 'advice' && !text.startsWith('set rlimit'))
          .map(({ text }) => text),
        [],
        `${kernel} ${exec}`,
      )
      t.equal(format(apply(again, found)), text, 'and nothing is written twice')
    }
  }
})

t.test('apparmor_parser reads them', async (t) => {
  const found = suggest(harvested('6.1'))
  t.ok(reads(format(apply(parseProfile(''), found))))
})

t.test('what a deny rule refuses is not suggested, but said', async (t) => {
  const policy = parseProfile('profile web {\n  /srv/** r,\n  audit deny /srv/key r,\n}\n')
  const [one, ...others] = suggest([open('/srv/key', 'r'), open('/srv/x', 'r')], { policy })
  t.match(one, { kind: 'advice', text: /line 3 denies this on purpose/ })
  t.strictSame(others, [], 'and what is permitted is not suggested')
})

t.test('a deny rule is seen in every class, and for each permission of a record', async (t) => {
  const denials = [
    'deny remount,',
    'deny pivot_root,',
    'deny unix send,',
    'deny dbus send,',
    'deny mqueue read,',
  ]
  const more = record(
    'operation="mqueue_open" class="posix_mqueue" profile="web" name="/jobs" pid=9 comm="c" requested="read create" denied="read create" fsuid=0 ouid=0',
  )
  const bus = parseRecord(
    `type=USER_AVC msg=audit(1.000:1): pid=1 uid=0 auid=0 ses=1 msg='apparmor="DENIED" operation="dbus_method_call"  bus="system" path="/org/x" interface="org.x" member="Hello" mask="send" name="org.x" pid=9 label="web" peer_pid=3 peer_label="db"'`,
  ) as AuditRecord
  const records = [...harvested('7.2'), more, bus]
  const kindOf = (text: string): string => /^deny (\w+)/.exec(text)?.[1] ?? ''
  for (const denial of denials) {
    const kind = kindOf(denial)
    const before = suggest(records).filter(({ text }) => text.startsWith(kind))
    const names = Array.from(new Set(before.map(({ profile }) => profile)))
    t.not(names.length, 0)
    const body = names.map((name) => `profile ${name} {\n  ${denial}\n}\n`).join('')
    const found = suggest(records, { policy: parseProfile(body) })
    const rules = found.filter(({ kind: own, text }) => own === 'rule' && text.startsWith(kind))
    const refused = /send|read/.exec(denial)?.[0] ?? ''
    t.strictSame(
      rules.filter(({ text }) => text.includes(refused)),
      [],
      denial,
    )
    t.ok(
      found.some(({ kind: own, text }) => own === 'advice' && text.includes(`purpose: ${denial}`)),
    )
  }
  const unix = harvested('7.2').filter(({ class: name }) => name === 'unix')
  const each = suggest(unix).flatMap((one) => (one.kind === 'rule' ? [one] : []))
  const name = each[0]?.profile ?? ''
  const apart = each
    .filter(({ profile }) => profile === name)
    .flatMap(({ rule }) =>
      rule.kind === 'unix'
        ? (rule.permissions ?? []).map((one) => format({ ...rule, permissions: [one] }))
        : [],
    )
  const policy = parseProfile(`profile ${name} {\n${apart.join('')}}\n`)
  t.strictSame(
    suggest(unix, { policy }).filter(({ profile }) => profile === name),
    [],
    'what several rules permit together is permitted',
  )
})

const ABSTRACTIONS: Readonly<Record<string, string>> = {
  'tunables/global': '@{PROC}=/proc/\n@{HOME}=/home/*/ /root/\n@{pid}={[1-9],[1-9][0-9]*}\n',
  'abstractions/base': '/etc/ld.so.cache mr,\n/usr/lib/** mr,\n/dev/null rw,\n@{PROC}/meminfo r,\n',
  'abstractions/big': 'file,\n',
}
const resolve = ({ path }: { path: string }) => {
  const text = ABSTRACTIONS[path]
  return text === undefined ? null : { file: path, text }
}

t.test('an abstraction that covers several is offered', async (t) => {
  const records = ['/etc/ld.so.cache', '/usr/lib/libc.so', '/proc/meminfo', '/srv/x'].map((name) =>
    open(name, 'r'),
  )
  const options = { abstractions: ['abstractions/base'], resolve }
  const [base, ...rules] = suggest(records, options)
  t.match(base, { kind: 'include', text: 'include <abstractions/base>', rules: 4 })
  t.strictSame(base?.kind === 'include' && base.covers.map(({ text }) => text), [
    '/etc/ld.so.cache r,',
    '/usr/lib/libc.so r,',
    '/proc/meminfo r,',
  ])
  t.equal(rules.length, 4)
  const policy = parseProfile('include <tunables/global>\nprofile web {\n}\n', { resolve })
  const text = format(apply(policy, suggest(records, { ...options, policy })))
  t.equal(
    text,
    'include <tunables/global>\nprofile web {\n  include <abstractions/base>\n  /srv/x r,\n}\n',
  )
  t.strictSame(suggest(records, { policy: parseProfile(text, { resolve }) }), [])
})

t.test('an abstraction counts with the variables of the policy, or not at all', async (t) => {
  const records = ['/etc/ld.so.cache', '/usr/lib/libc.so', '/proc/meminfo'].map((name) =>
    open(name, 'r'),
  )
  const options = { abstractions: ['abstractions/base'], resolve }
  const without = parseProfile('profile web {\n}\n')
  t.notOk(
    suggest(records, { ...options, policy: without }).some(({ kind }) => kind === 'include'),
    'the compiler would not know its variables',
  )
  const other = parseProfile('@{PROC}=/other/\nprofile web {\n}\n')
  t.match(suggest(records, { ...options, policy: other }), [
    { kind: 'include', covers: { length: 2 } },
    { text: '/etc/ld.so.cache r,' },
    { text: '/usr/lib/libc.so r,' },
    { text: '/proc/meminfo r,' },
  ])
})

t.test('paths are generalised, by name and reversibly', async (t) => {
  const paths: Readonly<Record<string, string>> = {
    '/proc/123/status': '@{PROC}/@{pid}/status',
    '/proc/123/task/7/comm': '@{PROC}/@{pid}/task/@{tid}/comm',
    '/home/bo/.config/x': '@{HOME}/.config/x',
    '/run/user/1000/bus': '@{run}/user/@{uid}/bus',
    '/run/nscd/socket': '@{run}/nscd/socket',
    '/usr/lib/libz.so.1.2.13': '/usr/lib/libz.so.[0-9]*',
    '/usr/lib/python3.11/os.py': '/usr/lib/python[0-9]*/os.py',
    '/lib/modules/6.1.0-28/dep': '/lib/modules/*/dep',
    '/tmp/#1234': '/tmp/#[0-9]*',
    '/tmp/web-aB3dEf/x': '/tmp/web-??????/x',
    '/tmp/tmpab12cd_x': '/tmp/tmp????????',
    '/srv/a/0d9f3c1e-5b7a-4c2d-8e6f-112233445566.db':
      '/srv/a/????????-????-????-????-????????????.db',
    '/srv/git/objects/4b/825dc642cb6eb9a060e54bf8d69288fbee4904':
      '/srv/git/objects/4b/??????????????????????????????????????',
    '/srv/0123456789abcdef/d41d8cd98f00b204e9800998ecf8427e':
      '/srv/????????????????/????????????????????????????????',
    '/srv/state.json.12345': '/srv/state.json.[0-9]*',
    '/srv/_logs/2026-11-27T03_15_59_123Z-debug-0.log': '/srv/_logs/[0-9]*-debug-0.log',
  }
  const records = Object.keys(paths).map((path) => open(path, 'r'))
  const found = suggest(records, { generalise: true })
  t.strictSame(
    found.map(({ text }) => text),
    Object.values(paths).map((path) => `${path} r,`),
  )
  t.strictSame(
    found.flatMap((one) => (one.kind === 'rule' ? exact(one) : [])).map(({ text }) => text),
    Object.keys(paths).map((path) => `${path} r,`),
  )
  t.match(found[0], {
    generalisations: [{ name: 'proc', from: '/proc/123', to: '@{PROC}/@{pid}' }],
  })
  t.strictSame(
    texts([open('/proc/1/status', 'r'), open('/proc/22/status', 'r')], { generalise: ['proc'] }),
    ['web: @{PROC}/@{pid}/status r,'],
  )
  const policy = parseProfile('profile web {\n}\n')
  t.strictSame(
    texts([open('/proc/12/stat', 'r'), open('/home/bo/x', 'r')], { generalise: true, policy }),
    ['web: /proc/[0-9]*/stat r,', 'web: /{home/*,root}/x r,'],
    'a policy without the tunables gets no variables',
  )
  t.match(suggest([open('/srv/0123456789abcdef', 'r')], { generalise: ['hex'] }), [
    { generalisations: [{ name: 'hex', from: '0123456789abcdef', to: '????????????????' }] },
  ])
  for (const plain of [
    '/srv/README',
    '/srv/deadbeef',
    '/srv/1234567890123456',
    '/usr/share/HelloWorld/x',
    '/tmp/session/x',
    '/etc/passwd',
  ])
    t.strictSame(texts([open(plain, 'r')], { generalise: true }), [`web: ${plain} r,`])
})

t.test('what is dangerous is flagged', async (t) => {
  const dangers = (...records: AuditRecord[]) =>
    suggest(records).flatMap(({ dangers }) => dangers.map(({ name }) => name))
  t.strictSame(dangers(open('/srv/x', 'w'), exec('/srv/x')), ['write-and-execute'])
  t.strictSame(dangers(open('/srv/x', 'r'), exec('/srv/x')), [])
  t.strictSame(dangers(open('/etc/x.conf', 'w')), ['system-files'])
  t.strictSame(dangers(open('/etc/shadow', 'r')), ['secrets'])
  t.strictSame(dangers(open('/proc/sys/kernel/x', 'w')), ['kernel'])
  t.strictSame(dangers(open('/dev/sda1', 'w')), ['devices'])
  t.strictSame(dangers(open('/proc/12/mem', 'w')), ['processes'])
  const homes = (more: string) =>
    suggest([open('/home/bo/x', 'r', more)], { generalise: ['home'] }).flatMap((one) => one.dangers)
  t.match(homes('fsuid=1000 ouid=0'), [{ name: 'homes' }])
  t.strictSame(homes('fsuid=1000 ouid=1000'), [], 'owner: its own files only')
  t.strictSame(
    dangers(
      record(
        'operation="capable" class="cap" profile="web" pid=9 comm="c" capability=21  capname="sys_admin"',
      ),
    ),
    ['capability'],
  )
  t.strictSame(
    dangers(
      record(
        'operation="change_profile" class="file" profile="web" name="unconfined" pid=9 comm="c" target="unconfined"',
      ),
    ),
    ['unconfined'],
  )
  const policy = parseProfile('profile web {\n  /srv/** rix,\n}\n')
  t.match(suggest([open('/srv/x', 'w')], { policy }), [
    { dangers: [{ name: 'write-and-execute' }] },
  ])
  const [{ choices = [] } = {}] = suggest([exec('/bin/x')]) as unknown as {
    choices?: { exec: string; dangers: object[] }[]
  }[]
  t.match(choices.find(({ exec }) => exec === 'Ux')?.dangers, [{ name: 'unconfined' }])
})

t.test('apply changes its lines alone', async (t) => {
  const text =
    '# mine\nabi <abi/3.0>,\n\nprofile web /usr/bin/web flags=(attach_disconnected) {\n\n  # the site\n  /srv/**   r, # all\n  set rlimit nofile <= 10,\n\n  profile child {\n    /a r,\n  }\n  # end\n}\nprofile other { /x r, }\n'
  const policy = parseProfile(text)
  const records = [
    open('/b', 'w'),
    record(
      'operation="setrlimit" class="rlimits" profile="web" pid=9 comm="c" rlimit=nofile value=64',
    ),
    open('/c', 'r', '', 'DENIED', 'web//child'),
    open('/d', 'r', '', 'DENIED', 'other'),
    open('/e', 'r', '', 'DENIED', 'new'),
  ]
  t.equal(
    format(apply(policy, suggest(records, { policy }))),
    '# mine\nabi <abi/3.0>,\n\nprofile web /usr/bin/web flags=(attach_disconnected) {\n\n  # the site\n  /srv/**   r, # all\n  set rlimit nofile <= 64,\n  /b w,\n\n  profile child {\n    /a r,\n    /c r,\n  }\n  # end\n}\nprofile other { /x r,\n  /d r,\n }\n\nprofile new {\n  /e r,\n}\n',
  )
  t.match(
    format(apply(policy, suggest([open('/e', 'r', '', 'DENIED', 'no//child')]))),
    /profile no \{\n  profile child \{\n    \/e r,\n  \}\n\}\n$/,
  )
  t.throws(() => apply(policy, [{} as never]), { code: 'ERR_INVALID_ARG_TYPE' })
})

t.test('apply takes no byte away, whatever the layout', async (t) => {
  const layouts = [
    'profile web {}\n',
    'profile web { /a r, }',
    'profile web { /a r, } profile other { /b r, }\n',
    'profile web {\r\n  /a r,\r\n}\r\n',
    'profile web\n{ # first\n\t/a r, # all\n\n\n}',
    'profile web  flags = (complain)  {\n  # only\n}\n# end\n',
    'profile web /usr/bin/a(b) {\n  #include <abstractions/base>\n  ^h {\n    /b r,\n  }\n}\n',
    '$x = true\nprofile web {\n  if $x {\n    /a r,\n  } else {\n    /b r,\n  }\n}\n',
    'profile web {\n  capability\n    chown\n    ,\n  owner {\n    /a r,\n  }\n}\n',
  ]
  const records = [
    open('/new', 'r'),
    open('/new', 'r', '', 'DENIED', 'web//h'),
    record(
      'operation="open" class="file" info="Failed name lookup - disconnected path" error=-13 profile="web" name="d/x" pid=9 comm="c" requested_mask="r" denied_mask="r" fsuid=0 ouid=0',
    ),
  ]
  for (const text of layouts) {
    const policy = parseProfile(text)
    for (const some of [...records.map((one) => [one]), records]) {
      const found = suggest(some, { policy })
      const after = format(apply(policy, found))
      let at = 0
      for (const one of after) if (one === text[at]) at++
      t.equal(at, text.length, JSON.stringify(after))
      t.equal(/[^\r]\n/.test(after) && text.includes('\r\n'), false, 'with its own line ends')
      t.strictSame(suggest(some, { policy: parseProfile(after) }), [], 'and it is what was missing')
    }
  }
})

t.test('a disconnected path needs its flag', async (t) => {
  const records = [
    record(
      'operation="open" class="file" info="Failed name lookup - disconnected path" error=-13 profile="web" name="dir/x" pid=9 comm="c" requested_mask="r" denied_mask="r" fsuid=0 ouid=0',
    ),
  ]
  const policy = parseProfile('profile web flags=(complain) {\n}\n')
  t.equal(
    format(apply(policy, suggest(records))),
    'profile web flags=(complain, attach_disconnected) {\n  /dir/x r,\n}\n',
  )
})

const hex = (text: string) => Buffer.from(text).toString('hex').toUpperCase()

t.test('nothing in a record becomes more than a name', async () => {
  const nasty = fc
    .stringMatching(/^[\n\r\t "',#{}*?\\^[\]()=>@/a-z0-9-]{1,30}$/)
    .filter((s) => s !== '')
  const names = fc.oneof(
    nasty,
    fc.constantFrom(
      'x r,\n  /** rwix,\n',
      'x" rw, /** mrwkl, "',
      '**',
      '{a,b}',
      '@{HOME}/x',
      'x\\',
      '\\000',
      '# comment',
      'x }\nprofile y { /** rw, }',
    ),
  )
  fc.assert(
    fc.property(names, names, fc.constantFrom('ix', 'Cx', 'px'), (name, profile, exec) => {
      const path = hex(`/${name}`)
      const base = `profile=${hex(`p${profile}`)} name=${path} pid=9 comm=${hex(name)}`
      const records = [
        record(
          `operation="open" class="file" ${base} requested_mask="r" denied_mask="r" fsuid=0 ouid=0`,
        ),
        record(
          `operation="exec" class="file" ${base} requested_mask="x" denied_mask="x" fsuid=0 ouid=0 target=${hex(`p//null-/${name}`)}`,
          'ALLOWED',
        ),
        record(
          `operation="change_hat" class="file" ${base} target=${hex(`p//null-${name}`)}`,
          'ALLOWED',
        ),
        record(
          `operation="signal" class="signal" profile="p" pid=9 comm="c" requested_mask="send" denied_mask="send" signal=term peer=${hex(name)}`,
        ),
        record(
          `operation="mount" class="mount" profile="p" name=${path} pid=9 comm="c" fstype=${hex(name)} srcname=${hex(name)} flags="rw"`,
        ),
        record(
          `operation="change_profile" class="file" profile="p" name=${path} target=${hex(name)} pid=9 comm="c"`,
        ),
      ]
      const found = suggest(records, { exec: exec as 'ix', generalise: true })
      let policy: Policy
      try {
        policy = apply(parseProfile(''), found)
      } catch (error) {
        // a name that no profile can have
        return (error as { code?: string }).code === 'ERR_INVALID_ARG_VALUE'
      }
      const read = parseProfile(format(policy))
      const count = (rules: readonly object[]): number =>
        rules.reduce<number>(
          (sum, rule) =>
            sum +
            ('rules' in rule
              ? count(rule.rules as object[])
              : 'kind' in rule && rule.kind !== 'blank'
                ? 1
                : 0),
          0,
        )
      if (count(read.rules) > records.length) return false
      for (const record of records) explain(record)
      return read.rules.every(
        (one) =>
          one.kind !== 'profile' ||
          !decide(read, { profile: String(one.name), file: '/other', permissions: 'r' }).allowed,
      )
    }),
    { numRuns: 100 },
  )
})

t.test('what can be no profile is no target of a rule', async (t) => {
  const name = Buffer.from('://&{a,b}').toString('hex').toUpperCase()
  for (const target of [name, '"&//null-"', '":ns:"']) {
    const asked = record(
      `operation="change_profile" class="file" profile="web" name="x" pid=9 comm="c" target=${target}`,
    )
    t.match(texts([asked]), [/^web advice: No profile can be named /], target)
  }
})

t.test('many records take time in proportion', async (t) => {
  const time = (count: number) => {
    const records = Array.from({ length: count }, (_, i) => exec(`/bin/${i}`, `p${i % 100}`))
    const begin = process.cpuUsage()
    suggest(records)
    const { user, system } = process.cpuUsage(begin)
    return (user + system) / 1000
  }
  time(300)
  const [small, large] = [time(300), time(3000)]
  t.ok(large < 25 * small + 500, `${small} ms, ${large} ms`)
})

t.test('explain: in plain English, and nothing of the record moves the cursor', async (t) => {
  t.equal(
    explain(open('/etc/shadow', 'r')).text,
    [
      'c was not permitted to read the file /etc/shadow.',
      'Process 9, under the profile web.',
      'No rule of the profile permits it.',
      'This rule would permit it: /etc/shadow r,',
      'It reads secrets. If the program does not need it, add nothing: a `deny` rule keeps it out of the log.',
    ].join('\n'),
  )
  for (const kernel of ['6.1', '7.2']) {
    for (const one of harvested(kernel)) {
      const { text, what } = explain(one)
      t.match(what, /^[^]+[.]$/)
      if (!/^[\x20-\x7e\n]+$/.test(text.replaceAll(/[\u00a1-\uffff]/g, ''))) t.fail(text)
      if (/undefined|\[object/.test(text)) t.fail(text)
    }
  }
  const odd = parseRecord(
    `audit: type=1400 audit(1.000:1): apparmor="DENIED" operation="open" class="file" profile="web" name=${hex('/\x1b[2J\u202e\x9b\nx')} pid=9 comm=${hex('a\x07')} requested_mask="r" denied_mask="r" fsuid=0 ouid=0`,
  ) as AuditRecord
  const { what, who } = explain(odd)
  t.match(what + who, /^[\x20-\x7e]*$/)
  t.match(explain({ event: 'lost', reason: 'printk', count: 3 }).what, /lost 3 records/)
})

t.test('bad arguments', async (t) => {
  t.throws(() => suggest(null as never), { code: 'ERR_INVALID_ARG_TYPE' })
  t.throws(() => suggest([1 as never]), { code: 'ERR_INVALID_ARG_TYPE' })
  t.throws(() => suggest([], { generalise: ['all' as never] }), { code: 'ERR_INVALID_ARG_VALUE' })
  t.throws(() => suggest([], { abstractions: ['abstractions/base'] }), {
    code: 'ERR_INVALID_ARG_VALUE',
  })
  t.throws(() => suggest([], { policy: {} as never }), { code: 'ERR_INVALID_ARG_TYPE' })
  t.throws(() => apply({} as never, []), { code: 'ERR_INVALID_ARG_TYPE' })
  t.throws(() => explain(null as never), { code: 'ERR_INVALID_ARG_TYPE' })
})
