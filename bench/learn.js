// npm run test:learn: profiles of real programs are learned and proved, under a kernel that enforces AppArmor. Then each
// rule is taken away in turn: how many are there without which the program works all the same?
//
//   node bench/learn.js [--minimal] [NAME…]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer, get } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'
import { learn } from 'apparmor/audit'
import { spawnSync } from 'apparmor/child_process'
import { edit, load, remove, replace } from 'apparmor/policy'

const { values, positionals } = parseArgs({
  options: { minimal: { type: 'boolean' } },
  allowPositionals: true,
})
const dir = mkdtempSync(join(tmpdir(), 'apparmor-learn-'))
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
 * @property {(outcome: { status: number | null, signal: string | null, stdout: string }) => boolean} [works]
 */

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
    command: ['/bin/sh', '-c', `date | tr a-z A-Z > ${at('date')}; (echo x; sleep 0.1) | cat`],
  },
  git: {
    command: ['git', 'clone', '-q', at('repository'), at('clone')],
    before: () =>
      sh(
        'git init -q repository && cd repository && echo 1 > a && git add a && git -c user.name=a -c user.email=a@b commit -qm a',
      ),
    between: () => fresh('clone'),
  },
  curl: {
    command: ['curl', '-sS', '-o', at('page'), `http://127.0.0.1:${PORT + 1}/`],
    before: () =>
      once(
        createServer((_, response) => response.end('page'))
          .listen(PORT + 1)
          .unref(),
        'listening',
      ),
  },
  convert: { command: ['/usr/bin/convert', '-size', '20x20', 'xc:red', at('red.png')] },
  server: {
    command: [
      process.execPath,
      '-e',
      `require('http').createServer((_, a) => a.end(require('fs').readFileSync('${at('page.html')}'))).listen(${PORT}, '127.0.0.1')`,
    ],
    before: () => writeFileSync(at('page.html'), 'page'),
    between: () => (answered = false),
    exercise: async (child) => {
      for (let i = 0; i < 300 && child.exitCode === null && !answered; i++) {
        answered = (await ask()) === 200
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      child.kill('SIGKILL')
    },
    works: () => answered,
  },
  npm: {
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
      mkdirSync(at('package'))
      writeFileSync(at('package/package.json'), '{"name":"local","version":"1.0.0"}')
    },
    between: () => {
      fresh('project')
      mkdirSync(at('project'))
      writeFileSync(at('project/package.json'), '{"name":"project","version":"1.0.0"}')
    },
  },
}
chmodSync(dir, 0o755)

/** @param {string} name @param {Program} program */
async function teach(name, { command: [file, ...args], before, between, exercise, works }) {
  const path = file.startsWith('/') ? file : find(file)
  if (path === undefined || !isExecutable(path))
    return console.log(`${name}: ${file} is not installed`)
  await before?.()
  await between?.()
  const begin = performance.now()
  const lesson = await learn([path, ...args], {
    env: { PATH: process.env['PATH'], HOME: dir, LANG: 'C' },
    cwd: dir,
    stdio: 'ignore',
    timeout: 120_000,
    generalise: ['proc', 'temporary'],
    exercise: async (child) => {
      await exercise?.(child)
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
    works: (outcome) => {
      const good = works ? works(outcome) : outcome.status === 0
      void between?.()
      return good
    },
  })
  const [profile] = lesson.policy.rules.filter((rule) => rule.kind === 'profile')
  const count = profile?.kind === 'profile' ? profile.rules.length : 0
  const records = lesson.rounds.map((round) => `${round.mode} ${round.records.length}`).join(', ')
  const time = ((performance.now() - begin) / 1000).toFixed(0)
  console.log(
    `${name}: ${lesson.proven ? 'proven' : 'NOT PROVEN'}, ${count} rules, ${time} s; records: ${records}`,
  )
  for (const problem of lesson.problems) console.log(`  ${problem}`)
  if (!lesson.proven) {
    process.exitCode = 1
    for (const { text } of lesson.rounds.at(-1)?.added ?? []) console.log(`  last: ${text}`)
  }
  if (lesson.proven && values.minimal) await prune(name, lesson, [path, ...args], between)
}

/**
 * @param {string} name
 * @param {import('apparmor/audit').Lesson} lesson
 * @param {readonly string[]} command
 * @param {(() => unknown) | undefined} between
 */
async function prune(name, { policy, profile }, [file = '', ...args], between) {
  if (name === 'server') return
  await load(policy)
  const rules = policy.rules.flatMap((rule) => (rule.kind === 'profile' ? rule.rules : []))
  let needed = 0
  for (const rule of rules) {
    await replace(edit(policy, (one) => (one === rule ? null : one)))
    await between?.()
    const { status } = spawnSync(file, args, {
      profile,
      cwd: dir,
      stdio: 'ignore',
      timeout: 120_000,
      env: { PATH: process.env['PATH'], HOME: dir, LANG: 'C' },
    })
    if (status !== 0) needed++
  }
  await remove({ profile })
  console.log(`  without each rule in turn: ${needed} of ${rules.length} are needed for status 0`)
}

for (const [name, program] of Object.entries(programs)) {
  if (positionals.length === 0 || positionals.includes(name)) await teach(name, program)
}
process.exit()
