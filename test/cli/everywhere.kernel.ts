import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import t from 'tap'
import { COMMANDS, find } from '#lib/cli/commands.js'
import { LIMIT, PROGRAM } from '../support/cli.ts'
import { matchesSchema } from '../support/schema.ts'
import { useAll, useJson } from '../support/use.ts'
import { everyUse } from '../support/uses.ts'

const uses = everyUse(t)

t.test('every command, as root, on a terminal of 40 columns', async (t) => {
  // exec and watch, which do not end, have tests of their own.
  const used = new Set([...uses.map(({ argv }) => argv[0]), 'exec', 'watch'])
  t.strictSame([...used].sort(), [...COMMANDS].sort())
  useAll(t, uses, { place: 'root', columns: 40 })
})

t.test('as another user, on a terminal of 200 columns', async (t) => {
  useAll(t, uses, { place: 'nobody', columns: 200 })
})

t.test('--json of every command that has it is as documented', async (t) => {
  const validated = new Set(await useJson(t, uses, 'root'))
  const words = [PROGRAM, 'watch', '--json']
  const child = spawn(process.execPath, words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LIMIT,
  })
  const ended = once(child, 'exit')
  for await (const line of createInterface(child.stdout)) {
    await matchesSchema(t, 'watch', JSON.parse(line))
    validated.add('watch')
    child.kill('SIGINT')
  }
  t.strictSame(await ended, [null, 'SIGINT'])
  for (const name of COMMANDS) {
    if ((await find(name))?.schema) t.ok(validated.has(name), `${name} --json`)
  }
})

t.test('exec as another user: a profile is a profile for anybody', async (t) => {
  const words = [process.execPath, PROGRAM, 'exec', '-p', 'unconfined', '-u', 'nobody', 'id', '-un']
  t.match(spawnSync(words[0] as string, words.slice(1), { encoding: 'utf8', timeout: LIMIT }), {
    status: 0,
    stdout: 'nobody\n',
  })
})
