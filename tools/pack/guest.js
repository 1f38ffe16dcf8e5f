// What needs AppArmor, against an installed package, each time in one boot of a guest.
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { runGuest } from '../guest/guest.js'
import { fail, report } from '../test/report.js'

const BUILT = 'build/test'

/**
 * The kernel tests of the repository.
 *
 * @param {string} project with the package below its node_modules
 * @param {readonly string[]} names of kernel tests
 */
export async function testInstalled(project, names) {
  copyTests(project)
  const left = new Set(names)
  const files = names.map((name) => join(project, 'test', `${name}.js`))
  const command = [process.execPath, 'tools/test/kernel.js', ...files]
  const { text, failure } = await runInGuest(command, 1800)
  for (const line of text.split('\n').filter((line) => line.startsWith('{'))) {
    const ended = JSON.parse(line)
    left.delete(ended.name)
    report(ended)
  }
  for (const name of left) fail(name, `did not run: ${failure ?? 'the guest ended before'}`)
}

/**
 * Confined children, and the process as a whole, by programs that need no test runner.
 *
 * @param {string} project with the package below its node_modules
 * @param {readonly string[]} host the command that runs a program
 */
export async function confineInstalled(project, host) {
  copyTests(project)
  const script = `
    apparmor_parser -r -K test/guest/profiles/children.profile test/guest/profiles/process.profile || exit
    programs=$1; shift
    timeout 120 "$@" "$programs/runtime.js" && timeout 120 "$@" "$programs/cell.js"`
  const command = ['sh', '-c', script, 'sh', join(project, 'test/guest'), ...host]
  const { text, status, failure } = await runInGuest(command, 300)
  if (status !== 0) throw new Error(failure ?? `status ${status}: ${text}`)
}

/** @param {string} project where the import of the package leads to the installed one */
function copyTests(project) {
  rmSync(join(project, 'test'), { recursive: true, force: true })
  cpSync(BUILT, join(project, 'test'), { recursive: true })
  writeFileSync(join(project, 'test/package.json'), '{ "type": "module" }\n')
}

/**
 * @param {readonly string[]} command
 * @param {number} timeout in seconds
 */
async function runInGuest(command, timeout) {
  let text = ''
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      text += chunk
      done()
    },
  })
  const result = await runGuest(command, { stdout, timeout })
  return { ...result, text }
}
