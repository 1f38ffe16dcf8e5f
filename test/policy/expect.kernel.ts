// Runs as root under a kernel that enforces AppArmor.
import { readdirSync } from 'node:fs'
import { expectPolicy, parseProfile, profile, policy, file, hat } from 'apparmor/policy'
import t from 'tap'

const NAMESPACES = '/sys/kernel/security/apparmor/policy/namespaces'
const ours = (): readonly string[] =>
  readdirSync(NAMESPACES).filter((name) => name.startsWith('apparmor-expect-'))

const WEB = parseProfile(
  `abi <abi/3.0>,
profile web {
  /srv/** rl,
  deny /srv/secret r,
  owner /home/** r,
  /usr/bin/cat Px -> web,
  capability kill,
  link /a -> /b,
}
`,
)

t.test('the kernel is asked the same, and keeps nothing', async (t) => {
  let seen: readonly string[] = []
  await expectPolicy(WEB, { kernel: true, unread: 'ignore' }, (expected) => {
    seen = ours()
    expected
      .profile('web')
      .allows('r', '/srv/a')
      .denies('r', '/srv/secret')
      .denies('w', '/srv/a')
      .denies('r', '/home/a')
      .allows('r', '/home/a', { owner: true })
      .executes('/usr/bin/cat', { exec: 'Px', target: 'web' })
      .allows({ link: '/a', target: '/b' })
      .denies({ link: '/a', target: '/c' })
      .allows({ capability: 'kill' })
  })
  t.equal(seen.length, 1, 'a namespace of its own')
  t.strictSame(ours(), [])
})

t.test(
  'where the kernel does not agree, the expectation fails; it keeps nothing then, either',
  async (t) => {
    // The include is empty for us alone: the compiler reads the machine's.
    const resolve = ({ path }: { path: string }) => ({ file: path, text: '' })
    const text = 'profile x {\n  include <abstractions/base>\n}\n'
    const odd = parseProfile(`abi <abi/3.0>,\ninclude <tunables/global>\n${text}`, { resolve })
    const ask = expectPolicy(odd, { kernel: true }, (expected) => {
      expected.profile('x').denies('r', '/etc/ld.so.cache')
    })
    await t.rejects(ask, { code: 'ERR_ASSERTION', message: /the kernel does not agree/ })
    t.strictSame(ours(), [])
    const broken = expectPolicy(WEB, { kernel: true, unread: 'ignore' }, async () => {
      throw new Error('mine')
    })
    await t.rejects(broken, { message: 'mine' })
    const refused = policy(
      profile('x', { rules: [file('/a', 'px', { target: 'b' }), file('/a', 'ix')] }),
    )
    await t.rejects(
      expectPolicy(refused, { kernel: true }, () => undefined),
      {
        name: 'PolicyCompileError',
      },
    )
    t.strictSame(ours(), [])
  },
)

t.test('hats too; another namespace is refused', async (t) => {
  const hats = policy(profile('x', { hats: [hat('h', { rules: [file('/a', 'r')] })] }))
  await expectPolicy(hats, { kernel: true }, (expected) => {
    expected.profile('x//h').allows('r', '/a').denies('r', '/b').profile('x').denies('r', '/a')
  })
  const named = policy(profile('x', { namespace: 'ns' }))
  await t.rejects(
    expectPolicy(named, { kernel: true }, () => undefined),
    {
      code: 'ERR_INVALID_ARG_VALUE',
    },
  )
  t.strictSame(ours(), [])
})
