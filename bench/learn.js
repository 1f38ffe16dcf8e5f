// npm run test:learn: profiles of real programs are learned and proved, under a kernel that enforces AppArmor: the program
// works in enforce mode, nothing is refused, and what it was not taught is tried and refused. Then each rule is taken
// away in turn: how many are there without which the program works all the same? The same is asked of what aa-logprof
// makes of the program's records, when all that it proposes is accepted. A table ends it. --quick: learn and prove only.
//
//   node bench/learn.js [--quick] [NAME…]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, get } from 'node:http'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { processes } from 'apparmor'
import { follow, learn } from 'apparmor/audit'
import { spawn as spawnConfined } from 'apparmor/child_process'
import { edit, load, parseProfile, remove, replace } from 'apparmor/policy'

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
})
// Not among temporary files, which abstractions permit.
const dir = mkdtempSync('/srv/apparmor-learn-')
process.on('exit', () => rmSync(dir, { recursive: true, force: true }))
const at = (/** @type {string} */ name) => join(dir, name)

/** @param {string} name */
const find = (name) =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((one) => join(one, name))
    .find(isExecutable)

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** @param {string} command */
const sh = async (command) => {
  const [status] = await once(
    spawn('/bin/sh', ['-ec', command], { cwd: dir, stdio: 'inherit' }),
    'exit',
  )
  if (status !== 0) throw new Error(`${command}: ${status}`)
}

/**
 * @typedef {object} Program
 * @property {readonly [string, ...string[]]} command
 * @property {() => unknown} [before]
 * @property {() => unknown} [between]
 * @property {(child: import('node:child_process').ChildProcess) => unknown} [exercise]
 * @property {() => boolean} [works] instead of the status
 * @property {readonly [string, ...string[]]} neighbour what the same program was not taught; without a profile it works
 */

const TIMEOUT = 120_000
const PORT = 8137
/** @returns {Promise<number | undefined>} */
const ask = () =>
  new Promise((resolve) => {
    get({ port: PORT, host: '127.0.0.1' }, (response) => resolve(response.resume().statusCode)).on(
      'error',
      () => resolve(undefined),
    )
  })

let answered = false
/** @param {string} name */
const fresh = (name) => rmSync(at(name), { recursive: true, force: true })

/** @type {Readonly<Record<string, Program>>} */
const programs = {
  shell: {
    neighbour: ['/bin/sh', '-c', `cat ${at('secret')}`],
    command: [
      '/bin/sh',
      '-c',
      `date | tr a-z A-Z > ${at('date')}; (echo x; sleep 0.1) | cat > ${at('x')}`,
    ],
    between: () => ['date', 'x'].forEach(fresh),
    works: () => ['date', 'x'].every((name) => existsSync(at(name)) && statSync(at(name)).size > 0),
  },
  git: {
    neighbour: ['git', 'clone', '-q', at('other'), at('clone')],
    command: ['git', 'clone', '-q', at('repository'), at('clone')],
    before: () =>
      sh(
        'git init -q repository && cd repository && echo 1 > a && git add a && git -c user.name=a -c user.email=a@b commit -qm a && cp -r . ../other',
      ),
    between: () => fresh('clone'),
  },
  curl: {
    neighbour: ['curl', '-sS', '-o', at('other-page'), `http://127.0.0.1:${PORT + 1}/`],
    command: ['curl', '-sS', '-o', at('page'), `http://127.0.0.1:${PORT + 1}/`],
    before: () =>
      once(
        createServer((_, response) => response.end('page'))
          .listen(PORT + 1)
          .unref(),
        'listening',
      ),
  },
  convert: {
    neighbour: ['/usr/bin/convert', '-size', '20x20', 'xc:red', at('blue.png')],
    command: ['/usr/bin/convert', '-size', '20x20', 'xc:red', at('red.png')],
  },
  server: {
    neighbour: [process.execPath, '-e', `require('fs').readFileSync('${at('secret')}')`],
    command: [
      process.execPath,
      '-e',
      `require('http').createServer((_, a) => a.end(require('fs').readFileSync('${at('page.html')}'))).listen(${PORT}, '127.0.0.1')`,
    ],
    before: () => writeFileSync(at('page.html'), 'page'),
    between: () => (answered = false),
    exercise: async (child) => {
      for (let i = 0; i < 60 && child.exitCode === null && !answered; i++) {
        answered = (await ask()) === 200
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      child.kill('SIGKILL')
    },
    works: () => answered,
  },
  npm: {
    neighbour: [
      'npm',
      'install',
      '--offline',
      '--no-audit',
      '--no-fund',
      '--prefix',
      at('project'),
      at('other-package'),
    ],
    command: [
      'npm',
      'install',
      '--offline',
      '--no-audit',
      '--no-fund',
      '--prefix',
      at('project'),
      at('package'),
    ],
    before: () => {
      for (const name of ['package', 'other-package']) {
        mkdirSync(at(name))
        writeFileSync(at(`${name}/package.json`), '{"name":"local","version":"1.0.0"}')
      }
    },
    between: () => {
      fresh('project')
      mkdirSync(at('project'))
      writeFileSync(at('project/package.json'), '{"name":"project","version":"1.0.0"}')
    },
  },
}
chmodSync(dir, 0o755)
writeFileSync(at('secret'), 'secret')

const ENVIRONMENT = { PATH: process.env['PATH'], HOME: dir, LANG: 'C' }
const OPTIONS = /** @type {const} */ ({ cwd: dir, env: ENVIRONMENT, stdio: 'ignore' })

/**
 * Runs a program under a profile, or without one.
 *
 * @param {readonly [string, ...string[]]} command
 * @param {string | undefined} profile
 * @param {Program | null} program how it is used
 * @returns {Promise<boolean>} whether it worked
 */
async function attempt([file, ...args], profile, program) {
  await program?.between?.()
  const options = { ...OPTIONS, timeout: TIMEOUT }
  const child =
    profile === undefined
      ? spawn(file, args, options)
      : spawnConfined(file, args, { ...options, profile })
  const ended = once(child, 'exit').catch(() => [1])
  await program?.exercise?.(child)
  const [status] = await ended
  const works = program?.works ? program.works() : status === 0
  return !(await endLeft(profile)) && works
}

/**
 * Ends what still runs under a profile: it ought to have ended.
 *
 * @param {string | undefined} profile
 */
async function endLeft(profile) {
  if (profile === undefined) return false
  const left = () =>
    processes({ label: (label) => label === profile || label.startsWith(`${profile}//`) })
  if ((await left()).length === 0) return false
  await replace(`profile ${profile} {\n  signal receive,\n}\n`)
  for (let some = await left(); some.length > 0; some = await left()) {
    for (const { pid } of some) process.kill(pid, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return true
}

/** @param {string} profile @param {() => Promise<unknown>} act */
async function recordsOf(profile, act) {
  const log = follow({ source: 'netlink' })
  /** @type {import('apparmor/audit').AuditRecord[]} */
  const seen = []
  const reading = (async () => {
    for await (const one of log) {
      if (
        one.event !== 'lost' &&
        (one.profile === profile || one.profile?.startsWith(`${profile}//`))
      )
        seen.push(one)
    }
  })()
  await act()
  await new Promise((resolve) => setTimeout(resolve, 500))
  await log.return?.()
  await reading
  return seen
}

/** @type {string[][]} */
const table = []
const yes = (/** @type {boolean} */ is) => (is ? 'yes' : 'no')

/** @param {string} name @param {Program} program */
async function teach(name, program) {
  const [file, ...args] = program.command
  const path = file.startsWith('/') ? file : find(file)
  if (path === undefined || !isExecutable(path))
    throw new Error(`${name}: ${file} is not installed`)
  await program.before?.()
  await program.between?.()
  const begin = performance.now()
  const lesson = await learn([path, ...args], {
    ...OPTIONS,
    timeout: TIMEOUT,
    generalise: ['proc', 'temporary'],
    exercise: async (child) => {
      await program.exercise?.(child)
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
    works: (outcome) => {
      const good = program.works ? program.works() : outcome.status === 0
      void program.between?.()
      return good
    },
  })
  const took = since(begin)
  const { proven, rounds, problems, policy, profile } = lesson
  const records = rounds.map((round) => `${round.mode} ${round.records.length}`).join(', ')
  console.log(`${name}: ${proven ? 'proven' : 'NOT PROVEN'}, ${took}; records: ${records}`)
  for (const problem of problems) console.log(`  ${problem}`)
  const command = /** @type {[string, ...string[]]} */ ([path, ...args])
  const ours = await judge(policy, profile, command, program)
  const theirs = values.quick ? null : await compare(name, command, program)
  if (!proven || !ours.works || !ours.refused) process.exitCode = 1
  table.push([
    name,
    String(rounds.length),
    yes(proven),
    yes(ours.refused),
    String(ours.rules),
    ours.superfluous,
    ...(theirs === null
      ? []
      : [yes(theirs.works), yes(theirs.refused), String(theirs.rules), theirs.superfluous]),
  ])
  console.log(`${name}: all of it took ${since(begin)}`)
}

const since = (/** @type {number} */ begin) =>
  `${((performance.now() - begin) / 1000).toFixed(0)} s`

/**
 * Whether the program works under a profile and its neighbour does not, and how many of the rules it does not need.
 *
 * @param {import('apparmor/policy').Policy} policy
 * @param {string} profile
 * @param {readonly [string, ...string[]]} command
 * @param {Program} program
 */
async function judge(policy, profile, command, program) {
  const [file, ...args] = program.neighbour
  const neighbour = /** @type {[string, ...string[]]} */ ([
    file.startsWith('/') ? file : find(file),
    ...args,
  ])
  await program.between?.()
  if (!(await attempt(neighbour, undefined, null)))
    throw new Error(`without a profile, ${neighbour.join(' ')} fails`)
  await load(policy)
  try {
    const works = await attempt(command, profile, program)
    await program.between?.()
    let done = false
    const records = await recordsOf(profile, async () => {
      done = await attempt(neighbour, profile, null)
    })
    const refused = !done && records.some(({ event }) => event === 'denied')
    const rules = policy.rules
      .flatMap((rule) => (rule.kind === 'profile' ? rule.rules : []))
      .filter(({ kind }) => kind !== 'blank' && kind !== 'comment')
    let superfluous = 0
    for (const rule of works && !values.quick ? rules : []) {
      await replace(edit(policy, (one) => (one === rule ? null : one)))
      if (await attempt(command, profile, program)) superfluous++
    }
    return {
      works,
      refused,
      rules: rules.length,
      superfluous: works && !values.quick ? String(superfluous) : '–',
    }
  } finally {
    await endLeft(profile)
    await remove({ profile })
  }
}

/**
 * What aa-logprof makes of the program's records, in as many rounds as it needs.
 *
 * @param {string} name
 * @param {readonly [string, ...string[]]} command
 * @param {Program} program
 */
async function compare(name, command, program) {
  const profile = `aa-logprof-${name}`
  const directory = at(`${profile}.d`)
  cpSync('/etc/apparmor.d', directory, { recursive: true })
  const file = join(directory, profile)
  const log = at(`${profile}.log`)
  writeFileSync(
    file,
    `abi <abi/3.0>,\ninclude <tunables/global>\n\nprofile ${profile} flags=(complain) {\n}\n`,
  )
  for (let round = 0; round < 5; round++) {
    await replace({ file }, { include: [directory] })
    const seen = await recordsOf(profile, () => attempt(command, profile, program))
    if (seen.length === 0) break
    const lines = seen.map(({ raw }) => `type=AVC msg=${raw.slice(raw.indexOf('audit('))}\n`)
    writeFileSync(log, lines.join(''))
    await logprof(directory, log)
  }
  const text = readFileSync(file, 'utf8').replace(/ flags=\(complain\)/g, '')
  await remove({ profile })
  return judge(parseProfile(text), profile, command, program)
}

/** Accepts all that aa-logprof proposes, and has programs run under the profile itself. */
async function logprof(/** @type {string} */ directory, /** @type {string} */ log) {
  const child = spawn(
    '/usr/bin/python3',
    ['/usr/sbin/aa-logprof', '-j', '-d', directory, '-f', log],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, LANG: 'C', LC_ALL: 'C' },
    },
  )
  const ended = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue
    const asked = JSON.parse(line)
    const answer = answerTo(asked)
    if (answer !== null)
      child.stdin.write(`${JSON.stringify({ dialog: asked.dialog, ...answer })}\n`)
  }
  await ended
}

/** @param {{ dialog: string, menu_items?: readonly string[], default?: string }} asked */
function answerTo({ dialog, menu_items: items = [], default: usual = 'y' }) {
  if (dialog === 'yesno' || dialog === 'yesnocancel') return { response_key: usual }
  if (dialog === 'getstring' || dialog === 'getfile') return { response: usual }
  if (dialog === 'changes') return { response: 'y' }
  if (dialog !== 'promptuser') return null
  for (const [word, key] of [
    ['(I)nherit', 'i'],
    ['(A)llow', 'a'],
    ['(S)ave', 's'],
    ['(A)dd', 'a'],
  ]) {
    if (items.some((item) => item.startsWith(word ?? ''))) return { selected: 0, response_key: key }
  }
  return { selected: 0, response_key: 'f' }
}

for (const [name, program] of Object.entries(programs)) {
  if (positionals.length === 0 || positionals.includes(name)) await teach(name, program)
}
const head = ['program', 'rounds', 'proven', 'neighbour refused', 'rules', 'superfluous']
if (!values.quick) {
  const theirs = ['works', 'neighbour refused', 'rules', 'superfluous']
  head.push(...theirs.map((word) => `aa-logprof: ${word}`))
}
for (const row of [head, head.map(() => '---'), ...table]) console.log(`| ${row.join(' | ')} |`)
process.exit()
