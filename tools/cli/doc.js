// Renders docs/cli.md from the definitions of the commands (lib/cli/commands/).
//
//   node tools/cli/doc.js [--write]
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { optionsOf } from '../../build/lib/cli/args.js'
import { find, GROUPS } from '../../build/lib/cli/commands.js'
import { optionText, synopsis } from '../../build/lib/cli/help.js'

/** @typedef {import('../../build/lib/cli/command.js').Command} Command */

const cell = (/** @type {string} */ text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
const code = (/** @type {string} */ text) => `\`${text.trim().replaceAll('|', '\\|')}\``

/** @param {readonly string[]} head @param {readonly (readonly string[])[]} rows */
function table(head, rows) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Examples that need what a small Debian system lacks, and who shows that they are right. */
const NOT_RUN = new Map([
  [/ completion (zsh|fish)/, 'test:peers completes command lines in zsh and in fish'],
  [/\| dot /, 'it needs Graphviz; test:pages shows the same graph drawn by the command itself'],
])

/** @param {Command['examples']} examples */
function exampleBlocks(examples) {
  /** @type {Map<string, string[]>} */
  const blocks = new Map()
  for (const { run, what } of examples) {
    const note = [...NOT_RUN].find(([pattern]) => pattern.test(run))?.[1] ?? ''
    blocks.set(note, [...(blocks.get(note) ?? []), `# ${what}`, run])
  }
  return Array.from(blocks, ([note, lines]) =>
    [...(note ? [`<!-- not run: ${note} -->`, ''] : []), '```sh', ...lines, '```'].join('\n'),
  )
}

/** @param {Command} command */
function section(command) {
  const { name, summary, description = [], operands, examples, exits, schema, stream } = command
  const inputs = [
    ...operands.map(({ name, help }) => [code(name), cell(help)]),
    ...Object.entries(optionsOf(command)).map(([name, option]) => [
      code(optionText(name, option)),
      cell(option.help),
    ]),
  ]
  return [
    `### ${name}`,
    `${summary}.`,
    ...description.map(cell),
    `    ${synopsis(command)}`,
    table(['argument', ''], inputs),
    ...exampleBlocks(examples),
    table(
      ['exit status', ''],
      Object.entries(exits).map(([status, what]) => [status, cell(what)]),
    ),
    ...(schema
      ? [
          `<details><summary>What <code>--json</code> prints${stream ? ', each line' : ''}</summary>`,
          ['```json', JSON.stringify(schema, null, 2), '```'].join('\n'),
          '</details>',
        ]
      : []),
  ].join('\n\n')
}

/** The whole page. */
export async function page() {
  const parts = []
  for (const [title, commands] of Object.entries(GROUPS)) {
    parts.push(`## ${title}`)
    for (const name of Object.keys(commands)) {
      const command = await find(name)
      if (command) parts.push(section(command))
    }
  }
  return `${HEAD}\n\n${parts.join('\n\n')}\n`
}

const HEAD = `# The command line

<!-- written by tools/cli/doc.js from lib/cli/commands/ -->

    npx apparmor COMMAND [OPTIONS] …

\`apparmor --help\` lists the commands, \`apparmor COMMAND --help\` shows one, and \`man apparmor\` all of them.
[Migrating](migrating.md) names the command for each of the older tools \`aa-…\`.

- **Names are escaped.** A profile, a process or a file can have any name, even one that holds commands for your terminal.
  Characters that cannot be seen are shown as \`\\n\`, \`\\x1b\` or \`\\u{202e}\`, and bytes that are not UTF-8 as \`\\xff\`.
- **\`--json\`** prints one document and nothing else on stdout. Commands that go on print one object a line. Each has a
  \`version\`. It changes when a property is removed or changes its meaning; new properties may appear without that.
  \`--json-schema\` prints the JSON Schema. An error is an object \`{ "error": { "code", "message" } }\` on stderr. Its
  \`code\` is \`ERR_USAGE\` when the command line is wrong.
- **Colour** is for terminals. To change that, use \`--no-color\`, \`--color\`, \`NO_COLOR\` or \`FORCE_COLOR\`. The first of them in
  this order counts.
- **Exit status**: 0 is done or yes; 1 is no (denied, different, has errors); 2 means that it could not be done or found
  out; 64 that the command line is wrong; 141 that the reader of the output has closed it. \`status\` and \`exec\` have their own.
- **Completion**: \`source <(apparmor completion bash)\`, also for zsh and fish. It completes the names of loaded profiles.
- **Options** may stand before and after arguments. \`--\` ends them. For \`exec\`, the name of the program ends them too.
- **Speed**, as \`npm run bench -- cli commands log\` measured it in a guest with one processor ([Benchmarks](benchmarks.md)
  has the machine and the latest run):
  - \`status\` takes 50 ms more than a start of Node. With 1,000 profiles it takes 1.8 s more than \`aa-status\` and a start of
    Node together: to tell the attachment and the hash of a profile it reads four small files that \`aa-status\` does not read.
  - \`exec\` takes 1.23 times as long as \`aa-exec\` and a start of Node together. That misses our goal of 1.15 times.
  - \`log\` over 100 MB takes 1.30 times as long as a loop over \`records()\` in a program.`

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await page()
  if (process.argv.includes('--write')) writeFileSync('docs/cli.md', text)
  else process.stdout.write(text)
}
