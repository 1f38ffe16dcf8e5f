import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { profiles } from 'apparmor'
import { remove, sync, type SyncOptions, type SyncProgress, type SyncReport } from 'apparmor/policy'
import t from 'tap'

t.setTimeout(120_000)

const NAME = 'apparmor-test-follow'
const root = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
const dir = join(root, 'policy')
const parts = join(root, 'parts')
mkdirSync(dir)
mkdirSync(parts)
const state = join(root, 'state')
t.teardown(async () => {
  for (const { label } of await profiles()) {
    if (label.startsWith(NAME)) await remove({ profile: label })
  }
  rmSync(root, { recursive: true })
})
const write = (file: string, text: string): void => writeFileSync(join(root, file), text)
const profile = (name: string, rules = ''): string => `profile ${NAME}-${name} { ${rules} }\n`
const stepsOf = ({ steps }: SyncReport): readonly string[] =>
  steps.map(({ action, profile }) => `${action} ${profile.slice(NAME.length + 1)}`).sort()

t.test('a report at once, and one for each change', async (t) => {
  write('policy/a', `profile ${NAME}-a {\n  include "${parts}/one"\n}\n`)
  write('parts/one', '/x r,\n')
  const stop = new AbortController()
  const reports = sync(dir, { owner: 'follow', state, watch: true, signal: stop.signal })[
    Symbol.asyncIterator
  ]()
  const next = async (): Promise<readonly string[]> => stepsOf((await reports.next()).value)
  t.strictSame(await next(), ['load a'])
  const second = next()
  write('policy/b', profile('b'))
  t.strictSame(await second, ['load b'], 'a new file')
  const third = next()
  write('parts/one', '/y r,\n')
  t.strictSame(await third, ['replace a'], 'a file that is included')
  // What changes while nobody waits is not lost.
  rmSync(join(dir, 'b'))
  t.strictSame(await next(), ['remove b'], 'a file that is gone')
  const last = reports.next()
  stop.abort(new Error('enough'))
  await t.rejects(last, { message: 'enough' })
  t.strictSame(await reports.next(), { done: true, value: undefined })
})

t.test('the loop may end', async (t) => {
  for await (const { unchanged } of sync(dir, { owner: 'follow', state, watch: true })) {
    t.equal(unchanged, 1)
    break
  }
  // Nothing keeps the process alive, and the manifest is free.
  t.match(await sync(dir, { owner: 'follow', state }), { unchanged: 1 })
})

t.test('bad options reject with the first report', async (t) => {
  const watched = sync(dir, { owner: '../x', state, watch: true })
  await t.rejects(watched[Symbol.asyncIterator]().next(), { code: 'ERR_INVALID_ARG_VALUE' })
  await t.rejects(sync(dir, { owner: 'x', state, watch: 1 } as object as SyncOptions), {
    code: 'ERR_INVALID_ARG_TYPE',
  })
  await t.rejects(sync(dir, { owner: 'x', state, progress: 1 } as object as SyncOptions), {
    code: 'ERR_INVALID_ARG_TYPE',
  })
})

t.test('progress, file by file, before anything is loaded', async (t) => {
  write('policy/bad', 'profile x {\n')
  write('policy/new', profile('new'))
  const seen: SyncProgress[] = []
  await sync(dir, { owner: 'follow', state, progress: (one) => seen.push(one) })
  t.strictSame(seen.map(({ file, outcome }) => `${file} ${outcome}`).sort(), [
    'a unchanged',
    'bad failed',
    'new compiled',
  ])
  t.strictSame(
    seen.map(({ done, total }) => [done, total]),
    [
      [1, 3],
      [2, 3],
      [3, 3],
    ],
  )
})
