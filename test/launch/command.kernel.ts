// Runs as root under a kernel that enforces AppArmor.
import { execFileSync, spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { confineCommand } from 'apparmor'
import { execa, execaSync } from 'execa'
import t from 'tap'
import Tinypool from 'tinypool'
import { makeFiles } from '../support/files.ts'

t.setTimeout(170_000)

const CHILD = 'apparmor-test-child'
const LABEL = `${CHILD} (enforce)`
const { denied } = makeFiles(t)
const { file, args } = confineCommand(CHILD, 'cat', ['/proc/self/attr/current'])
const refused = confineCommand('apparmor-test-missing', 'cat', ['/proc/self/attr/current'])

t.test('a plain child, a shell, a stack', async (t) => {
  t.equal(execFileSync(file, args, { encoding: 'utf8' }), `${LABEL}\n`)
  const script = '"$@" | cat'
  const shell = spawnSync('sh', ['-c', script, 'sh', file, ...args], { encoding: 'utf8' })
  t.equal(shell.stdout, `${LABEL}\n`)
  const stack = confineCommand({ stack: CHILD }, 'cat', ['/proc/self/attr/current'])
  t.match(execFileSync(stack.file, stack.args, { encoding: 'utf8' }), /\/\/&/)
  const denial = confineCommand(CHILD, 'cat', [denied])
  t.equal(spawnSync(denial.file, denial.args).status, 1)
})

t.test('what cannot be confined is not executed: 126, and 127 for a missing program', async (t) => {
  const { status, stdout, stderr } = spawnSync(refused.file, refused.args, { encoding: 'utf8' })
  t.strictSame([status, stdout], [126, ''])
  t.match(stderr, /^apparmor-launcher: cannot set the profile 'apparmor-test-missing' for exec: /)
  const missing = confineCommand(CHILD, 'apparmor-test-nowhere')
  t.equal(spawnSync(missing.file, missing.args).status, 127)
})

t.test('execa', async (t) => {
  t.equal((await execa(file, args)).stdout, LABEL)
  t.equal(execaSync(file, args).stdout, LABEL)
  t.match(await execa(refused.file, refused.args, { reject: false }), { exitCode: 126, stdout: '' })
})

t.test('cross-spawn', async (t) => {
  const crossSpawn = createRequire(import.meta.url)('cross-spawn') as { sync: typeof spawnSync }
  t.equal(crossSpawn.sync(file, args, { encoding: 'utf8' }).stdout, `${LABEL}\n`)
  t.equal(crossSpawn.sync(refused.file, refused.args).status, 126)
})

t.test('tinypool: a pool of processes', async (t) => {
  const command = confineCommand(CHILD, process.execPath)
  // It asks for Node's arguments, and takes the program from here.
  const { execPath } = process
  process.execPath = command.file
  t.teardown(() => (process.execPath = execPath))
  const pool = new Tinypool({
    filename: join(import.meta.dirname, '../guest/pool.js'),
    runtime: 'child_process',
    minThreads: 1,
    maxThreads: 1,
    execArgv: command.args,
  })
  t.equal(await pool.run('/proc/self/attr/current'), LABEL)
  await pool.destroy()
})
