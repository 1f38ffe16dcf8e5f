// A server on a unix socket that looks at who its clients are: the kernel tells, and they cannot choose.
//
//   node peer.js /run/example.sock
import { createServer } from 'node:http'
import { AppArmorError, getPeerCon, labelIncludes } from 'apparmor'

const [, , path = '/run/example.sock'] = process.argv
const ALLOWED = ['backup', 'unconfined']

function isAllowed(socket) {
  try {
    const { label, mode } = getPeerCon(socket)
    // A profile in complain mode confines nothing, so its label proves nothing.
    if (label !== 'unconfined' && mode !== 'enforce' && mode !== 'kill') return false
    return ALLOWED.some((profile) => labelIncludes(label, profile))
  } catch (error) {
    // No label is no answer: nobody is let in.
    if (!(error instanceof AppArmorError)) throw error
    console.error(error.message)
    return false
  }
}

createServer((request, response) => {
  const allowed = isAllowed(request.socket)
  response.writeHead(allowed ? 200 : 403).end(allowed ? 'welcome\n' : 'not you\n')
}).listen(path, () => console.log(path))
