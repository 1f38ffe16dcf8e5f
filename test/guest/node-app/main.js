// What programs of Node.js do: `node main.js TASK [ARGUMENT…]`, or several tasks as JSON. Says "ok" in the end.
import assert from 'node:assert/strict'
import { execFile, fork } from 'node:child_process'
import { pbkdf2, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { createServer } from 'node:http'
import * as https from 'node:https'
import { createRequire } from 'node:module'
import { createServer as createTcp } from 'node:net'
import * as os from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'

const [, self, ...words] = process.argv
const tasks = words[0]?.startsWith('[') ? JSON.parse(words[0]) : [words]
const require = createRequire(import.meta.url)
const run = promisify(execFile)

/** What an act is refused with; `'done'` when it is not. */
const outcome = async (act) => {
  try {
    await act()
    return 'done'
  } catch (error) {
    return (error.cause ?? error).code
  }
}

const listen = async (server) => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}

const TASKS = {
  async esm() {
    assert.equal((await import('./module.js')).answer, 42)
    assert.equal((await promisify(gzip)('x')).length > 0, true)
    assert.equal((await promisify(pbkdf2)('a', 'b', 1, 8, 'sha256')).length, 8)
    assert.equal(randomBytes(8).length, 8)
    assert.equal(
      (await fs.promises.readdir(import.meta.dirname ?? new URL('.', import.meta.url))).includes(
        'dep',
      ),
      true,
    )
    assert.equal(os.cpus().length > 0 && os.totalmem() > 0, true)
    assert.match(new Date(0).toLocaleString('de', { timeZone: 'Europe/Berlin' }), /1970/)
    assert.equal(process.memoryUsage().rss > 0 && process.constrainedMemory?.() !== -1, true)
    assert.equal(process.resourceUsage().maxRSS > 0 && os.uptime() > 0 && os.loadavg().length, 3)
    const log = fs.createWriteStream('/dev/null')
    log.end('x')
    await once(log, 'finish')
  },
  async cjs() {
    assert.equal(require('./dep').answer, 42)
  },
  async files(dir) {
    const [one, two] = [join(dir, 'one'), join(dir, 'two')]
    await fs.promises.mkdir(join(dir, 'more'), { recursive: true })
    await fs.promises.writeFile(one, 'a')
    fs.appendFileSync(one, 'b')
    fs.renameSync(one, two)
    fs.chmodSync(two, 0o600)
    fs.symlinkSync('two', one)
    assert.equal(fs.readFileSync(one, 'utf8'), 'ab')
    fs.linkSync(two, join(dir, 'more/link'))
    fs.watch(dir).close()
    fs.rmSync(join(dir, 'more'), { recursive: true })
    fs.unlinkSync(one)
    fs.unlinkSync(two)
    fs.rmSync(fs.mkdtempSync(join(dir, 'x')), { recursive: true })
  },
  async http() {
    const server = createServer((_, response) => response.end('hello'))
    const port = await listen(server)
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'hello')
    assert.equal(await (await fetch(`http://localhost:${port}/`)).text(), 'hello')
    server.close()
  },
  async https(key, cert) {
    const options = { key: fs.readFileSync(key), cert: fs.readFileSync(cert) }
    const server = https.createServer(options, (_, response) => response.end('hello'))
    const port = await listen(server)
    const request = https.get({ port, host: 'localhost', ca: options.cert })
    const [response] = await once(request, 'response')
    assert.equal(Buffer.concat(await response.toArray()).toString(), 'hello')
    // NODE_EXTRA_CA_CERTS names the certificate
    assert.equal(await (await fetch(`https://localhost:${port}/`)).text(), 'hello')
    server.close()
  },
  async worker() {
    const worker = new Worker(self, { argv: ['inside'] })
    assert.deepEqual(await once(worker, 'message'), [42])
    await worker.terminate()
  },
  async inside() {
    parentPort.postMessage(require('./dep').answer)
  },
  async fork() {
    const child = fork(self, ['wait'])
    assert.deepEqual((await once(child, 'message'))[0], 42)
    assert.equal(child.kill(), true)
    assert.equal((await once(child, 'exit'))[1], 'SIGTERM')
  },
  async wait() {
    process.send(42)
    await new Promise((resolve) => setTimeout(resolve, 60_000))
  },
  /** A child under the profile that the rule for its program names. */
  async exec(program) {
    const { stdout } = await run(program, ['/proc/self/attr/current'])
    assert.match(stdout, /-child \(/)
  },
  /** A child under the profile that this program names. */
  async spawn(module, profile) {
    const { execFileSync } = await import(module)
    const read = ['/proc/self/attr/current']
    assert.match(String(execFileSync('/usr/bin/cat', read, { profile })), /-child \(/)
  },
  async addon(file) {
    assert.equal(typeof require(file), 'object')
  },
  async inspect() {
    const { url } = await import('node:inspector')
    const { host } = new URL(url())
    assert.match((await (await fetch(`http://${host}/json/version`)).json()).Browser, /node/)
  },
  /** Acts that a template permits to nobody who did not ask: what becomes of each. */
  async acts(dir, program) {
    const acts = {
      read: () => fs.readFileSync('/etc/hostname'),
      list: () => fs.readdirSync('/etc'),
      write: () => fs.writeFileSync(join(dir, 'forbidden'), 'x'),
      own: () => fs.appendFileSync(self, ''),
      execute: () => run(program, ['--version']),
      chown: () => fs.chownSync(join(dir, 'file'), 65_534, 65_534),
      kill: () => process.kill(process.ppid, 0),
      memory: () => fs.readFileSync(`/proc/${process.ppid}/maps`),
      addon: () => process.dlopen({ exports: {} }, join(dir, 'file')),
      listen: async () => {
        const server = createTcp().listen(0, '127.0.0.1')
        await once(server, 'listening')
        server.close()
      },
      fetch: () => fetch('http://127.0.0.1:8/'),
    }
    const seen = {}
    for (const [name, act] of Object.entries(acts)) seen[name] = await outcome(act)
    console.log(JSON.stringify(seen))
  },
}

for (const [task, ...args] of tasks) await TASKS[task](...args)
if (isMainThread) console.log('ok')
