// A container of one's own: bubblewrap makes the namespaces and the root, AppArmor confines what runs in it.
//
//   node container.js PROFILE COMMAND [ARGUMENT…]
//
// The root has this machine's programs, read-only, and an empty /tmp. There is no network. Signals go to the command,
// and its exit status comes back: 125 says that there was no container, 128 + n that signal n ended the command.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { confineCommand } from 'apparmor'

const LIMITS = ['--nofile=256', '--nproc=512', '--cpu=60', '--core=0']
const SIGNALS = /** @type {const} */ ([
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
])

const ALONE = ['--unshare-all', '--die-with-parent', '--new-session', '--hostname', 'box']
const ENVIRONMENT = ['--clearenv', '--setenv', 'PATH', '/usr/bin:/usr/sbin', '--chdir', '/tmp']
const PLACES = ['--ro-bind', '/usr', '/usr', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp']
const LINKS = ['bin', 'sbin', 'lib', 'lib64'].flatMap((name) => [
  '--symlink',
  `usr/${name}`,
  `/${name}`,
])

/**
 * @param {string} profile
 * @param {string} file
 * @param {readonly string[]} args
 */
function start(profile, file, args) {
  // The launcher puts the profile on, in the container, and becomes the command.
  const payload = confineCommand({ profile }, file, args)
  const root = [
    ...ALONE,
    ...ENVIRONMENT,
    ...PLACES,
    ...LINKS,
    '--ro-bind',
    payload.file,
    payload.file,
  ]
  const bwrap = ['bwrap', ...root, '--info-fd', '3', '--', payload.file, ...payload.args]
  return spawn('prlimit', [...LIMITS, '--', ...bwrap], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  })
}

/** The command's number outside: the child of the container's first process, which passes no signal on. */
function payloadOf(/** @type {number} */ first) {
  const children = readFileSync(`/proc/${first}/task/${first}/children`, 'latin1')
  return Number.parseInt(children, 10) || first
}

const [profile, file, ...args] = process.argv.slice(2)
if (profile === undefined || file === undefined) {
  console.error('usage: node container.js PROFILE COMMAND [ARGUMENT…]')
  process.exit(125)
}

const container = start(profile, file, args)
container.once('error', ({ message }) => {
  console.error(`container: ${message}`)
  process.exitCode = 125
})

/** @type {number | undefined} */
let first
let info = ''
container.stdio[3]?.on('data', (/** @type {Buffer} */ part) => {
  info += part
  const [, pid] = /"child-pid": (\d+)/.exec(info) ?? []
  if (pid !== undefined) first = Number(pid)
})

for (const signal of SIGNALS) {
  process.on(signal, () => {
    if (first === undefined) container.kill(signal)
    else process.kill(payloadOf(first), signal)
  })
}

container.once('exit', (status, signal) => {
  process.exitCode = signal === null ? (status ?? 125) : 128 + constants.signals[signal]
})
