import { spawnSync } from 'node:child_process'
import t from 'tap'
import { COMMANDS, find } from '#lib/cli/commands.js'
import { apparmor, PROGRAM } from '../support/cli.ts'

t.test('a command that does not exist is answered with the nearest', async (t) => {
  t.match(await apparmor(['stauts']), {
    status: 64,
    stdout: '',
    stderr: /'stauts'. Did you mean status\?/,
  })
  t.match(await apparmor(['xyzzy']), {
    status: 64,
    stderr: /^apparmor: There is no command 'xyzzy'\.\n/,
  })
  t.match(await apparmor(['constructor']), { status: 64 })
  t.match(await apparmor(['__proto__']), { status: 64 })
})

t.test('what stands before a command is no command, and help is one', async (t) => {
  t.match(await apparmor(['--jsn', 'status']), {
    status: 64,
    stderr: /^apparmor: There is no option --jsn before a command\.\n/,
  })
  t.match(await apparmor(['hlep']), { status: 64, stderr: /Did you mean help\?/ })
  t.strictSame(await apparmor(['help', 'help']), await apparmor(['help']))
})

t.test(
  'a file that is none is refused by its name, and an argument of the library by ours',
  async (t) => {
    for (const [argv, status, message] of [
      [['check', '/etc'], 2, "'/etc' is a directory. Name a file."],
      [['compile', '/etc'], 2, "'/etc' is a directory. Name a file."],
      [['format', '/etc'], 2, "'/etc' is a directory. Name a file."],
      [['load', '/etc'], 2, "'/etc' is a directory. Name a file."],
      [['graph', '/etc'], 2, "'/etc' is a directory. Name a file."],
      [['check', ''], 64, 'the name of a file is empty'],
      [['suggest', '--file', '/dev/null', '/nowhere/x'], 2, 'ENOENT'],
      [['who', ''], 64, 'PATH is empty'],
      [['who', 'apparmor-test-missing'], 2, "'apparmor-test-missing' is neither here nor in PATH"],
      [['new', 'minimal', ''], 64, 'NAME is empty'],
      [['new', 'minimal', 'a[b'], 64, "'a[b' cannot be the name of a profile"],
      [['sync', '/nowhere', '--owner', 'a/b'], 2, 'apparmor sync: --owner must be letters'],
    ] as const) {
      const found = await apparmor(argv)
      t.strictSame([found.status, found.stdout], [status, ''], argv.join(' '))
      t.ok(found.stderr.includes(message), found.stderr)
    }
  },
)

t.test('who finds a name in PATH', async (t) => {
  const { stdout } = await apparmor(['who', 'cat', '--json', '--base', t.testdir()])
  t.match(JSON.parse(stdout), { path: /^\/(usr\/)?bin\/cat$/ })
})

t.test('with --json a wrong command line is JSON, too', async (t) => {
  const { status, stdout, stderr } = await apparmor(['ps', '--json', '--nonsense'])
  t.strictSame([status, stdout], [64, ''])
  t.match(JSON.parse(stderr), { error: { code: 'ERR_USAGE', message: /no option --nonsense/ } })
})

for (const [argv, message] of [
  [['status', '--jsn'], 'There is no option --jsn. Did you mean --json?'],
  [['status', '--constructor'], 'There is no option --constructor'],
  [['status', '--enabled=yes'], '--enabled takes no value'],
  [['status', '--json=xml'], '--json is one of aa, not'],
  [['status', 'surplus'], "'surplus' is one argument too many"],
  [['exec', '-p', 'web'], 'PROGRAM is missing'],
  [['exec', '-p'], '-p needs a value: -p PROFILE'],
  [['exec', '-p', '--verbose', 'id'], '-p needs a value'],
  [['exec', '-p', 'a', '-p', 'b', 'id'], '-p is given twice'],
  [['exec', 'id'], 'which profile?'],
  [['mode', 'complian', 'web'], "not 'complian'. Did you mean complain?"],
  [['why', 'web', 'z', '/srv'], 'ACCESS is letters of rwamkx, or one of capability'],
  [['why', 'web', 'r'], 'WHAT is missing: a path'],
  [['why', 'web', 'r', 'srv'], "'srv' is not an absolute path"],
  [['why', 'web', 'network', 'inet'], 'network needs 2 to 3 words'],
  [['ps', '0x1'], "'0x1' is no process number"],
  [['remove'], 'which profile?'],
  [['sync', '/nowhere'], '--owner NAME is missing'],
  [['format', '--write', '-'], '--write needs files'],
] as const) {
  t.test(`apparmor ${argv.join(' ')} is refused`, async (t) => {
    const { status, stdout, stderr } = await apparmor(argv)
    t.strictSame([status, stdout], [64, ''])
    t.match(stderr, message)
    t.match(stderr, `apparmor ${argv[0]} --help`)
  })
}

t.test('what follows the program of exec belongs to it', async (t) => {
  const { status, stderr } = await apparmor([
    'exec',
    '-p',
    'web',
    '--',
    '/nowhere/x',
    '--help',
    '-p',
  ])
  t.not(status, 0)
  t.notMatch(stderr, 'needs a value')
})

t.test('every command has what help, completion and the manual need', async (t) => {
  for (const name of COMMANDS) {
    const command = await find(name)
    t.equal(command?.name, name)
    t.match(command?.summary, /^[A-Z].*[^.]$/, `${name}: a summary without a full stop`)
    t.ok(command && command.examples.length > 0, `${name}: examples`)
    t.ok(Object.keys(command?.exits ?? {}).length > 0, `${name}: exit statuses`)
    const letters = Object.values(command?.options ?? {}).flatMap(({ short }) => short ?? [])
    t.equal(new Set([...letters, 'h']).size, letters.length + 1, `${name}: each letter once`)
  }
})

t.test('the program says its version', async (t) => {
  const { stdout, status } = spawnSync(process.execPath, [PROGRAM, '--version'], {
    encoding: 'utf8',
  })
  t.equal(status, 0)
  t.match(stdout, /^\d+\.\d+\.\d+(-rc\.\d+)?\n$/)
})
