// npm run test:docs: runs the programs of the pages and of the docstrings, and the command lines of the pages, in a guest:
// one session for all. Each has to end well, unless the line before it says why it is not run.
//
//   node tools/docs/run.js [PLACE…]    PLACE being the beginning of docs/policy.md:12
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { buildTests } from '../build-ts.js'
import { runGuest } from '../guest/guest.js'
import { fail, say, total } from '../test/report.js'

const SELF = fileURLToPath(import.meta.url)
const HERE = 'build/docs-run'
const FIXTURE = 'tools/docs/fixture'
const LOADED = 'build/docs-run.policy'
/** Written from the definitions of the commands. */
const COMMANDS = 'docs/cli.md'
/** A busy machine takes long. */
const TIMEOUT = 60_000
/** What goes on is watched for so long. */
const WATCHED = 4000
/** Such a block begins without the profiles that it loads. */
const LOADS = /\b(load|sync)\(|apparmor (load|learn|sync)/
/** What goes on until somebody ends it. */
const ENDLESS = /for await|listen\(|^apparmor watch|^sudo apparmor log -f|--watch/m
const SHELL = `npx() { case $1 in apparmor) shift; apparmor "$@" ;; *) command npx "$@" ;; esac; }
apparmor() { '${process.execPath}' '${join(process.cwd(), 'dist/cli.js')}' "$@" || [ $? = 1 ]; } # 1 is an answer: no
sudo() { "$@"; }
set -e
`

/** @typedef {import('../../test/support/doc_blocks.ts').Block} Block */

/** Programs, with what they continue, and command lines. @param {readonly Block[]} blocks */
function runnable(blocks) {
  let before = ''
  /** @type {{ at: string, file: string, text: string }[]} */
  const found = []
  for (const block of blocks) {
    const { at, language, text, continues, notRun, file } = block
    const isProgram = language === 'js' || language === 'ts'
    if (isProgram) before = continues ? before + text : text
    if (notRun || file) continue
    if (isProgram)
      found.push({ at, file: 'block.mjs', text: language === 'ts' ? plain(before) : before })
    else if (language === 'sh')
      for (const [index, line] of commandsOf(block).entries())
        found.push({ at: index ? `${at}+${index}` : at, file: 'block.sh', text: SHELL + line })
  }
  return found
}

/** The examples of a command are alternatives, each under a comment: each begins anew. @param {Block} block */
const commandsOf = ({ at, text }) => (at.startsWith(COMMANDS) ? text.split(/^(?=# )/m) : [text])

/** JavaScript of TypeScript. @param {string} text */
const plain = (text) =>
  ts.transpileModule(text, { compilerOptions: { target: 9, module: 99 } }).outputText

/** @param {string} command @param {readonly string[]} args */
const must = (command, ...args) => {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
}

/** Files of which blocks speak by an absolute path. A guest keeps none of them. */
function furnish() {
  for (const directory of ['hello', 'my-app/apparmor'])
    mkdirSync(`/etc/${directory}`, { recursive: true })
  for (const directory of ['hello', 'uploads', 'web', 'web/private'])
    mkdirSync(`/srv/${directory}`, { recursive: true })
  mkdirSync('/var/log/audit', { recursive: true })
  mkdirSync('/var/lib/web', { recursive: true })
  cpSync(`${FIXTURE}/audit.log`, '/var/log/audit/audit.log')
  for (const file of ['/etc/my-app/apparmor/web', '/etc/apparmor.d/web'])
    cpSync(`${FIXTURE}/web.profile`, file)
  writeFileSync('/etc/hello/key', 'key')
  writeFileSync('/srv/uploads/a.txt', 'text')
  mkdirSync('/var/cache/my-app', { recursive: true })
  must('apparmor_parser', '--skip-kernel-load', '--write-cache', `${FIXTURE}/web.profile`)
  for (const program of ['convert', 'web']) cpSync('/bin/true', `/usr/bin/${program}`)
  must(
    'openssl',
    ...'req -x509 -newkey rsa:2048 -nodes -subj /CN=hello -days 1'.split(' '),
    '-keyout',
    '/etc/hello/key.pem',
    '-out',
    '/etc/hello/cert.pem',
  )
}

/** What the blocks speak of: files, and profiles that permit all they do. */
function prepare(/** @type {string} */ text) {
  rmSync(HERE, { recursive: true, force: true })
  rmSync('/run/example.sock', { force: true })
  cpSync(FIXTURE, HERE, { recursive: true })
  for (const name of ['my-kernel.abi', 'server.features'])
    cpSync('/etc/apparmor.d/abi/3.0', join(HERE, name))
  if (text.includes('git show')) commit()
  writeFileSync('/sys/kernel/security/apparmor/.replace', readFileSync(LOADED))
  if (text.includes('--kernel')) must('apparmor_parser', '--replace', '/etc/apparmor.d/web')
  if (LOADS.test(text)) must('apparmor_parser', '--remove', `${FIXTURE}/loaded.profile`)
}

/** A repository, with what is there as its first commit. */
function commit() {
  for (const args of ['init', 'add .', 'commit --message=first'])
    must('git', '-C', HERE, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args.split(' '))
}

/** @param {{ file: string, text: string }} block @returns {Promise<string | null>} what went wrong */
function runBlock({ file, text }) {
  writeFileSync(join(HERE, file), text)
  const [command, ...args] = file.endsWith('.sh') ? ['bash', file] : [process.execPath, file]
  const child = spawn(command, args, {
    cwd: HERE,
    detached: true,
    env: { ...process.env, NO_COLOR: '1', EDITOR: 'true' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stdout.on('data', (chunk) => (said += chunk))
  child.stderr.on('data', (chunk) => (said += chunk))
  let isStopped = false
  const goesOn = ENDLESS.test(text)
  const timer = setTimeout(
    () => {
      isStopped = true
      if (child.pid) process.kill(-child.pid, 'SIGKILL')
    },
    goesOn ? WATCHED : TIMEOUT,
  )
  return new Promise((resolve) => {
    child.once('close', (status) => {
      clearTimeout(timer)
      const isFine = status === 0 || (isStopped && goesOn)
      if (isStopped && !goesOn) said = `took too long: ${said}`
      resolve(isFine ? null : `status ${status}: ${said.trim().slice(0, 400)}`)
    })
  })
}

/** @param {readonly string[]} places */
async function runAll(places) {
  const { exampleBlocks, pageBlocks } = await import('../../build/test/support/doc_blocks.js')
  furnish()
  must('apparmor_parser', '--skip-kernel-load', '--ofile', LOADED, `${FIXTURE}/loaded.profile`)
  const blocks = runnable([...pageBlocks(), ...exampleBlocks()])
  for (const block of blocks) {
    if (places.length > 0 && !places.some((place) => block.at.startsWith(place))) continue
    prepare(block.text)
    const wrong = await runBlock(block)
    if (wrong === null) total.passed++
    else fail(block.at, wrong)
  }
  say(`${total.passed} passed, ${total.failed} failed`)
  process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1
}

process.chdir(fileURLToPath(new URL('../..', import.meta.url)))
const [first, ...rest] = process.argv.slice(2)
if (first === '--here') await runAll(rest)
else {
  buildTests()
  mkdirSync('build', { recursive: true })
  const places = process.argv.slice(2)
  // A block may write anywhere: nothing of that reaches this machine.
  const options = { timeout: 3600, shareCwd: false }
  const { status, failure } = await runGuest([process.execPath, SELF, '--here', ...places], options)
  if (failure !== null) fail('guest', failure)
  process.exitCode = status
}
