import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { optionsOf } from '#lib/cli/args.js'
import { COMMANDS, find } from '#lib/cli/commands.js'
import { apparmor } from '../support/cli.ts'
import { codes, helpOptions, toolOptions } from '../support/migrating.ts'

t.test('docs/cli.md tells what the commands say of themselves: npm run docs:cli', async (t) => {
  const tool = pathToFileURL('tools/cli/doc.js').href
  const { page } = (await import(tool)) as { page(): Promise<string> }
  t.equal(readFileSync('docs/cli.md', 'utf8'), await page())
})

t.test('help fits 40 columns and uses 200 for no more than is readable', async (t) => {
  for (const [columns, most] of [
    [40, 40],
    [200, 100],
  ] as const) {
    for (const argv of [['--help'], ...COMMANDS.map((name) => [name, '--help'])]) {
      const { stdout, status } = await apparmor(argv, { columns, env: { NO_COLOR: '1' } })
      t.equal(status, 0)
      // Usage, options and examples are to be copied: they stay whole.
      const long = stdout
        .split('\n')
        .filter(
          (line) => line.length > most && !/^(Usage: | +(-\w, )?--| {2}(sudo )?\S+ )/.test(line),
        )
      t.strictSame(long, [], `${argv[0]} at ${columns}`)
    }
  }
})

t.test('apparmor help NAME is apparmor NAME --help', async (t) => {
  t.strictSame(await apparmor(['help', 'status']), await apparmor(['status', '-h']))
  t.match(await apparmor([]), await apparmor(['--help']))
  t.match(await apparmor(['help', 'stats']), { status: 64, stderr: /Did you mean status/ })
})

t.test('migrating.md names only commands that exist', async (t) => {
  const text = readFileSync('docs/migrating.md', 'utf8')
  const named = Array.from(text.matchAll(/`apparmor ([a-z]+)/g), ([, name = '']) => name)
  t.ok(named.length > 10)
  t.strictSame(
    named.filter((name) => !COMMANDS.includes(name)),
    [],
  )
})

// Those of the package apparmor, which loads profiles and is always there; npm run test:peers has the others.
const INSTALLED = ['aa-status', 'aa-exec', 'aa-enabled', 'aa-features-abi', 'apparmor_parser']

t.test('migrating.md knows every option that the tools tell of', async (t) => {
  const documented = toolOptions()
  for (const tool of [...INSTALLED, 'aa-remove-unknown', 'aa-teardown']) {
    const known = documented.get(tool)?.flatMap(({ theirs }) => theirs) ?? []
    const told = helpOptions(tool) ?? []
    if (INSTALLED.includes(tool)) t.ok(told.length > 2, tool)
    t.strictSame(
      told.filter((option) => !known.includes(option)),
      [],
      tool,
    )
  }
})

t.test('migrating.md names only options that ours have', async (t) => {
  const all = Array.from(toolOptions().values()).flat()
  t.ok(all.length > 150)
  for (const use of all.flatMap(({ ours }) => codes(ours))) {
    const [name = '', ...words] = use.split(' ')
    if (!COMMANDS.includes(name)) continue
    const command = await find(name)
    const options = command && Object.entries(optionsOf(command))
    const known = options?.flatMap(([option, { short }]) => [`--${option}`, `-${short}`]) ?? []
    for (const word of words.filter((one) => one.startsWith('-'))) {
      t.ok(known.includes(word.replace(/=.*/, '')), use)
    }
  }
})

t.test('the manual page is one that man can show', async (t) => {
  const file = 'dist/apparmor.1'
  t.equal(JSON.parse(readFileSync('package.json', 'utf8')).man, file)
  const text = readFileSync(file, 'utf8')
  for (const name of COMMANDS) t.match(text, `\n.SS ${name}\n`)
  // No line is a request that nobody meant.
  const requests = new Set(Array.from(text.matchAll(/^[.'].*?(?=\s|$)/gm), ([request]) => request))
  t.strictSame([...requests].sort(), [
    '.B',
    '.PP',
    '.RE',
    '.RS',
    '.SH',
    '.SS',
    '.TH',
    '.TP',
    '.fi',
    '.nf',
  ])
})

t.test('completion offers commands, options, words and what there is', async (t) => {
  const offered = async (...words: readonly string[]) =>
    (await apparmor(['--complete', ...words])).stdout.split('\n').map((line) => line.split('\t')[0])
  t.strictSame(await offered('sta'), ['status', ''])
  t.ok((await offered('')).includes('doctor'))
  t.strictSame(await offered('mode', 'com'), ['complain', ''])
  t.strictSame(await offered('graph', '--format', ''), [
    'tree',
    'mermaid',
    'dot',
    'svg',
    'html',
    '',
  ])
  t.ok((await offered('exec', '--')).includes('--profile'))
  t.strictSame(await offered('check', ''), [':file', ''])
  t.strictSame(await offered('exec', '-p', 'web', ''), [':program', ''])
  t.strictSame(await offered('nonsense', ''), [''])
})

t.test('the script for bash completes', async (t) => {
  const { stdout: script } = await apparmor(['completion', 'bash'])
  const here = t.testdir({
    apparmor: `#!/bin/sh\nexec ${process.execPath} ${join(process.cwd(), 'dist/cli.js')} "$@"\n`,
  })
  const words = `COMP_WORDS=(apparmor mode e) COMP_CWORD=2; _apparmor; echo "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync(
    'bash',
    ['-c', `chmod +x ${here}/apparmor; PATH=${here}:$PATH; ${script}\n${words}`],
    {
      encoding: 'utf8',
    },
  )
  t.strictSame([stdout, stderr], ['enforce\n', ''])
  t.ok(existsSync(here))
})
