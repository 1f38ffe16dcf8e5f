import t from 'tap'
import fc from 'fast-check'
import {
  all,
  capability,
  compare,
  covers,
  dbus,
  deny,
  file,
  format,
  glob,
  ioUring,
  link,
  merge,
  mount,
  network,
  policy,
  profile,
  ptrace,
  signal,
  unix,
  type AccessRule,
} from 'apparmor/policy'
import { compile } from '../support/apparmor_parser.ts'

const text = (rule: AccessRule | undefined): string | undefined => rule && format(rule).trimEnd()
const binary = (...rules: readonly AccessRule[]): Buffer =>
  compile(format(policy(profile('x', { rules }))))

t.test('two rules that one rule can say', async (t) => {
  const alike: readonly (readonly [AccessRule, AccessRule, string])[] = [
    [file('/a', 'r'), file('/a', 'w'), '/a rw,'],
    [file('/a', 'a'), file('/a', 'rw'), '/a rw,'],
    [file('/a', 'r'), file('/a', 'px', { target: 'b' }), '/a rpx -> b,'],
    [file('/a', 'r', { owner: true }), file('/a', 'r', { owner: false }), '/a r,'],
    [file('/a', 'r', { owner: true }), file('/a', 'rw'), '/a rw,'],
    [file('/a', 'r', { access: 'allow' }), file('/a', 'k'), '/a rk,'],
    [deny(file('/a', 'r')), deny(file('/a', 'wix')), 'deny /a rwx,'],
    [file(glob('/srv/**'), 'rw'), file('/srv/a', 'r'), '/srv/** rw,'],
    [capability('kill'), capability('chown'), 'capability chown kill,'],
    [capability('kill'), capability(), 'capability,'],
    [network({ family: 'inet' }), network({ family: 'inet', type: 'stream' }), 'network inet,'],
    [
      signal({ permissions: ['receive'], peer: 'a' }),
      signal({ permissions: ['send'], peer: 'a' }),
      'signal (send, receive) peer=a,',
    ],
    [
      signal({ signals: ['term', 'rtmin+3'] }),
      signal({ signals: ['hup'] }),
      'signal set=(hup, term, rtmin+3),',
    ],
    [
      ptrace({ permissions: ['trace'], peer: 'a' }),
      ptrace({ permissions: ['read'], peer: 'a' }),
      'ptrace (trace, read) peer=a,',
    ],
    [
      unix({ permissions: ['receive'], type: 'stream', peer: { label: 'a' } }),
      unix({ permissions: ['send'], type: 'stream', peer: { label: 'a' } }),
      'unix (send, receive) type=stream peer=(label=a),',
    ],
    [
      dbus({ permissions: ['receive'], bus: 'system', path: '/a' }),
      dbus({ permissions: ['send'], bus: 'system', path: '/a' }),
      'dbus (send, receive) bus=system path=/a,',
    ],
    [mount({ mountpoint: '/m/' }), mount({ mountpoint: '/m/' }), 'mount -> /m/,'],
    [ioUring({ permissions: ['sqpoll'] }), ioUring(), 'io_uring,'],
  ]
  for (const [a, b, both] of alike) {
    t.equal(text(merge(a, b)), both)
    t.equal(text(merge(b, a)), both, 'the other way round')
    t.ok(Object.isFrozen(merge(a, b)))
  }
})

t.test('two rules that stay two', async (t) => {
  const apart: readonly (readonly [AccessRule, AccessRule])[] = [
    [file('/a', 'r'), file('/b', 'r')],
    [file('/a', 'r'), deny(file('/a', 'r'))],
    [file('/a', 'r'), file('/a', 'r', { audit: true })],
    [file('/a', 'r'), file('/a', 'r', { priority: 1 })],
    [file('/a', 'ix'), file('/a', 'px')],
    [file('/a', 'px', { target: 'b' }), file('/a', 'px')],
    [file('/a', 'l'), file('/a', 'px', { target: 'b' })],
    [file(glob('/**'), 'ix'), file('/a', 'ix')],
    [file('/a', 'r', { owner: true }), file('/a', 'w')],
    [file('/a', 'r', { owner: true }), file('/a', 'w', { owner: false })],
    [file(glob('/*'), 'r'), file(glob('/@{X}'), 'r')],
    [file('/a', 'r'), capability('kill')],
    [link('/a', '/b'), link('/a', '/c')],
    [link('/a', '/b'), link('/a', '/b', { subset: true })],
    [
      signal({ permissions: ['send'], signals: ['hup'] }),
      signal({ permissions: ['receive'], signals: ['term'] }),
    ],
    [network({ family: 'inet' }), network({ family: 'inet6' })],
    [all(), file('/a', 'px')],
  ]
  for (const [a, b] of apart) {
    const name = `${text(a)} ${text(b)}`
    // one of them may cover the other, and is still no rule for both
    t.match(text(merge(a, b)) ?? 'none', /^none$|^link \/a -> \/b,$/, name)
    t.match(text(merge(b, a)) ?? 'none', /^none$|^link \/a -> \/b,$/, name)
  }
  for (const bad of [null, {}, { kind: 'comment' }, '/a r,']) {
    t.throws(() => merge(bad as never, file('/a', 'r')), { code: 'ERR_INVALID_ARG_TYPE' })
    t.throws(() => compare(file('/a', 'r'), bad as never), { code: 'ERR_INVALID_ARG_TYPE' })
  }
})

t.test('no rule covers what it does not permit', async (t) => {
  const link = (text: string): AccessRule => ({ ...file('/a', 'l'), link: text })
  t.notOk(covers(file('/a', 'l'), link('/b')), 'without a target the link is compared with it')
  t.ok(covers(link('/b'), { ...link('/b'), subset: true } as AccessRule))
  t.notOk(covers(all(), file('/bin/a', 'px')), 'all, gives ix')
  t.ok(covers(all(), file('/bin/a', 'rix')))
  t.notOk(covers(file(glob('/*'), 'r'), file(glob('/@{X}'), 'r')), 'a value may have a slash')
  t.ok(covers(file(glob('/srv/**'), 'r'), file(glob('/srv/@{X}/a'), 'r')))
  t.ok(covers(file(glob('/@{X}/*'), 'r'), file(glob('/@{X}/a'), 'r')))
})

t.test('the merged rule compiles to what the two compile to', async (t) => {
  const path = fc.constantFrom('/a', '/a/b', glob('/a/*'), glob('/**'), glob('/a{,b}'))
  const maybe = <T>(name: string, value: fc.Arbitrary<T>): fc.Arbitrary<object> =>
    fc.option(value, { nil: undefined }).map((it) => (it === undefined ? {} : { [name]: it }))
  const some = <T extends string>(...words: readonly T[]): fc.Arbitrary<T[]> =>
    fc.subarray([...words], { minLength: 1 })
  const peer = maybe('peer', fc.constantFrom('a', 'b', glob('a*')))
  const access = fc.constantFrom({}, {}, { access: 'deny' }, { audit: true })
  const joined = (...parts: readonly fc.Arbitrary<object>[]): fc.Arbitrary<never> =>
    fc.tuple(...parts).map((all) => Object.assign({}, ...(all as object[])) as never)
  const rule: fc.Arbitrary<AccessRule> = fc.oneof(
    fc
      .tuple(
        path,
        fc.constantFrom('r', 'w', 'a', 'rk', 'm'),
        joined(access, maybe('owner', fc.boolean())),
      )
      .map(([path, permissions, options]) => file(path, permissions as 'r', options)),
    some('kill', 'chown').map((names) => capability(...names)),
    joined(
      maybe('family', fc.constantFrom('inet', 'inet6')),
      maybe('type', fc.constantFrom('stream', 'dgram')),
      access,
    ).map(network),
    joined(
      maybe('permissions', some('send', 'receive')),
      maybe('signals', some('hup', 'term')),
      peer,
      access,
    ).map(signal),
    joined(maybe('permissions', some('trace', 'read')), peer, access).map(ptrace),
    joined(
      maybe('permissions', some('send', 'receive')),
      maybe('type', fc.constantFrom('stream', 'dgram')),
      maybe('peer', fc.constant({ label: 'a' })),
      access,
    ).map(unix),
    joined(maybe('permissions', some('send', 'receive')), fc.constant({ path: '/a' }), access).map(
      dbus,
    ),
  )
  let merged = 0
  // two of one kind, or chance would hardly find a pair
  const pair = fc.tuple(rule, rule).filter(([a, b]) => merge(a, b) !== undefined)
  const property = fc.property(pair, ([a, b]) => {
    const one = merge(a, b) as AccessRule
    merged++
    if (!binary(a, b).equals(binary(one))) throw new Error(`${text(a)} ${text(b)} => ${text(one)}`)
    if (!covers(one, a) || !covers(one, b)) throw new Error(`${text(one)} does not cover`)
  })
  const { failed, counterexample, errorInstance } = fc.check(property, { numRuns: 60, seed: 1 })
  t.notOk(failed, `${errorInstance}: ${JSON.stringify(counterexample)}`)
  t.ok(merged >= 60)
})

t.test('an order that does not depend on the order before', async (t) => {
  const rules: readonly AccessRule[] = [
    file('/b', 'r'),
    deny(file('/c', 'r')),
    file('/a', 'w'),
    file('/a', 'r'),
    capability('kill'),
    deny(capability('chown')),
    link('/a', '/b'),
    network({ family: 'inet' }),
    signal({ peer: 'b' }),
    signal({ peer: 'a' }),
    all(),
  ]
  const sorted = rules.toSorted(compare).map(text)
  t.strictSame(sorted, [
    'all,',
    'deny capability chown,',
    'capability kill,',
    'network inet,',
    'signal peer=a,',
    'signal peer=b,',
    'deny /c r,',
    '/a r,',
    '/a w,',
    '/b r,',
    'link /a -> /b,',
  ])
  t.strictSame(rules.toReversed().sort(compare).map(text), sorted)
  t.equal(compare(file('/a', 'r'), file('/a', 'r')), 0)
})
