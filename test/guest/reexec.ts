// Executes itself again under a profile, and reports what the second run finds.
//
//   reexec.js PROFILE OPTIONS SITUATION
import * as fs from 'node:fs'
import { createServer } from 'node:http'
import { isMainThread, Worker } from 'node:worker_threads'
import { getProcAttr, reexec, type ReexecOptions } from 'apparmor'
import { codeOf, labels, outcome, read, report } from './look.ts'

const [profile = '', options = '{}', situation = ''] = process.argv.slice(2)

function descriptor(fd: number): string {
  try {
    return fs.readFileSync(fd, 'utf8')
  } catch (error) {
    return codeOf(error)
  }
}

const isNonBlocking = (fd: number): boolean => {
  const flags = /flags:\s+(\d+)/.exec(read(`/proc/self/fdinfo/${fd}`))?.[1] ?? '0'
  return (parseInt(flags, 8) & fs.constants.O_NONBLOCK) !== 0
}

const here = (): object => ({
  pid: process.pid,
  nonBlocking: isNonBlocking(0),
  exec: getProcAttr('exec')?.label,
})
const say = (value: object): void => void fs.writeSync(1, `${JSON.stringify(value)}\n`)

if (!isMainThread) {
  say(outcome(() => reexec(profile)))
  process.exit()
}

say({ begins: here(), environment: process.env['APPARMOR_REEXEC'] !== undefined })
if (situation === 'worker') new Worker(new URL(import.meta.url), { argv: [profile] })
else {
  if (situation === 'stdin') {
    process.stdin.unref()
    say({ touched: isNonBlocking(0) })
  }
  if (situation === 'listens') await new Promise((done) => createServer().listen(0, () => done(0)))
  const large = situation === 'large' ? { env: { LARGE: 'x'.repeat(3_000_000) } } : {}
  const failed = outcome(() => {
    reexec(profile, { ...(JSON.parse(options) as ReexecOptions), ...large })
  })
  const state = {
    ...here(),
    failed,
    labels: labels(),
    argv0: process.argv0,
    execArgv: process.execArgv,
    args: process.argv.slice(2),
    marked: process.env['APPARMOR_REEXEC'] !== undefined,
    variable: process.env['VARIABLE'],
    cwd: process.cwd(),
    three: descriptor(3),
  }
  if (process.channel) {
    process.once('message', (message) => process.send?.({ message, state }, () => process.exit()))
    process.send?.({ ready: new Set(['set']) })
  } else report(state)
}
