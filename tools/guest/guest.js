#!/usr/bin/env node
import { openSync, realpathSync, writeSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { GuestError } from './kernels.js'
import { runGuest } from './run.js'

export { GuestError, runGuest }

const USAGE = `Usage: npm run guest -- [options] [--] command [arguments]

Runs a command as root of a Linux kernel that enforces AppArmor: Debian's user-mode-linux, on this
machine's own file system, in the current directory. Needs no privilege. What the command writes
stays in the guest, except below the current directory and the directories named by --share.

  --kernel NAME      6.1, 6.12, 7.2, or the path of a user-mode kernel; smp: a stock kernel on a
                     machine with two processors, in QEMU; default: the environment's
                     APPARMOR_GUEST_KERNEL, else the installed one
  --mem SIZE         memory, default 1024M
  --timeout SECONDS  end the guest after this time, default 300
  --share DIR        share a directory with the host; may be repeated
  --no-share-cwd     keep in the guest what is written below the current directory too
  --lsm LIST         the kernel's lsm= parameter, default apparmor
  --append TEXT      further kernel parameters, such as apparmor=0; may be repeated
  --pin CPU          the host's CPU to run on, or no; default: one at random, for smp all
  --stdin            pass standard input on (half a megabyte a second; large input goes by file)
  --log FILE         write the kernel's messages there
  --audit FILE       write the kernel's AppArmor records there
  --verbose          when the guest fails, print the kernel's messages
  --help             print this

Exit status: the command's own, or 128 + n when signal n ended it; 126 when it cannot be executed,
127 when there is no such command; 124 when the time was up; 125 when the guest failed.
`

const OPTIONS = /** @type {const} */ ({
  kernel: { type: 'string' },
  mem: { type: 'string' },
  timeout: { type: 'string' },
  share: { type: 'string', multiple: true },
  'no-share-cwd': { type: 'boolean' },
  lsm: { type: 'string' },
  append: { type: 'string', multiple: true },
  pin: { type: 'string' },
  stdin: { type: 'boolean' },
  log: { type: 'string' },
  audit: { type: 'string' },
  verbose: { type: 'boolean' },
  help: { type: 'boolean' },
})

/**
 * Splits at the first argument that is no option: the command and its own options follow.
 *
 * @param {string[]} args
 */
function parseCommandLine(args) {
  const { tokens } = parseArgs({
    args,
    options: OPTIONS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const start = tokens.find(({ kind }) => kind !== 'option')
  const end = start?.index ?? args.length
  const { values } = parseArgs({ args: args.slice(0, end), options: OPTIONS })
  return { values, command: args.slice(start?.kind === 'option-terminator' ? end + 1 : end) }
}

/** @param {string[]} args */
async function main(args) {
  /** @type {ReturnType<typeof parseCommandLine>} */
  let line
  try {
    line = parseCommandLine(args)
  } catch (error) {
    return refuse(/** @type {Error} */ (error).message)
  }
  const { values, command } = line
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  if (command.length === 0) return refuse('no command')

  const stop = new AbortController()
  for (const name of /** @type {const} */ (['SIGHUP', 'SIGINT', 'SIGTERM'])) {
    process.on(name, () => stop.abort(new Stopped(128 + constants.signals[name])))
  }
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => stop.abort(new Stopped(128 + constants.signals.SIGPIPE)))
  }
  try {
    const { status, failure, log } = await runGuest(command, {
      kernel: values.kernel,
      memory: values.mem,
      timeout: values.timeout === undefined ? undefined : Number(values.timeout),
      shareCwd: !values['no-share-cwd'],
      shares: values.share,
      lsm: values.lsm,
      append: values.append?.flatMap((text) => text.split(/\s+/).filter(Boolean)),
      pin: values.pin,
      stdin: values.stdin ? process.stdin : undefined,
      onLog: fileWriter(values.log),
      onAudit: fileWriter(values.audit, '\n'),
      signal: stop.signal,
    })
    if (failure !== null) process.stderr.write(`guest: ${failure}\n`)
    if (failure !== null && values.verbose) process.stderr.write(log)
    return status
  } catch (error) {
    if (error instanceof Stopped) process.exit(error.status)
    const { message, stack } = /** @type {Error} */ (error)
    const expected = error instanceof GuestError || 'syscall' in /** @type {object} */ (error)
    process.stderr.write(`guest: ${expected ? message : stack}\n`)
    return 125
  }
}

/**
 * @param {string | undefined} path
 * @param {string} end
 */
function fileWriter(path, end = '') {
  if (path === undefined) return undefined
  const file = openSync(path, 'w')
  return (/** @type {string} */ text) => void writeSync(file, text + end)
}

class Stopped extends Error {
  /** @param {number} status */
  constructor(status) {
    super()
    this.status = status
  }
}

/** @param {string} why */
function refuse(why) {
  process.stderr.write(`guest: ${why}\n\n${USAGE}`)
  return 125
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2))
}
