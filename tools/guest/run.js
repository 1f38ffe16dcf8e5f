import { spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, realpathSync, rmSync, statSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { GuestError, findKernel } from './kernels.js'
import { qemuCommand } from './qemu.js'

const INIT = fileURLToPath(new URL('init.pl', import.meta.url))

/**
 * @typedef {object} GuestOptions
 * @property {string} [kernel] a version, `smp` for a machine with two processors, or the path of a
 *   user-mode kernel; default: the environment's `APPARMOR_GUEST_KERNEL`, else the installed one
 * @property {string} [memory] default `1024M`
 * @property {number} [timeout] in seconds, default 300
 * @property {string} [cwd] default: the process's own
 * @property {boolean} [shareCwd] default `true`: what is written below `cwd` reaches the host
 * @property {readonly string[]} [shares] further directories whose writes reach the host
 * @property {Readonly<Record<string, string | undefined>>} [env] default: the process's own
 * @property {string} [lsm] the kernel's `lsm=` parameter, default `apparmor`
 * @property {readonly string[]} [append] further kernel parameters
 * @property {string} [pin] the host CPU to run on, or `no`; default: one at random, and none of
 *   them for `smp`
 * @property {import('node:stream').Readable} [stdin] default: nothing to read; destroyed
 *   at the end
 * @property {import('node:stream').Writable} [stdout] default: the process's own; never ended
 * @property {import('node:stream').Writable} [stderr] default: the process's own; never ended
 * @property {(record: string) => void} [onAudit] gets the kernel's AppArmor records
 * @property {(text: string) => void} [onLog] gets what the kernel prints
 * @property {AbortSignal} [signal] ends the guest
 */

/**
 * What the guest's descriptors lead to: nothing, the kernel's messages twice, the command's stdout
 * and stderr, and the control line.
 *
 * @typedef {[null, Socket, Socket, Socket, Socket, Socket]} GuestStreams
 * @typedef {import('node:net').Socket} Socket
 */

/**
 * @typedef {object} GuestResult
 * @property {number} status the command's, or 128 + n when signal n ended it; 124 when the time was
 *   up and 125 when the guest failed
 * @property {string | null} failure why the status is not the command's
 * @property {string} log what the kernel printed
 */

/**
 * Runs a command as root of a kernel of its own that enforces AppArmor, on this machine's files.
 *
 * Needs no privilege. Every process of the guest has ended when the promise settles, and ends soon
 * when this process dies, however it dies.
 *
 * @param {readonly string[]} argv
 * @param {GuestOptions} [options]
 * @returns {Promise<GuestResult>} rejects with a `GuestError` when there is something to put right
 *   first, with the signal's reason, or with the error of an output stream
 */
export async function runGuest(argv, options = {}) {
  const { timeout = 300, stdin, signal } = options
  const { stdout = process.stdout, stderr = process.stderr, onAudit, onLog } = options
  if (argv.length === 0) throw new GuestError('no command')
  if (!(timeout > 0 && timeout <= 1e6)) throw new GuestError(`not a number of seconds: ${timeout}`)
  signal?.throwIfAborted()

  const kernel = findKernel((options.kernel ?? process.env.APPARMOR_GUEST_KERNEL) || undefined)
  const settings = block(encodeSettings(argv, options, kernel))
  const id = `apparmor-guest-${process.pid}-${randomBytes(4).toString('hex')}`
  const kernelDirectory = join(directory(tmpdir()), id)
  const guest = startKernel(kernel, kernelDirectory, options)
  const [, out, err, guestStdout, guestStderr, control] = /** @type {GuestStreams} */ (
    /** @type {unknown} */ (guest.stdio)
  )

  /** @type {Outcome} */
  const outcome = { status: null, failure: null, stopped: null, log: '' }
  const stop = (/** @type {Error} */ reason) => {
    outcome.stopped ??= reason
    killGroup(guest)
  }
  const abort = () => {
    stop(signal?.reason)
    for (const stream of guest.stdio) stream?.destroy() // nobody may be reading our output
  }
  const timer = setTimeout(stop, timeout * 1000, new TimeUp(`no end after ${timeout} s`))
  signal?.addEventListener('abort', abort)

  for (const stream of [out, err]) {
    stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      outcome.log += text
      onLog?.(text)
    })
  }
  pipeline(guestStdout, stdout, { end: false }).catch(stop)
  pipeline(guestStderr, stderr, { end: false }).catch(stop)

  const finished = new AbortController()
  const lines = createInterface({ input: control })
  lines.on('error', () => {}) // the guest has left input unread
  lines.on('line', (line) => {
    const [, verb, text = ''] = /^(\w*) ?(.*)$/.exec(line) ?? []
    if (verb === 'ready') {
      control.write(settings)
      if (stdin) {
        const input = { end: false, signal: finished.signal }
        pipeline(stdin, toBlocks, control, input).catch(() => {})
      }
    } else if (verb === 'audit') onAudit?.(text)
    else if (verb === 'exit') outcome.status = Number(text)
    else if (verb === 'fail') outcome.failure = text
  })

  // helper processes outlive their kernel, and hold its streams open
  guest.once('exit', () => killGroup(guest))
  try {
    await once(guest, 'close')
  } finally {
    finished.abort()
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
    rmSync(kernelDirectory, { recursive: true, force: true })
  }
  return toResult(outcome)
}

/**
 * @typedef {object} Outcome
 * @property {number | null} status what init.pl reported
 * @property {string | null} failure what init.pl reported
 * @property {Error | null} stopped why the guest was killed
 * @property {string} log
 */

/**
 * @param {Outcome} outcome
 * @returns {GuestResult}
 */
function toResult({ status, failure, stopped, log }) {
  if (stopped && !(stopped instanceof TimeUp)) throw stopped
  if (status !== null) return { status, failure: null, log }
  if (stopped) return { status: 124, failure: stopped.message, log }
  const why = failure ?? /Kernel panic.*/.exec(log)?.[0] ?? log.trim().split('\n').at(-1) ?? ''
  return { status: 125, failure: `the guest failed: ${why.trim()}`, log }
}

class TimeUp extends Error {}

// $$ is the kernel's process, which takes the shell's place. The read ends when the runner does.
const TIED_TO_RUNNER = `
(read -r _ <&6; kill -KILL $$; rm -rf "$1"; kill -KILL 0) &
shift
exec "$@"
`

/**
 * Starts the kernel in a session of its own, with a process beside it that ends the session when
 * this process dies.
 *
 * @param {import('./kernels.js').Kernel} kernel
 * @param {string} directory for the kernel's own files; made and removed by it
 * @param {GuestOptions} options
 */
function startKernel(kernel, directory, options) {
  const { memory = '1024M', lsm = 'apparmor', append = [], pin } = options
  const settings = { ...kernel, directory, memory, lsm, append, init: INIT }
  const command =
    'initramfs' in settings
      ? [...onCpu(pin ?? 'no'), ...qemuCommand({ ...settings, shares: sharesOf(options) })]
      : [...onCpu(pin ?? randomCpu()), ...userModeCommand(settings)]
  return spawn('/bin/sh', ['-c', TIED_TO_RUNNER, 'sh', directory, ...command], {
    cwd: 'root' in kernel ? kernel.root : '/',
    env: { PATH: '/usr/bin:/bin', TMPDIR: memoryDirectory(parseSize(memory)) },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    detached: true,
  })
}

/** @param {string} pin */
const onCpu = (pin) => (pin === 'no' ? [] : ['taskset', '-c', pin])

/**
 * @param {import('./kernels.js').UserModeKernel & { directory: string, memory: string, lsm: string,
 *   append: readonly string[] }} settings
 */
function userModeCommand({ program, libraries, directory, memory, lsm, append }) {
  return [
    ...(libraries ? ['env', `LD_LIBRARY_PATH=${libraries}`] : []),
    program,
    `mem=${memory}`,
    `uml_dir=${dirname(directory)}/`,
    `umid=${basename(directory)}`,
    // the host's files, read-only: init.pl lays an overlay over them
    'root=/dev/root',
    'rootfstype=hostfs',
    'rootflags=/',
    'ro',
    `init="${INIT}"`,
    // the kernel's messages, the command's stdout and stderr, and the line to init.pl
    'con=null',
    'con0=null,fd:1',
    'con1=null,fd:3',
    'con2=null,fd:4',
    'con3=fd:5',
    'ssl=null',
    'loglevel=4',
    'log_buf_len=4M',
    'panic=-1',
    // faster than ptrace, where the kernel has it
    'seccomp=auto',
    // 1.6 s of a 2 s boot: nodes for old terminals, and a measurement for btrfs on RAID 6
    'pty.legacy_count=0',
    'initcall_blacklist=raid6_select_algo,raid6_init',
    `lsm=${lsm}`,
    ...append,
  ]
}

/** @param {import('node:child_process').ChildProcess} leader */
function killGroup({ pid }) {
  try {
    if (pid) process.kill(-pid, 'SIGKILL')
  } catch {
    // it has ended
  }
}

/**
 * Where the guest's memory lies: a file that the kernel maps executable. Containers often have a
 * `/dev/shm` that is too small or forbids that.
 *
 * @param {number} size
 */
function memoryDirectory(size) {
  const mounts = readFileSync('/proc/mounts', 'utf8').matchAll(/^\S+ \/dev\/shm tmpfs (\S+)/gm)
  const options = [...mounts].at(-1)?.[1]
  if (!options || options.split(',').includes('noexec')) return tmpdir()
  const { bavail, bsize } = statfsSync('/dev/shm')
  return bavail * bsize >= size ? '/dev/shm' : tmpdir()
}

/** @param {string} text */
function parseSize(text) {
  const [, digits, unit] = /^(\d+)([kmg])$/i.exec(text) ?? []
  if (!digits || !unit) throw new GuestError(`not a memory size such as 1024M: ${text}`)
  return Number(digits) * 1024 ** ('kmg'.indexOf(unit.toLowerCase()) + 1)
}

// A user-mode guest and its kernel hand over at every system call, which is slow across two CPUs.
function randomCpu() {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  const cpus = (list ?? '0').split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
  return String(cpus[randomInt(cpus.length)])
}

/**
 * @param {readonly string[]} argv
 * @param {GuestOptions} options
 * @param {import('./kernels.js').Kernel} kernel
 */
function encodeSettings(argv, options, kernel) {
  const { env = process.env } = options
  const settings = {
    arg: argv,
    env: Object.entries(env).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${value}`],
    ),
    cwd: [cwdOf(options)],
    share: sharesOf(options),
    ...('modules' in kernel ? { modules: [kernel.modules] } : {}),
    audit: options.onAudit ? ['yes'] : [],
    stdin: options.stdin ? ['yes'] : [],
  }
  if (settings.share.includes('/')) {
    throw new GuestError('/ as a whole cannot be shared: change to a directory below it')
  }
  const fields = Object.entries(settings).flatMap(([name, values]) =>
    values.flatMap((value) => [name, value]),
  )
  if (fields.some((field) => field.includes('\0'))) throw new GuestError('a NUL in an argument')
  return fields.map((field) => `${field}\0`).join('')
}

/** @param {GuestOptions} options */
const cwdOf = ({ cwd }) => directory(cwd ?? process.cwd())

/** @param {GuestOptions} options */
function sharesOf(options) {
  const { shareCwd = true, shares = [] } = options
  return [...(shareCwd ? [cwdOf(options)] : []), ...shares.map(directory)]
}

/** @param {string} path */
function directory(path) {
  try {
    if (statSync(path).isDirectory()) return realpathSync(path)
  } catch {
    // said below
  }
  throw new GuestError(`not a directory: ${path}`)
}

/**
 * A 32-bit length and the bytes: what init.pl reads from its control line.
 *
 * @param {string | Uint8Array} data
 */
function block(data) {
  const bytes = Buffer.from(data)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** @param {AsyncIterable<string | Uint8Array>} chunks */
async function* toBlocks(chunks) {
  for await (const chunk of chunks) if (chunk.length > 0) yield block(chunk)
  yield block('')
}
