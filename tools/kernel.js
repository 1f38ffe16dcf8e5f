// Where a command meets a kernel that enforces AppArmor: this machine's own, or a guest's.
//
// The environment's APPARMOR_GUEST decides: `always` and `never` a guest, `auto` (the default) a guest
// unless this machine enforces AppArmor and this process may load policy.
import { spawn } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { constants as os } from 'node:os'
import { runGuest } from './guest/run.js'

/** @returns {'host' | 'guest'} */
export function chooseKernel() {
  const wish = process.env.APPARMOR_GUEST || 'auto'
  if (wish === 'always') return 'guest'
  if (wish === 'never') return 'host'
  if (wish !== 'auto') throw new Error(`APPARMOR_GUEST is auto, always or never, not ${wish}`)
  return hostLoadsPolicy() ? 'host' : 'guest'
}

function hostLoadsPolicy() {
  if (process.getuid?.() !== 0) return false
  try {
    accessSync('/sys/kernel/security/apparmor/.replace', constants.W_OK)
    return readFileSync('/proc/self/attr/current', 'latin1').trim() === 'unconfined'
  } catch {
    return false
  }
}

/**
 * Runs a command as root under a kernel that enforces AppArmor.
 *
 * @param {readonly string[]} argv
 * @param {{ env?: NodeJS.ProcessEnv, timeout?: number }} [options] the timeout, in seconds, ends a guest
 * @returns {Promise<number>} its exit status, or 128 + n when signal n ended it
 */
export async function runUnderAppArmor([file, ...args], options = {}) {
  const { PATH, ...others } = options.env ?? process.env
  const env = { ...others, PATH: `${PATH}:/usr/sbin:/sbin` } // where root has apparmor_parser
  if (chooseKernel() === 'guest') {
    const { status, failure } = await runGuest([file, ...args], { ...options, env })
    if (failure !== null) process.stderr.write(`guest: ${failure}\n`)
    return status
  }
  const child = spawn(file, args, { env, stdio: ['ignore', 'inherit', 'inherit'] })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (status, signal) => resolve(status ?? 128 + os.signals[signal]))
  })
}

/**
 * Runs commands, one after the other, under a kernel that has the profiles of a test. Each runs, whether or not the
 * one before failed. The profiles go afterwards: what runs under one could not remove it.
 *
 * @param {readonly string[]} names of files in test/guest/profiles
 * @param {readonly (readonly string[])[]} commands
 * @param {{ kernel?: string | undefined, env?: NodeJS.ProcessEnv, timeout?: number }} options `kernel` is a guest's
 * @returns {Promise<number>} the last exit status that was not 0
 */
export async function runWithProfiles(names, commands, { kernel, ...options }) {
  if (kernel !== undefined) {
    Object.assign(process.env, { APPARMOR_GUEST: 'always', APPARMOR_GUEST_KERNEL: kernel })
  }
  const profiles = names.map((name) => `test/guest/profiles/${name}.profile`).join(' ')
  const quote = (/** @type {string} */ word) => `'${word.replaceAll("'", "'\\''")}'`
  const lines = commands.map((command) => `${command.map(quote).join(' ')} || failed $?`)
  const script = `
apparmor_parser -r -K ${profiles} || exit
status=0
failed() { status=$1; }
${lines.join('\n')}
apparmor_parser -R -K ${profiles}
exit $status`
  return runUnderAppArmor(['sh', '-c', script], options)
}
