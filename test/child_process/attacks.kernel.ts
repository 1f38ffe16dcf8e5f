// Runs as root under a kernel that enforces AppArmor. What other code in the process may do to a call: each
// attack is a program of its own, since it leaves its traces.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeFiles } from '../support/files.ts'
import { CHILD_PROCESS, copyPackage } from '../support/package.ts'

t.setTimeout(300_000)

const CHILD = 'apparmor-test-child'
const { dir } = makeFiles(t)
const marker = join(dir, 'marker')

/** What a program prints that has made one good call, and has these names. */
function attack(source: string): string {
  const script = `
    import cp from 'node:child_process'
    import dc from 'node:diagnostics_channel'
    import { once } from 'node:events'
    import { setTimeout as sleep } from 'node:timers/promises'
    import { syncBuiltinESMExports } from 'node:module'
    import vm from 'node:vm'
    import * as ours from ${CHILD_PROCESS}
    const profile = '${CHILD}'
    const LABEL = 'read -r label < /proc/self/attr/current; echo "$label"'
    const TOUCH = 'echo "$(cat /proc/self/attr/current)" >> ${marker}'
    const plain = cp.execFileSync
    const text = async (child) => {
      let all = ''
      child.stdout.on('data', (data) => (all += data))
      await once(child, 'close')
      return all.trim()
    }
    process.on('uncaughtException', ({ message }) => console.log('uncaught', message))
    await text(ours.spawn('true', { profile }))
    ${source}`
  const args = ['--input-type=module', '-e', script]
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 60_000,
  })
  return `${stdout}${stderr}`.trim()
}

const CONFINED = `${CHILD} (enforce)`

t.test('a replaced execFile that starts the child later starts it confined', async (t) => {
  t.equal(
    attack(`
      const { execFile } = cp
      const later = new Promise((resolve) => {
        cp.execFile = (...args) => void setTimeout(() => resolve(execFile(...args)), 20)
      })
      syncBuiltinESMExports()
      console.log(String(ours.exec(LABEL, { profile })))
      console.log(await text(await later))`),
    `undefined\n${CONFINED}`,
  )
})

t.test('a subscriber that wraps the spawn of each child', async (t) => {
  t.equal(
    attack(`
      let later
      dc.subscribe('child_process', ({ process: child }) => {
        const { spawn } = child
        child.spawn = (options) => void setTimeout(() => later(spawn.call(child, options)), 20)
      })
      const started = new Promise((resolve) => (later = resolve))
      const child = ours.spawn('sh', ['-c', LABEL], { profile })
      await started
      console.log(await text(child))`),
    CONFINED,
  )
})

t.test('what starts the child by another object starts nothing', async (t) => {
  for (const replace of [
    `cp.ChildProcess.prototype.spawn = function (options) {
       const other = new cp.ChildProcess()
       delete other._handle.spawn
       return original.call(other, options)
     }`,
    `dc.subscribe('child_process', ({ process: child }) => {
       Object.defineProperty(child, 'spawn', { value(options) { delete child._handle.spawn; return original.call(child, options) } })
     })`,
  ]) {
    t.equal(
      attack(`
        const original = cp.ChildProcess.prototype.spawn
        ${replace}
        try { await text(ours.exec(TOUCH, { profile })) } catch (error) { console.log(error.message) }`),
      'spawn EINVAL',
    )
    t.notOk(existsSync(marker), replace)
  }
})

t.test('code that is terminated within a call leaves nothing behind', async (t) => {
  t.equal(
    attack(`
      const before = cp.ChildProcess.prototype.spawn
      for (const call of ['spawn', 'exec', 'execFile', 'fork', 'spawnSync', 'execSync']) {
        const options = { profile, env: new Proxy({}, { ownKeys() { for (;;); } }) }
        try { vm.runInNewContext('call()', { call: () => ours[call]('true', options) }, { timeout: 50 }) }
        catch ({ code }) { console.log(code) }
      }
      console.log(before === cp.ChildProcess.prototype.spawn)
      console.log(plain('cat', ['/proc/self/attr/current'], { encoding: 'utf8' }).trim())
      console.log(await text(cp.execFile('cat', ['/proc/self/attr/current'])))
      console.log(await text(ours.execFile('cat', ['/proc/self/attr/current'], { profile })))`),
    `${'ERR_SCRIPT_EXECUTION_TIMEOUT\n'.repeat(6)}true\nunconfined\nunconfined\n${CONFINED}`,
  )
})

t.test('a child of another call within a call is not confined', async (t) => {
  t.equal(
    attack(`
      let other
      const env = new Proxy({ PATH: process.env.PATH }, {
        ownKeys(target) { other ??= cp.spawn('sh', ['-c', LABEL]); return Reflect.ownKeys(target) },
      })
      const child = ours.spawn('sh', ['-c', LABEL], { profile, env })
      console.log(await Promise.all([text(child), text(other)]))`),
    `[ '${CONFINED}', 'unconfined' ]`,
  )
})

t.test('two copies of the package in one process start their own children', async (t) => {
  t.equal(
    attack(`
      const copy = await import('${copyPackage(join(dir, 'copy'))}dist/child_process.js')
      const copies = [ours, copy, ours, copy]
      const label = (from, options) => text(from.execFile('sh', ['-c', LABEL], options))
      console.log(copy === ours, copy.spawn === ours.spawn)
      console.log(String(await Promise.all(copies.map((from) => label(from, { profile })))))
      console.log(String(await Promise.all(copies.map((from) => label(from, {})))))
      console.log(copies.map((from) => {
        try { return from.spawn('true', { profile: 'apparmor-test-missing' }).pid } catch ({ code }) { return code }
      }).join())`),
    `false false
${Array(4).fill(CONFINED)}
unconfined,unconfined,unconfined,unconfined
ENOENT,ENOENT,ENOENT,ENOENT`,
  )
})

t.test('a report cannot be forged where standard descriptors are closed', async (t) => {
  const forge = String.raw`printf "\\2\\0\\0\\0\\2\\0\\0\\0" >&1; printf "\\2\\0\\0\\0\\2\\0\\0\\0" >&2`
  for (const closed of [[1], [0, 1], [1, 2], [0, 1, 2]]) {
    const source = `
      import { closeSync, writeFileSync } from 'node:fs'
      import { once } from 'node:events'
      import { spawn, spawnSync } from ${CHILD_PROCESS}
      const seen = []
      for (const start of [spawnSync, spawn]) {
        for (const fd of ${JSON.stringify(closed)}) try { closeSync(fd) } catch {}
        const file = '${marker}-' + start.name
        try {
          const child = start('sh', ['-c', 'echo x > ' + file + '; ${forge}; exit 0'], { profile: '${CHILD}', stdio: 'inherit' })
          if (start === spawn) await once(child, 'exit').catch(() => {})
          seen.push('started')
        } catch ({ name }) { seen.push(name) }
      }
      writeFileSync('${marker}-seen', seen.join())
      process.exit()`
    spawnSync(process.execPath, ['--input-type=module', '-e', source], { timeout: 60_000 })
    const { stdout } = spawnSync('cat', [`${marker}-seen`], { encoding: 'utf8' })
    t.notMatch(stdout, /AppArmorError/, `without ${closed}: ${stdout}`)
    t.match(stdout, /^\w+,\w+$/)
  }
})

t.test('a program that does not exist, and a child that nobody waits for', async (t) => {
  const run = (options: object) => {
    const source = `
      import { spawn } from ${CHILD_PROCESS}
      spawn('apparmor-test-nowhere', ${JSON.stringify(options)}).unref()`
    const args = ['--input-type=module', '-e', source]
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    return [status, /Error: .*/.exec(stderr)?.[0]]
  }
  const expected = [1, 'Error: spawn apparmor-test-nowhere ENOENT']
  t.strictSame(run({}), expected)
  t.strictSame(run({ profile: CHILD }), expected)
})

// Not compared with Node, which signals a process whose number it never set.
t.test('a child that was never started gets no signal', async (t) => {
  t.equal(
    attack(`
      const child = ours.spawn('apparmor-test-nowhere', { profile })
      child.on('error', ({ message }) => console.log(message))
      console.log(child.pid, child.kill(), child.kill(0), child.kill('SIGKILL'), child.killed)
      await sleep(100)
      for (const start of [ours.spawn, ours.execFile]) {
        const controller = new AbortController()
        const options = { profile, signal: controller.signal }
        const other = start('apparmor-test-nowhere', [], options, (error) => console.log('callback', error.code))
        other.once('error', ({ code }) => console.log('error', code))
        controller.abort()
        await sleep(100)
      }`),
    `undefined false false false false
spawn apparmor-test-nowhere ENOENT
error ENOENT
callback ENOENT
error ENOENT`,
  )
})
