import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeFiles } from '../support/files.ts'
import { MANY, reportOf, runProgram } from '../support/program.ts'
import { copyPackage, PACKAGE } from '../support/package.ts'

t.setTimeout(300_000)

const { dir } = makeFiles(t)
for (const name of ['parent', 'one', 'two']) writeFileSync(join(dir, name), name)

const PARENT = ['', 'one two']
const ONE = ['//one', 'parent two']
const TWO = ['//two', 'parent one']

t.test('hats', async (t) => {
  const said = reportOf('hat', ['api', dir])
  const REFUSED = { syscall: 'aa_change_hat' }

  t.test('withHat runs a function in a hat', async (t) => {
    t.strictSame(said.before, PARENT)
    t.strictSame(said.within, [...ONE, 'apparmor-test-hat'])
    t.strictSame(said.after, PARENT)
  })
  t.test('and leaves it when the function throws', async (t) => {
    t.match(said.thrown, { message: 'its own', code: 'OWN' })
    t.strictSame(said.afterThrow, PARENT)
  })
  t.test('and leaves it when the function returns a promise, which it refuses', async (t) => {
    const refused = { name: 'TypeError', code: 'ERR_INVALID_RETURN_VALUE' }
    t.match(said.promise, refused)
    t.match(said.thenable, refused)
    t.strictSame(said.afterPromise, PARENT)
  })
  t.test('an async function is refused before it runs', async (t) => {
    t.match(said.asynchronous, { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' })
    t.notOk(said.ran)
  })
  t.test('nor does a generator run outside the hat', async (t) => {
    const refused = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' }
    const returned = { name: 'TypeError', code: 'ERR_INVALID_RETURN_VALUE' }
    t.match(said.generators, [refused, refused, returned])
    t.notOk(said.ran)
    t.strictSame(said.afterGenerators, PARENT)
  })
  t.test('from hat to hat, and back to the outer one', async (t) => {
    t.strictSame(said.nested.inner, [ONE, TWO])
    // the kernel looks for hats of the hat, too
    t.match(said.nested.failed, { ...REFUSED, code: /^(ENOENT|ECHILD)$/ })
    t.strictSame(said.nested.afterFailure, ONE)
    t.strictSame(said.nested.outer, ONE)
    t.strictSame(said.afterNested, PARENT)
  })
  t.test('by hand, with a token', async (t) => {
    t.strictSame(said.byHand, [true, ...ONE])
    t.match(said.unknown, { code: 'ERR_APPARMOR_IN_HAT' }, 'not without it, once in a hat')
    t.strictSame(said.withinByHand, TWO)
    t.strictSame(said.toOther, [true, ...TWO], 'the same token goes on to another hat')
    t.strictSame(said.left, PARENT)
    t.equal(said.random, 2, 'a token of its own for each, unless given')
  })
  t.test('the first candidate that exists', async (t) => t.strictSame(said.candidates, TWO))
  t.test('what is refused', async (t) => {
    t.match(said.unconfined, { ...REFUSED, code: 'EPERM' })
    t.match(said.hatless, { ...REFUSED, code: 'ECHILD' })
    t.match(said.errors[0], { ...REFUSED, code: 'ENOENT' })
    t.match(said.errors[1], { syscall: 'aa_change_hatv', code: 'ENOENT' })
  })
  t.test('no error shows a token', async (t) => t.strictSame(said.shown, Array(6).fill(false)))
  t.test('canChangeHat asks and changes nothing', async (t) => {
    t.strictSame(said.cans, [true, false, ...PARENT])
    t.strictSame(said.canWithin, [true, false])
    t.equal(said.canHatless, false)
  })
})

t.test('a hat and a profile for exec do not mix', async (t) => {
  const said = reportOf('hat', ['onexec', dir])
  const [refused, ...within] = said.within
  t.match(refused, { code: 'ERR_APPARMOR_IN_HAT', syscall: 'aa_change_onexec' })
  t.strictSame(within, ONE)
  t.strictSame(said.after, PARENT, 'the hat could be left')
  t.match(said.reverse, { code: 'ERR_APPARMOR_ONEXEC_SET', syscall: 'aa_change_hat' })
  t.strictSame(said.state, PARENT)
})

t.test(
  'the profile is not changed while a thread is in a hat: its end would undo that',
  async (t) => {
    const said = reportOf('hat', ['changes', dir])
    const refused = { name: 'AppArmorError', code: 'ERR_APPARMOR_IN_HAT' }
    t.match(said.own, [refused, refused, 'apparmor-test-hat//three'])
    t.match(said.byHand, refused)
    const LEFT = 'apparmor-test-hat'
    t.match(said.others, [refused, LEFT, refused, LEFT], 'nor while another thread is')
    t.match(said.after, { ok: { label: 'apparmor-test-hatless' } })
    t.strictSame(said.labels, ['apparmor-test-hatless'], 'no thread is left out')
  },
)

t.test('JavaScript that is ended in a hat leaves it', async (t) => {
  const said = reportOf('hat', ['terminated', dir])
  const TIMEOUT = 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  t.strictSame(said.codes, [TIMEOUT, TIMEOUT])
  t.strictSame([said.traced, said.trace], [TIMEOUT, []], 'and no JavaScript runs on behind it')
  t.strictSame(said.after, PARENT)
  t.strictSame(said.nested, [TIMEOUT, ...TWO], 'back to the hat around it')
  t.strictSame(said.afterNested, PARENT)
  t.strictSame(said.byHand, [TIMEOUT, ...TWO], 'which may be one by hand')
  t.strictSame(said.left, PARENT)
  t.ok(said.during.includes('apparmor-test-hat//one'), 'a Worker is in the hat')
  t.strictSame(said.labels, ['apparmor-test-hat'], 'and was terminated there')
})

t.test('two copies of the package share the hat that a thread wears', async (t) => {
  const copy = copyPackage(join(dir, 'copy'))
  const said = reportOf('hat', ['copies', dir, `${copy}dist/index.js`])
  t.strictSame(said.alone, [ONE, TWO, PARENT])
  t.strictSame(said.nested, [ONE, TWO, ONE])
  t.strictSame(said.reverse, [TWO, ONE])
  t.strictSame(said.between, PARENT)
  t.match(said.refused, { code: 'ERR_APPARMOR_IN_HAT' })
  t.strictSame(said.byHand, [TWO, ONE])
  t.strictSame(said.other, [TWO, ONE])
  t.strictSame(said.after, PARENT)
})

t.test('a hat is left without a free descriptor, and writes to no other file', async (t) => {
  const said = reportOf('hat', ['descriptors', dir], { through: ['prlimit', '--nofile=256'] })
  t.ok(said.opened > 100)
  t.strictSame(said.after, PARENT)
  t.strictSame(said.again, PARENT)
  t.equal(said.victim, 'intact')
})

t.test('a child and a Worker that are started in a hat inherit it', async (t) => {
  const said = reportOf('hat', ['inherits', dir])
  t.equal(said.child, 'apparmor-test-hat//one (enforce)\n', 'and may not read more')
  t.strictSame(
    said.born,
    [ONE, 'ERR_APPARMOR_IN_HAT', PARENT, TWO],
    'the Worker has the token, too',
  )
  t.strictSame(said.state, PARENT)
})

t.test('the pool does not stay in the hat in which it was first used', async (t) => {
  // CommonJS: modules have used the pool before they run.
  const program = `
    const { changeProfile, getThreadCons, withHat } = require(require("node:url").fileURLToPath(${PACKAGE}))
    const { readFile } = require('node:fs/promises')
    const file = ${JSON.stringify(join(dir, 'one'))}
    changeProfile('apparmor-test-hat')
    const before = getThreadCons().length
    let text
    withHat('one', () => void (text = readFile(file, 'utf8')))
    text.then((text) => {
      const threads = getThreadCons()
      const labels = [...new Set(threads.map(({ label }) => label))]
      console.log(JSON.stringify({ before, after: threads.length, labels, text }))
    })`
  const { stdout } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' })
  const said = JSON.parse(stdout)
  t.ok(said.after > said.before, 'the pool was not there before')
  t.match(said, { labels: ['apparmor-test-hat'], text: 'one' })
})

t.test('the kernel kills for a wrong token', async (t) => {
  for (const how of ['wrong', 'wrongOther']) {
    const { signal, stdout } = runProgram('hat', [how, dir])
    t.strictSame([signal, JSON.parse(stdout)], ['SIGKILL', ONE])
  }
  const { signal, stdout } = runProgram('hat', ['zero', dir])
  t.strictSame([signal, JSON.parse(stdout)], ['SIGKILL', [true, 'ERR_OUT_OF_RANGE', ...ONE]])
})

t.test('a Worker in a hat while the main thread serves HTTP', async (t) => {
  const said = reportOf('hat', ['http', dir])
  t.match(said.worker, { crossed: 0 })
  t.ok(said.worker.turns >= 50, `${said.worker.turns} times in the hat`)
  t.strictSame(said.answers, [['one two', 20]])
  t.strictSame(said.label, PARENT)
})

t.test('many Workers in and out of different hats: none crosses over', async (t) => {
  const said = reportOf('hat', ['crowd', dir, String(MANY)])
  t.equal(said.results.length, MANY)
  for (const { hat, turns, crossed } of said.results) {
    t.ok(turns >= 50, `${turns} times in ${hat}`)
    t.equal(crossed, 0)
  }
  t.strictSame(
    [...new Set(said.threads.map(({ label }: { label: string }) => label))],
    ['apparmor-test-hat'],
  )
})
