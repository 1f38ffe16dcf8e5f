import type { Socket } from 'node:net'
import { checkInteger } from '../border/args.ts'
import { callNative } from '../border/call.ts'
import { invalidArgType, invalidArgValue } from '../border/errors.ts'
import { splitCon, type Confinement } from './label.ts'

/**
 * Returns the label of the process at the other end of a connected unix stream socket: aa_getpeercon(2).
 *
 * The kernel keeps the label that the peer had when it connected. A server sees the client's label; a client sees
 * the label of the process that listened.
 *
 * @param socket a socket of a `net.Server` that listens on a path, of `net.connect(path)`, or `request.socket` of
 *   an HTTP server on a path; or a file descriptor
 * @returns the label and its mode. Check `mode`, too: a profile in complain mode proves nothing
 * @throws {@link AppArmorError} `ENOPROTOOPT` when the kernel keeps no label for this socket: one of
 *   another family, a datagram socket, or a kernel before Linux 6.17 without AppArmor's mediation of unix
 *   sockets (Ubuntu's have it); `ENOTSOCK`, `EBADF`; the codes of {@link availability} without AppArmor
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` when the socket is closed
 * @example
 * ```js
 * import { createServer } from 'node:net'
 * import { getPeerCon } from 'apparmor'
 * createServer((socket) => {
 *   try {
 *     socket.end(`you are ${getPeerCon(socket).label}\n`)
 *   } catch (error) {
 *     socket.end(`${error.message}\n`) // ENOPROTOOPT before Linux 6.17: nobody is known
 *   }
 * }).listen('/run/example.sock')
 * ```
 */
export function getPeerCon(socket: Socket | number): Confinement {
  const fd = typeof socket === 'number' ? socket : descriptorOf(socket)
  checkInteger(fd, 'socket', 0, 0x7fffffff)
  return splitCon(callNative((native) => native.readPeer(fd)))
}

// Node has no public way from a socket to its descriptor; this one is used by many and older than most.
interface WithHandle {
  readonly _handle?: { readonly fd?: number } | null
}

function descriptorOf(socket: unknown): number {
  if (typeof socket !== 'object' || socket === null || !('_handle' in socket)) {
    throw invalidArgType('socket', 'an instance of net.Socket or of type number', socket)
  }
  const fd = (socket as WithHandle)._handle?.fd
  if (typeof fd !== 'number' || fd < 0) {
    throw invalidArgValue('socket', 'must be connected and not yet closed', socket)
  }
  return fd
}
