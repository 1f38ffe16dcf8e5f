// The examples of the pages on looking that go on for long: they have to run as they stand.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { PACKAGE } from '../support/package.ts'

const pages = ['docs/seeing.md', 'docs/unix-peers.md'].map((file) => readFileSync(file, 'utf8'))
const blocks = [...pages.join('').matchAll(/^```js\n(.*?)^```$/gms)].map(([, block = '']) => block)

/** The block with that text in it, which is changed as said. */
function example(
  text: string,
  ...changes: readonly (readonly [from: string, to: string])[]
): string[] {
  let source = blocks.find((block) => block.includes(text)) ?? ''
  for (const [from, to] of [["'apparmor'", PACKAGE], ...changes] as const) {
    if (!source.includes(from)) throw new Error(`no ${from} in the example with ${text}`)
    source = source.replaceAll(from, to)
  }
  return ['--input-type=module', '-e', source]
}

t.test('the watch ends without an error when its time is over', async (t) => {
  const args = example('of watch(', ['60_000', '1_000'])
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  t.strictSame([status, stderr], [0, ''])
  t.match(stdout, /^\d+ \{/)
})

t.test('the server outlives its clients, whether the kernel knows them or not', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'socket')
  const args = example('getPeerCon', ['/run/example.sock', path])
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  t.teardown(() => server.kill())
  while (!existsSync(path) && server.exitCode === null) await sleep(50)
  for (const client of ['first', 'second']) {
    const [{ statusCode }] = await once(request({ socketPath: path, path: '/' }).end(), 'response')
    t.equal(statusCode, 403, `the ${client} is not welcome`)
  }
  t.equal(server.exitCode, null)
})
