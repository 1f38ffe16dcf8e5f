import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compareFeatures, featureId, features, supports } from 'apparmor'
import t from 'tap'

const ABI = `query {label {perms {allow deny audit quiet
}
}
}
domain {stack {yes
}
version {1.2
}
pivot {no
}
}
capability {0xff
}
file {mask {create read write
}
}
`

const file = join(t.testdirName, 'abi')
const load = (text: string) => {
  writeFileSync(file, text)
  return features(file)
}
t.testdir()

t.test('a saved set of features is a frozen tree', async (t) => {
  const tree = load(ABI)
  t.strictSame(tree, {
    query: { label: { perms: 'allow deny audit quiet' } },
    domain: { stack: 'yes', version: '1.2', pivot: 'no' },
    capability: '0xff',
    file: { mask: 'create read write' },
  })
  t.ok(Object.isFrozen(tree) && Object.isFrozen(tree['domain']))
})

t.test('supports: a group, a value, a word of a list', async (t) => {
  const tree = load(ABI)
  for (const feature of ['domain', 'domain/stack', 'file/mask/read', 'query/label/perms/quiet']) {
    t.equal(supports(feature, tree), true, feature)
  }
  for (const feature of [
    'dbus',
    'domain/pivot',
    'file/mask/exec',
    'file/mask/read/x',
    'toString',
  ]) {
    t.equal(supports(feature, tree), false, feature)
  }
})

t.test('compareFeatures: what is lost, what is gained', async (t) => {
  const other = load(
    'domain {stack {yes} version {1.3} pivot {yes}} capability {0x1ff} file {mask {read exec}}',
  )
  t.strictSame(compareFeatures(load(ABI), other), {
    lost: ['query', 'file/mask/create', 'file/mask/write'],
    gained: ['domain/version', 'domain/pivot', 'capability', 'file/mask/exec'],
  })
  t.strictSame(compareFeatures(other, other), { lost: [], gained: [] })
})

t.test('what is no set of features', async (t) => {
  for (const text of ['', 'a', 'a {b', 'a b}', 'a {b} c', '{a}', 'a b {c}']) {
    t.throws(() => load(text), { name: 'AppArmorError', code: 'ERR_APPARMOR_FEATURES' }, text)
  }
  const error = { name: 'AppArmorError', code: 'ENOENT', syscall: 'aa_features_new' }
  t.throws(() => features('/nonexistent/abi'), { ...error, path: '/nonexistent/abi' })
  t.throws(() => features(1 as unknown as string), { code: 'ERR_INVALID_ARG_TYPE' })
})

t.test('featureId reads a file, not a directory', async (t) => {
  for (const path of ['/', '/dev/null']) {
    t.throws(() => featureId(path), { name: 'AppArmorError', syscall: 'aa_features_new', path })
  }
  load(ABI)
  t.match(featureId(file), /^[0-9a-f]{8}$/)
})
