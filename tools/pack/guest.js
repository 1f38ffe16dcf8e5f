// The kernel tests of the repository against an installed package, in one boot of a guest.
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { runGuest } from '../guest/guest.js'
import { fail, report } from '../test/report.js'

const BUILT = 'build/test'

/**
 * @param {string} project with the package below its node_modules
 * @param {readonly string[]} names of kernel tests
 */
export async function testInstalled(project, names) {
  // copied, their import of the package leads to the installed one
  rmSync(join(project, 'test'), { recursive: true, force: true })
  cpSync(BUILT, join(project, 'test'), { recursive: true })
  writeFileSync(join(project, 'test/package.json'), '{ "type": "module" }\n')
  const left = new Set(names)
  let text = ''
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      text += chunk
      done()
    },
  })
  const files = names.map((name) => join(project, 'test', `${name}.js`))
  const command = [process.execPath, 'tools/test/kernel.js', ...files]
  const { failure } = await runGuest(command, { stdout, timeout: 1800 })
  for (const line of text.split('\n').filter((line) => line.startsWith('{'))) {
    const ended = JSON.parse(line)
    left.delete(ended.name)
    report(ended)
  }
  for (const name of left) fail(name, `did not run: ${failure ?? 'the guest ended before'}`)
}
