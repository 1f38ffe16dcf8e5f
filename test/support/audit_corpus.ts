/** Bodies of records with what they say, one for each shape; and the containers that a body is found in. */

const who = 'pid=9 comm="prov"'
const subject = { profile: 'web', pid: 9, comm: 'prov' }
const file = 'fsuid=0 ouid=33'
const owner = { fsuid: 0, ouid: 33 }
const asked = (mask: string) => `requested_mask="${mask}" denied_mask="${mask}"`
const masks = (mask: string) => ({ requestedMask: mask, deniedMask: mask })

/** The body after `apparmor="…"`, and the fields of its record but for `event`. */
export const BODIES: readonly (readonly [body: string, fields: object])[] = [
  [
    `operation="open" class="file" profile="web" name="/etc/a,b=c" ${who} ${asked('wr')} ${file}`,
    {
      operation: 'open',
      class: 'file',
      kernelClass: 'file',
      name: '/etc/a,b=c',
      ...subject,
      ...masks('wr'),
      ...owner,
    },
  ],
  [
    `operation="open" profile="web" name=2F6120C3A4 ${who} ${asked('r')} ${file}`,
    { operation: 'open', class: 'file', name: '/a ä', ...subject, ...masks('r'), ...owner },
  ],
  [
    `operation="open" class="file" info="Failed name lookup - disconnected path" error=-13 namespace="root//ns" profile="web" name="a\\b" ${who} ${asked('r')} ${file}`,
    {
      operation: 'open',
      class: 'file',
      kernelClass: 'file',
      info: 'Failed name lookup - disconnected path',
      error: -13,
      namespace: 'root//ns',
      name: 'a\\b',
      ...subject,
      ...masks('r'),
      ...owner,
    },
  ],
  [
    `operation="exec" class="file" profile="web" name="/bin/x" ${who} ${asked('x')} ${file} target="web//null-/bin/x"`,
    {
      operation: 'exec',
      class: 'exec',
      kernelClass: 'file',
      name: '/bin/x',
      ...subject,
      ...masks('x'),
      ...owner,
      target: 'web//null-/bin/x',
    },
  ],
  [
    `operation="link" class="file" info="target restricted" error=-13 profile="web" name="/b" ${who} ${asked('l')} ${file} target="/a"`,
    {
      operation: 'link',
      class: 'file',
      kernelClass: 'file',
      info: 'target restricted',
      error: -13,
      name: '/b',
      ...subject,
      ...masks('l'),
      ...owner,
      target: '/a',
    },
  ],
  [
    `operation="capable" class="cap" profile="web" ${who} capability=21  capname="sys_admin"`,
    {
      operation: 'capable',
      class: 'cap',
      kernelClass: 'cap',
      ...subject,
      capability: 21,
      name: 'sys_admin',
    },
  ],
  [
    `operation="sendmsg" class="net" info="failed af match" error=-13 profile="web" ${who} laddr=::1 lport=4244 faddr=::2 fport=53 family="inet6" sock_type="dgram" protocol=17 ${asked('send')}`,
    {
      operation: 'sendmsg',
      class: 'net',
      kernelClass: 'net',
      info: 'failed af match',
      error: -13,
      ...subject,
      localAddress: '::1',
      localPort: 4244,
      foreignAddress: '::2',
      foreignPort: 53,
      family: 'inet6',
      sockType: 'dgram',
      protocol: 17,
      ...masks('send'),
    },
  ],
  [
    `operation="connect" class="net" profile="web" ${who} laddr=127.0.0.1 lport=1 saddr=127.0.0.1 src=2 daddr=10.0.0.1 dest=443 family="inet" sock_type="stream" protocol=6 requested="connect" denied="connect"`,
    {
      operation: 'connect',
      class: 'net',
      kernelClass: 'net',
      ...subject,
      localAddress: '127.0.0.1',
      localPort: 2,
      foreignAddress: '10.0.0.1',
      foreignPort: 443,
      family: 'inet',
      sockType: 'stream',
      protocol: 6,
      ...masks('connect'),
      extra: { src: '1' },
    },
  ],
  [
    `operation="create" profile="web" ${who} family="inet" sock_type="stream" protocol=0 ${asked('create')}`,
    {
      operation: 'create',
      class: 'net',
      ...subject,
      family: 'inet',
      sockType: 'stream',
      protocol: 0,
      ...masks('create'),
    },
  ],
  [
    `operation="sendmsg" class="net" profile="web" ${who} family="unix" sock_type="dgram" protocol=0 ${asked('send')} addr=none peer_addr="@srv_dgram" peer="a//&:ns:b"`,
    {
      operation: 'sendmsg',
      class: 'unix',
      kernelClass: 'net',
      ...subject,
      family: 'unix',
      sockType: 'dgram',
      protocol: 0,
      ...masks('send'),
      address: 'none',
      peerAddress: '@srv_dgram',
      peer: 'a//&:ns:b',
    },
  ],
  [
    `operation="bind" class="net" profile="web" ${who} family="unix" sock_type="stream" protocol=0 ${asked('bind')} addr="@6162000A" peer_addr="@DEADBEEF"`,
    {
      operation: 'bind',
      class: 'unix',
      kernelClass: 'net',
      ...subject,
      family: 'unix',
      sockType: 'stream',
      protocol: 0,
      ...masks('bind'),
      address: '@ab\0\n',
      peerAddress: '@DEADBEEF',
    },
  ],
  [
    `operation="signal" class="signal" profile="web" ${who} ${asked('send')} signal=rtmin+5 peer="unconfined"`,
    {
      operation: 'signal',
      class: 'signal',
      kernelClass: 'signal',
      ...subject,
      ...masks('send'),
      signal: 'rtmin+5',
      peer: 'unconfined',
    },
  ],
  [
    `operation="signal" class="signal" profile="web" ${who} ${asked('receive')}signal=unknown(77) peer=6120C3A4`,
    {
      operation: 'signal',
      class: 'signal',
      kernelClass: 'signal',
      ...subject,
      ...masks('receive'),
      signal: 'unknown(77)',
      peer: 'a ä',
    },
  ],
  [
    `operation="ptrace" class="ptrace" profile="web" ${who} ${asked('readby')} peer="db//hat"`,
    {
      operation: 'ptrace',
      class: 'ptrace',
      kernelClass: 'ptrace',
      ...subject,
      ...masks('readby'),
      peer: 'db//hat',
    },
  ],
  [
    `operation="mount" class="mount" info="failed mntpnt match" error=-13 profile="web" name=2F6D6E742F6120622F ${who} fstype="tmpfs" srcname=6D7920646576 flags="rw, nosuid, noexec"`,
    {
      operation: 'mount',
      class: 'mount',
      kernelClass: 'mount',
      info: 'failed mntpnt match',
      error: -13,
      name: '/mnt/a b/',
      ...subject,
      fstype: 'tmpfs',
      srcName: 'my dev',
      flags: ['rw', 'nosuid', 'noexec'],
    },
  ],
  [
    `operation="pivotroot" class="mount" profile="web" name="/mnt/" ${who} srcname="/mnt/old/"`,
    {
      operation: 'pivotroot',
      class: 'mount',
      kernelClass: 'mount',
      name: '/mnt/',
      ...subject,
      srcName: '/mnt/old/',
    },
  ],
  [
    `operation="setrlimit" class="rlimits" info="cap_sys_resource" error=-13 profile="web" ${who} rlimit=core value=99 peer="db"`,
    {
      operation: 'setrlimit',
      class: 'rlimit',
      kernelClass: 'rlimits',
      info: 'cap_sys_resource',
      error: -13,
      ...subject,
      rlimit: 'core',
      value: 99,
      peer: 'db',
    },
  ],
  [
    `operation="setrlimit" class="rlimits" profile="web" ${who} rlimit=nofile value=18446744073709551615`,
    {
      operation: 'setrlimit',
      class: 'rlimit',
      kernelClass: 'rlimits',
      ...subject,
      rlimit: 'nofile',
      value: 'infinity',
    },
  ],
  [
    `operation="change_profile" class="file" info="label not found" error=-2 profile="web" name=":ns://x" ${who}`,
    {
      operation: 'change_profile',
      class: 'change_profile',
      kernelClass: 'file',
      info: 'label not found',
      error: -2,
      name: ':ns://x',
      ...subject,
    },
  ],
  [
    `operation="stack_onexec" class="file" label="web//&x" name="db" ${who} target="db"`,
    {
      operation: 'stack_onexec',
      class: 'change_profile',
      kernelClass: 'file',
      name: 'db',
      ...subject,
      profile: 'web//&x',
      target: 'db',
    },
  ],
  [
    `operation="change_hat" class="file" profile="web" name="hat" ${who} target="web//null-hat"`,
    {
      operation: 'change_hat',
      class: 'change_hat',
      kernelClass: 'file',
      name: 'hat',
      ...subject,
      target: 'web//null-hat',
    },
  ],
  [
    `operation="setprocattr" info="current" error=-22 profile="unconfined" ${who}`,
    {
      operation: 'setprocattr',
      class: 'attr',
      info: 'current',
      error: -22,
      ...subject,
      profile: 'unconfined',
    },
  ],
  [
    `operation="userns_create" class="namespace" profile="web" ${who} requested="userns_create" denied="userns_create" execpath="/opt/a "b" pid=1"`,
    {
      operation: 'userns_create',
      class: 'userns',
      kernelClass: 'namespace',
      ...subject,
      ...masks('userns_create'),
      execPath: '/opt/a "b" pid=1',
    },
  ],
  [
    `operation="uring_override" class="io_uring" profile="web" ${who} requested="override_creds" denied="override_creds" tcontext="db"`,
    {
      operation: 'uring_override',
      class: 'io_uring',
      kernelClass: 'io_uring',
      ...subject,
      ...masks('override_creds'),
      peerProfile: 'db',
    },
  ],
  [
    `operation="open" class="posix_mqueue" profile="web" name="/queue" ${who} requested="read create" denied="read create" class="posix_mqueue" fsuid=0 ouid=33`,
    {
      operation: 'open',
      class: 'mqueue',
      kernelClass: 'posix_mqueue',
      name: '/queue',
      ...subject,
      ...masks('read create'),
      ...owner,
    },
  ],
  [
    `operation="sysv_mqueue" class="sysv_mqueue" profile="web" name="123" ${who} requested="getattr" denied="getattr"`,
    {
      operation: 'sysv_mqueue',
      class: 'mqueue',
      kernelClass: 'sysv_mqueue',
      name: '123',
      ...subject,
      ...masks('getattr'),
    },
  ],
  [
    `operation="profile_replace" info="same as current profile, skipping" profile="unconfined" name="x" ${who} ns="inner"`,
    {
      operation: 'profile_replace',
      class: 'policy',
      info: 'same as current profile, skipping',
      profile: 'unconfined',
      name: 'x',
      pid: 9,
      comm: 'prov',
      targetNamespace: 'inner',
    },
  ],
  [
    `operation="dbus_method_call"  bus="system" path="/org/x" interface="org.x" member="Hello" mask="send" name="org.x" pid=9 label="web" peer_pid=3 peer_label="db"`,
    {
      operation: 'dbus_method_call',
      class: 'dbus',
      bus: 'system',
      path: '/org/x',
      interface: 'org.x',
      member: 'Hello',
      requestedMask: 'send',
      name: 'org.x',
      pid: 9,
      profile: 'web',
      peerPid: 3,
      peerProfile: 'db',
    },
  ],
]

export interface Traits {
  /** the host that it names */
  readonly host?: string
  /** it has lost the audit id */
  readonly noId?: boolean
}

const ID = 'audit(1795690704.769:34): '
const kernel = (body: string) => `audit: type=1400 ${ID}${body}`

// As printk gives it out.
const kmsg = (text: string) =>
  // oxlint-disable-next-line no-control-regex
  Array.from(Buffer.from(text), (byte) =>
    byte < 0x20 || byte > 0x7e || byte === 0x5c
      ? `\\x${byte.toString(16).padStart(2, '0')}`
      : String.fromCharCode(byte),
  ).join('')

/** Name, what it makes of a body that begins with `apparmor="…"`, and what is to be found in it besides. */
export const CONTAINERS: readonly (readonly [string, (body: string) => string, Traits])[] = [
  ['auditd', (body) => `type=AVC msg=${ID}${body}`, {}],
  ['auditd with a newline', (body) => `type=AVC msg=${ID}${body}\n`, {}],
  ['auditd, type without a name', (body) => `type=UNKNOWN[1400] msg=${ID}${body}`, {}],
  ['auditd, number', (body) => `type=1400 msg=${ID}${body}`, {}],
  [
    'auditd with node',
    (body) => `node=srv.example.org type=AVC msg=${ID}${body}`,
    { host: 'srv.example.org' },
  ],
  ['no type', (body) => `msg=${ID}${body}`, {}],
  ['netlink', (body) => `${ID}${body}`, {}],
  ['kmsg', (body) => `5,842,10900000,-;${kmsg(kernel(body))}`, {}],
  [
    'kmsg, caller and continuation',
    (body) => `5,842,10900000,-,caller=T123;${kmsg(kernel(body))}\n SUBSYSTEM=x\n`,
    {},
  ],
  ['dmesg', (body) => `[   10.900000] ${kernel(body)}`, {}],
  ['dmesg with callers', (body) => `[    8.41][  T123] ${kernel(body)}`, {}],
  ['dmesg -t', (body) => kernel(body), {}],
  ['dmesg -r', (body) => `<5>[   10.900000] ${kernel(body)}`, {}],
  ['dmesg -x', (body) => `kern  :notice: [   10.900000] ${kernel(body)}`, {}],
  ['dmesg -T', (body) => `[Thu Nov 26 10:58:19 2026] ${kernel(body)}`, {}],
  ['dmesg -d', (body) => `[    0.370000 <    0.000000>] ${kernel(body)}`, {}],
  ['dmesg -e', (body) => `[Nov26 10:58] ${kernel(body)}`, {}],
  ['dmesg iso', (body) => `2026-11-26T10:58:19,910000+00:00 ${kernel(body)}`, {}],
  ['dmesg -J, one line', (body) => JSON.stringify({ pri: 5, time: 10.9, msg: kernel(body) }), {}],
  ['dmesg -J, a line of many', (body) => `         "msg": ${JSON.stringify(kernel(body))}`, {}],
  [
    'syslog',
    (body) => `Nov  6 10:58:19 srv kernel: [   10.900000] ${kernel(body)}`,
    { host: 'srv' },
  ],
  [
    'syslog, no time of the kernel',
    (body) => `Nov 26 10:58:19 a.b.c kernel: ${kernel(body)}`,
    { host: 'a.b.c' },
  ],
  [
    'syslog, ISO',
    (body) => `2026-01-05T13:54:43.262668+01:00 srv kernel: ${kernel(body)}`,
    { host: 'srv' },
  ],
  [
    'syslog, ISO in UTC',
    (body) => `2026-01-05T13:54:43Z srv kernel: ${kernel(body)}`,
    { host: 'srv' },
  ],
  [
    'RFC 5424',
    (body) => `<5>1 2026-01-05T13:54:43.262668+01:00 srv kernel - - - ${kernel(body)}`,
    { host: 'srv' },
  ],
  ['metalog', (body) => `Nov 26 10:58:19 [kernel] ${kernel(body)}`, {}],
  ['socklogd', (body) => `kern.notice: [   10.900000] ${kernel(body)}`, {}],
  ['before 3.18', (body) => `Nov 26 10:58:19 srv kernel: type=1400 ${ID}${body}`, { host: 'srv' }],
  ['grep', (body) => `/var/log/kern.log:17:Nov 26 10:58:19 srv kernel: ${kernel(body)}`, {}],
  ['journal', (body) => `Nov 26 10:58:19 srv audit[9]: AVC ${body}`, { host: 'srv', noId: true }],
  [
    'journal, no pid',
    (body) => `Nov 26 10:58:19 srv audit: AVC ${body}`,
    { host: 'srv', noId: true },
  ],
  ['journal -o cat', (body) => `AVC ${body}`, { noId: true }],
  ['a body alone', (body) => body, { noId: true }],
  ['snappy-debug', (body) => `Log: ${body}`, { noId: true }],
  [
    'journal -o json, from the kernel',
    (body) => JSON.stringify({ _TRANSPORT: 'kernel', _HOSTNAME: 'srv', MESSAGE: kernel(body) }),
    { host: 'srv' },
  ],
  [
    'journal -o json, from audit',
    (body) =>
      JSON.stringify({
        _TRANSPORT: 'audit',
        _HOSTNAME: 'srv',
        _AUDIT_ID: '34',
        _SOURCE_REALTIME_TIMESTAMP: '1795690704769000',
        MESSAGE: `AVC ${body}`,
      }),
    { host: 'srv' },
  ],
  [
    'journal -o json, bytes',
    (body) => JSON.stringify({ MESSAGE: [...Buffer.from(kernel(body))] }),
    {},
  ],
  [
    'a container engine',
    (body) => JSON.stringify({ log: `${kernel(body)}\n`, stream: 'stdout' }),
    {},
  ],
]
