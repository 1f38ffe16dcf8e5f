// The usual service: open what needs privilege, drop the user id, confine the process, serve.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { changeProfile } from 'apparmor'

// 1. The port and the key. Nothing is answered yet: that takes a turn of the event loop.
const tls = { key: readFileSync('key.pem'), cert: readFileSync('cert.pem') }
const server = createServer(tls, answer).listen(443)
await once(server, 'listening')

// 2. The user, while the threads may still signal each other.
process.setgroups([])
process.setgid('nogroup')
process.setuid('nobody')

// 3. Every thread, or none: if this throws, nothing is served.
const { label, mode, threads } = changeProfile('hello')
if (mode !== 'enforce') throw new Error(`${label} does not enforce: ${mode}`)
console.log(`${threads} threads run under ${label}`)

// 4. Serve. A bug is left: nobody looks for "/../".
async function answer(request, response) {
  try {
    response.end(await readFile(`/srv/hello${request.url}`))
  } catch (error) {
    response.writeHead(error.code === 'ENOENT' ? 404 : 403).end(`${error.code}\n`)
  }
}
