import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import t, { type Test } from 'tap'
import { optionsOf } from '#lib/cli/args.js'
import type { Command } from '#lib/cli/command.js'
import { COMMANDS, find } from '#lib/cli/commands.js'
import { COMPILE_OPTIONS } from '#lib/cli/compile_options.js'
import { apparmor, PROGRAM } from '../support/cli.ts'
import { everyUse, FORGED } from '../support/uses.ts'

const USAGE = 64
const BASE = '/etc/apparmor.d'
const program = resolve(PROGRAM)
const uses = everyUse(t)
// What a wrong option would have written lies there.
process.chdir(t.testdir())

async function refuses(t: Test, argv: readonly string[], message: string): Promise<void> {
  const { status, stdout, stderr } = await apparmor(argv)
  t.strictSame([status, stdout], [USAGE, ''], argv.join(' '))
  t.ok(stderr.includes(message), `${argv.join(' ')}: ${stderr}`)
}

for (const name of COMMANDS) {
  t.test(`${name} refuses every wrong option and every wrong number of arguments`, async (t) => {
    const command = (await find(name)) as Command
    await refuses(t, [name, '--no-such-option'], 'There is no option --no-such-option')
    await refuses(t, [name, '-Z'], 'There is no option -Z')
    if (!command.schema) await refuses(t, [name, '--json'], 'There is no option --json')
    for (const [option, { type, choices, multiple }] of Object.entries(optionsOf(command))) {
      if (type === 'boolean') {
        if (choices) await refuses(t, [name, `--${option}=x`], `--${option} is one of`)
        else await refuses(t, [name, `--${option}=x`], `--${option} takes no value`)
        continue
      }
      await refuses(t, [name, `--${option}`], `--${option} needs a value`)
      const value = choices?.[0] ?? '1'
      if (choices) await refuses(t, [name, `--${option}`, 'x'], `--${option} is one of`)
      if (!multiple) {
        const twice = [`--${option}`, value, `--${option}`, value]
        await refuses(t, [name, ...twice], `--${option} is given twice`)
      }
    }
    const { operands } = command
    const required = operands.filter(({ optional }) => !optional)
    for (const [i, operand] of required.entries()) {
      const given = required.slice(0, i).map(({ choices }) => choices?.[0] ?? '1')
      await refuses(t, [name, ...given], `${operand.name} is missing`)
    }
    if (!operands.at(-1)?.multiple) {
      const given = operands.map(({ choices }) => choices?.[0] ?? '1')
      await refuses(t, [name, ...given, 'surplus'], "'surplus' is one argument too many")
    }
  })
}

// These do not end, or ask a machine for long.
const LONG = ['follow', 'watch', 'probe']
const VALUES = ['', `\x1b[31m\n${FORGED}`]
const PLACES = [...VALUES, '-1', '/']
// All of these run the compiler, with the same options as `compile`.
const COMPILING = ['check', 'load', 'replace', 'sync', 'remove']

t.test('no option and no value of one ends in anything but a documented exit', async (t) => {
  const before = readdirSync(BASE)
  for (const { argv } of uses) {
    const command = (await find(argv[0])) as Command
    const documented = [...Object.keys(command.exits).map(Number), USAGE]
    const [name, ...rest] = argv
    const options = optionsOf(command)
    // Never into this machine's own policy.
    const elsewhere = Object.hasOwn(options, 'base') ? [`--base=${process.cwd()}`] : []
    const wanted = Object.entries(options).flatMap(([option, { type, choices }]) =>
      LONG.includes(option) || (COMPILING.includes(name) && Object.hasOwn(COMPILE_OPTIONS, option))
        ? []
        : type === 'boolean'
          ? [option === 'write' ? [`--${option}`, ...elsewhere] : [`--${option}`]]
          : [...(choices ?? []), ...VALUES].map((value) => [`--${option}=${value}`]),
    )
    const places = rest.flatMap((word, i) =>
      word.startsWith('/tmp/') ? PLACES.map((value) => rest.with(i, value)) : [],
    )
    for (const words of [...wanted.map((given) => [...given, ...rest]), ...places]) {
      const { status, stderr } = await apparmor([name, ...words])
      const what = JSON.stringify([name, ...words])
      if (!documented.includes(status)) t.fail(`${what}: ${status}\n${stderr}`)
      if (/a mistake in apparmor itself/.test(stderr)) t.fail(`${what}\n${stderr}`)
      if (new RegExp(`^${FORGED}`, 'm').test(stderr)) t.fail(`${what}\n${stderr}`)
    }
    t.pass(argv.join(' '))
  }
  t.strictSame(readdirSync(BASE), before, 'nothing is written into the policy of this machine')
})

t.test(
  'whoever reads the output and goes ends each command at once and without a word',
  async (t) => {
    const script = '"$0" "$@" | true; exit "${PIPESTATUS[0]}"'
    const speaking: (typeof uses)[number][] = []
    for (const use of uses) if ((await apparmor(use.argv)).stdout !== '') speaking.push(use)
    t.ok(speaking.length > 10)
    await Promise.all(
      speaking.map(async ({ argv, status: { off } }) => {
        const child = spawn('bash', ['-c', script, process.execPath, program, ...argv], {
          stdio: ['ignore', 'ignore', 'pipe'],
        })
        let stderr = ''
        child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)))
        const [status] = (await once(child, 'close')) as [number]
        t.ok(status === 141 || status === off, `${argv.join(' ')}: ${status}\n${stderr}`)
        t.notMatch(stderr, /EPIPE|node:|^ +at /m, argv[0])
      }),
    )
  },
)

t.test('a full disk is told, not taken for success', async (t) => {
  const child = spawn('bash', [
    '-c',
    '"$0" "$1" completion bash > /dev/full',
    process.execPath,
    program,
  ])
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)))
  const [status] = (await once(child, 'close')) as [number]
  t.equal(status, 2)
  t.match(stderr, /^apparmor: .*ENOSPC/)
})
