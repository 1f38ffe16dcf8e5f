import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { getPeerCon, supports } from 'apparmor'
import t from 'tap'

const WEB = 'apparmor-test-web'
const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
t.teardown(() => rmSync(dir, { recursive: true }))

// Kernels without AppArmor's mediation of unix sockets keep no label of a peer.
const keepsLabels = (): boolean => supports('network_v9/af_unix') || supports('network/af_unix')

async function accept(client: (path: string) => ChildProcess): Promise<Socket> {
  const path = join(dir, 'socket')
  const server = createServer().listen(path)
  await once(server, 'listening')
  const failed = once(client(path), 'exit').then(([status]) => {
    throw new Error(`the client ended with status ${status}`)
  })
  try {
    const [socket] = (await Promise.race([once(server, 'connection'), failed])) as [Socket]
    failed.catch(() => {}) // later, as it should
    return socket
  } finally {
    server.close()
  }
}

t.test('the peer of a unix socket', async (t) => {
  const client = join(import.meta.dirname, '../guest/client.js')
  const socket = await accept((path) =>
    spawn(process.execPath, [client, WEB, path], { stdio: 'inherit' }),
  )
  t.teardown(() => socket.destroy())
  if (keepsLabels()) {
    t.strictSame(getPeerCon(socket), { label: WEB, mode: 'enforce' })
  } else {
    t.throws(() => getPeerCon(socket), {
      name: 'AppArmorError',
      code: 'ENOPROTOOPT',
      syscall: 'aa_getpeercon',
      message: /keeps no label for the peer.*unix stream sockets/,
    })
  }
})

t.test('the example: a server of HTTP that lets in by label', async (t) => {
  const rules = 'file, unix, signal, capability,'
  const input = `profile backup { ${rules} } profile apparmor-test-stranger { ${rules} }
    profile apparmor-test-lax flags=(complain) { ${rules} }`
  execFileSync('apparmor_parser', ['-r', '-K'], { input })
  const path = join(dir, 'http')
  const server = spawn(process.execPath, ['examples/unix-peers/server.js', path])
  t.teardown(() => {
    server.kill()
    spawnSync('apparmor_parser', ['-R', '-K'], { input })
  })
  let refusals = ''
  server.stderr.on('data', (text: Buffer) => (refusals += text))
  await once(server.stdout, 'data')
  const curl = ['curl', '--silent', '--unix-socket', path, 'http://localhost/'] as const
  const ask = (profile: string) =>
    execFileSync('aa-exec', ['-p', profile, '--', ...curl], { encoding: 'utf8' })
  const letIn = keepsLabels() ? 'welcome\n' : 'not you\n'
  t.equal(execFileSync(curl[0], curl.slice(1), { encoding: 'utf8' }), letIn, 'unconfined')
  t.equal(ask('backup'), letIn)
  t.equal(ask('apparmor-test-stranger'), 'not you\n')
  t.equal(ask('backup//&apparmor-test-stranger'), letIn, 'a stack has all of its parts')
  t.equal(ask('apparmor-test-lax//&backup'), 'not you\n', 'mixed: a part of it does not confine')
  server.kill()
  await once(server, 'close')
  t.equal(refusals !== '', !keepsLabels(), 'and where the kernel keeps no label, it says why')
  if (!keepsLabels()) t.match(refusals, /^ENOPROTOOPT: the kernel keeps no label for the peer/)
})

t.test('a socket that has no peer label', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  t.throws(() => getPeerCon(socket), { name: 'AppArmorError', code: 'ENOPROTOOPT' }, 'TCP')
  socket.destroy()
  server.close()
})

t.test('what is no socket', async (t) => {
  const file = await open('/dev/null')
  t.throws(() => getPeerCon(file.fd), { name: 'AppArmorError', code: 'ENOTSOCK' })
  const { fd } = file
  await file.close()
  t.throws(() => getPeerCon(fd), { name: 'AppArmorError', code: 'EBADF' })
  const closed = connect(join(dir, 'none'))
  await once(closed, 'error')
  await setImmediate()
  t.throws(() => getPeerCon(closed), { code: 'ERR_INVALID_ARG_VALUE' })
  for (const value of [undefined, null, 'socket', {}, 1n]) {
    t.throws(() => getPeerCon(value as unknown as number), { code: 'ERR_INVALID_ARG_TYPE' })
  }
  t.throws(() => getPeerCon(-1), { code: 'ERR_OUT_OF_RANGE' })
})
